//! The files that a session touches. One file is one, however the calls spell its name: from the session's directory, with
//! dots, from the root.

use std::collections::HashMap;

use crate::session::{Access, Call};

/// A file that the session touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSteps {
    /// Its name: from the session's directory on if it is below that, and without dots.
    pub path: String,
    /// The steps that touch it, in their order, and how.
    pub steps: Vec<(u32, Access)>,
}

/// The files, as far as the log has been read.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) all: Vec<FileSteps>,
    by_path: HashMap<String, usize>,
    /// Where the session worked; empty where that is not known.
    cwd: String,
}

impl Files {
    pub(super) fn new(cwd: &str) -> Files {
        Files { cwd: without_dots(cwd), ..Files::default() }
    }

    /// The name of the file that a call names so.
    pub(super) fn name(&self, named: &str) -> String {
        let is_whole = named.is_empty() || named.starts_with('/') || self.cwd.is_empty();
        let path = if is_whole { without_dots(named) } else { without_dots(&format!("{}/{named}", self.cwd)) };
        let below = path.strip_prefix(&self.cwd).and_then(|rest| rest.strip_prefix('/'));
        below.filter(|below| !below.is_empty() && !self.cwd.is_empty()).map(str::to_owned).unwrap_or(path)
    }

    /// The files that a call is about, each once, by their names.
    pub(super) fn of(&self, call: &Call) -> Vec<(Access, String)> {
        let mut files: Vec<(Access, String)> = Vec::new();
        for (access, named) in call.files() {
            let name = self.name(named);
            match files.iter_mut().find(|(_, known)| *known == name) {
                Some((known, _)) => *known = known.and_then(access),
                None => files.push((access, name)),
            }
        }
        files
    }

    /// The steps that touch the file of this name.
    pub(super) fn touches(&self, path: &str) -> &[(u32, Access)] {
        self.by_path.get(path).map_or(&[], |&file| &self.all[file].steps)
    }

    /// Takes in that a step touches the file that its call names so.
    pub(super) fn touch(&mut self, named: &str, step: u32, access: Access) {
        let file = *self.by_path.entry(self.name(named)).or_insert_with_key(|path| {
            self.all.push(FileSteps { path: path.clone(), steps: Vec::new() });
            self.all.len() - 1
        });
        let steps = &mut self.all[file].steps;
        match steps.last_mut() {
            Some((last, known)) if *last == step => *known = known.and_then(access),
            _ => steps.push((step, access)),
        }
    }
}

/// A path without `.`, `x/..` and empty parts. Links are not known here, and are taken for directories.
fn without_dots(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            // There is nothing above the root.
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_name() {
        for (cwd, names, wanted) in [
            (
                "/w",
                &["c.txt", "./c.txt", "/w/c.txt", "a/../c.txt", ".//c.txt", "/w/./c.txt", "../w/c.txt"][..],
                "c.txt",
            ),
            ("/w/", &["c.txt", "/w/c.txt"], "c.txt"),
            ("/", &["c.txt", "/c.txt", "../../c.txt"], "/c.txt"),
            ("/w", &["../c.txt", "/c.txt"], "/c.txt"),
            ("/w", &["/wc.txt"], "/wc.txt"),
            ("", &["./a/../../c.txt", "../c.txt"], "../c.txt"),
            ("", &["/w/c.txt", "//w/x/../c.txt"], "/w/c.txt"),
            ("/w", &["", ""], ""),
        ] {
            let files = Files::new(cwd);
            for named in names {
                assert_eq!(files.name(named), wanted, "{named} in {cwd}");
                assert_eq!(files.name(wanted), wanted);
            }
        }
    }
}
