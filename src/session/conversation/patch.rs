//! A patch in Codex's form, `*** Add|Update|Delete File: <path>`: what it does to which file, section by section.

use super::{Access, Call};

/// What a patch does to one file. A file may have several.
#[derive(Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// [Write](Access::Write) for a file that is added, [Edit](Access::Edit) for one that is there.
    pub access: Access,
    /// The file, as the patch names it.
    pub path: &'a str,
    /// The name that it has afterwards, if that is another.
    pub moved_to: Option<&'a str>,
    /// Its lines: of a file that is added, each behind a `+`; of an edit, as in a diff.
    pub lines: Vec<&'a str>,
}

const MARKS: [(&str, Access); 3] =
    [("*** Add File: ", Access::Write), ("*** Update File: ", Access::Edit), ("*** Delete File: ", Access::Delete)];

impl Call {
    /// The text of a call of Codex's `apply_patch`.
    pub fn patch(&self) -> Option<&str> {
        ["input", "patch"].into_iter().find_map(|key| self.arguments.get(key)?.as_str())
    }

    /// What that patch does, in its order.
    pub fn sections(&self) -> Vec<Section<'_>> {
        let mut sections: Vec<Section> = Vec::new();
        for line in self.patch().unwrap_or_default().lines() {
            let start = MARKS.iter().find_map(|(mark, access)| Some((*access, line.strip_prefix(mark)?)));
            if let Some((access, path)) = start {
                sections.push(Section { access, path, moved_to: None, lines: Vec::new() });
            } else if let Some(section) = sections.last_mut() {
                match line.strip_prefix("*** Move to: ") {
                    Some(to) => section.moved_to = Some(to),
                    None if line.starts_with("*** ") => {}
                    None => section.lines.push(line),
                }
            }
        }
        sections
    }
}

/// The files of a patch, each once, with what becomes of it in the end.
pub(super) fn files<'a>(sections: &[Section<'a>]) -> Vec<(Access, &'a str)> {
    let mut files: Vec<(Access, &str)> = Vec::new();
    for section in sections {
        let (access, to) = match section.moved_to {
            Some(to) => (Access::Delete, Some((Access::Write, to))),
            None => (section.access, None),
        };
        for (access, path) in [(access, section.path)].into_iter().chain(to) {
            match files.iter_mut().find(|(_, known)| *known == path) {
                Some((known, _)) => *known = known.and_then(access),
                None => files.push((access, path)),
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn files_of(patch: &str) -> Vec<(Access, String)> {
        let arguments = json!({ "input": patch }).as_object().cloned().unwrap();
        let call = Call { id: None, name: "apply_patch".into(), arguments };
        call.files().into_iter().map(|(access, path)| (access, path.to_owned())).collect()
    }

    #[test]
    fn a_file_is_what_becomes_of_it_in_the_end() {
        let file = |access, path: &str| (access, path.to_owned());
        for (patch, wanted) in [
            (
                "*** Begin Patch\n*** Add File: n\n+x\n*** Update File: u\n@@\n-a\n+b\n*** Delete File: d\n",
                vec![file(Access::Write, "n"), file(Access::Edit, "u"), file(Access::Delete, "d")],
            ),
            ("*** Update File: a\n*** Move to: b\n", vec![file(Access::Delete, "a"), file(Access::Write, "b")]),
            ("*** Update File: a\n*** Move to: a\n", vec![file(Access::Write, "a")]),
            ("*** Delete File: a\n*** Add File: a\n+x\n", vec![file(Access::Write, "a")]),
            ("*** Add File: a\n+x\n*** Update File: a\n-x\n+y\n", vec![file(Access::Write, "a")]),
        ] {
            assert_eq!(files_of(patch), wanted, "{patch}");
        }
    }
}
