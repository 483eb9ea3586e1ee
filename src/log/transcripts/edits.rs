//! Files before and after an edit, where a transcript holds enough of both. What is only likely is left out: a replay
//! shows these as what happened.

use serde_json::{Map, Value, json};

use super::json::{list, text};

/// The `metadata` of a result that changed one file from `before` to `after`.
pub(super) fn diff(path: &str, before: &str, after: &str, is_new: bool) -> Map<String, Value> {
    let diff = json!({ "path": path, "old_text": before, "new_text": after });
    let all = [("path", path.into()), ("is_new_file", is_new.into()), ("diff", diff)];
    all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What Claude Code's `toolUseResult` tells of a file: the whole of it before, and either the whole of it after, or
/// what was replaced in it.
pub(super) fn of_claude(result: &Value) -> Option<Map<String, Value>> {
    let path = text(result, "filePath")?;
    let before = ["originalFile", "originalFileContents"].iter().find_map(|key| result.get(key)?.as_str());
    if let Some(content) = result.get("content").and_then(Value::as_str) {
        let is_new = text(result, "type") == Some("create");
        return match (before, is_new) {
            (Some(before), _) => Some(diff(path, before, content, is_new)),
            (None, true) => Some(diff(path, "", content, true)),
            (None, false) => None,
        };
    }
    let before = before?;
    let is_own = result.get("userModified").and_then(Value::as_bool) != Some(true);
    let replaced = || if is_own { replaced(result, before) } else { None };
    let after = replaced().or_else(|| patched(before, list(&result["structuredPatch"])))?;
    Some(diff(path, before, &after, before.is_empty()))
}

/// The file with everything replaced that was to be: one edit, or several one after the other.
fn replaced(result: &Value, before: &str) -> Option<String> {
    let edits = list(&result["edits"]);
    let all = if edits.is_empty() { std::slice::from_ref(result) } else { edits };
    all.iter().try_fold(before.to_owned(), |file, edit| {
        let get = |one: &str, other: &str| edit.get(one).or_else(|| edit.get(other));
        let (old, new) = (get("oldString", "old_string")?.as_str()?, get("newString", "new_string")?.as_str()?);
        let everywhere = get("replaceAll", "replace_all").and_then(Value::as_bool) == Some(true);
        match (old.is_empty(), file.matches(old).take(2).count()) {
            (true, _) => file.is_empty().then(|| new.to_owned()),
            (false, 1) => Some(file.replacen(old, new, 1)),
            (false, 2) if everywhere => Some(file.replace(old, new)),
            (false, _) => None,
        }
    })
}

/// The file with hunks applied that must fit exactly.
fn patched(before: &str, hunks: &[Value]) -> Option<String> {
    if hunks.is_empty() {
        return None;
    }
    let lines: Vec<&str> = before.split_inclusive('\n').collect();
    let (mut after, mut next) = (String::new(), 0);
    for hunk in hunks {
        let start = usize::try_from(hunk.get("oldStart")?.as_u64()?).ok()?.saturating_sub(1);
        after.extend(lines.get(next..start)?.iter().copied());
        next = start;
        for line in list(&hunk["lines"]) {
            let line = line.as_str()?;
            let (mark, line) = line.split_at_checked(1).unwrap_or((" ", ""));
            let is_next = |next: usize| lines.get(next).is_some_and(|old| old.trim_end_matches('\n') == line);
            match mark {
                " " | "-" if !is_next(next) => return None,
                " " => after += lines[next],
                "+" => after += &format!("{line}\n"),
                "-" => {}
                // `\ No newline at end of file`: which of the two files that is about cannot be told with certainty.
                _ => return None,
            }
            next += usize::from(mark != "+");
        }
    }
    after.extend(lines.get(next..)?.iter().copied());
    Some(after)
}

/// The one file that a patch of Codex's adds, and its content; none when it does anything else.
pub(super) fn added(patch: &str) -> Option<(&str, String)> {
    let mut lines = patch.trim().lines();
    if lines.next()? != "*** Begin Patch" {
        return None;
    }
    let path = lines.next()?.strip_prefix("*** Add File: ")?;
    let mut content = String::new();
    for line in lines {
        match line.strip_prefix('+') {
            Some(line) => content += &format!("{line}\n"),
            None if line == "*** End Patch" => return Some((path, content)),
            None => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(result: Value) -> Option<String> {
        of_claude(&result).map(|metadata| metadata["diff"]["new_text"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_file_is_known_when_both_ends_are() {
        let edit = |old: &str, new: &str, all: bool| {
            after(
                json!({"filePath": "/a", "originalFile": "x\ny\nx\n", "oldString": old, "newString": new, "replaceAll": all}),
            )
        };
        assert_eq!(edit("y", "z", false).as_deref(), Some("x\nz\nx\n"));
        assert_eq!(edit("x", "z", true).as_deref(), Some("z\ny\nz\n"));
        assert_eq!(edit("x", "z", false), None, "which of the two is not known");
        assert_eq!(edit("nowhere", "z", false), None);
        let hunk = json!([{"oldStart": 2, "lines": [" y", "-x", "+new", "+er"]}]);
        let modified = json!({"filePath": "/a", "originalFile": "x\ny\nx\n", "oldString": "y", "newString": "no", "userModified": true, "structuredPatch": hunk});
        assert_eq!(after(modified).as_deref(), Some("x\ny\nnew\ner\n"));
        assert_eq!(after(json!({"filePath": "/a", "type": "create", "content": "new"})).as_deref(), Some("new"));
        assert_eq!(
            after(json!({"filePath": "/a", "type": "update", "content": "new"})),
            None,
            "nobody knows what was there"
        );
        assert_eq!(
            after(
                json!({"filePath": "/a", "structuredPatch": [{"oldStart": 99, "lines": [" x"]}], "originalFile": "a"})
            ),
            None
        );
    }

    #[test]
    fn of_a_patch_only_a_lone_new_file_is_whole() {
        let patch = "*** Begin Patch\n*** Add File: a/b\n+one\n+\n*** End Patch";
        assert_eq!(added(patch), Some(("a/b", "one\n\n".to_owned())));
        for other in [
            "",
            "*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n*** End Patch",
            "*** Begin Patch\n*** Add File: a\n+one",
        ] {
            assert_eq!(added(other), None);
        }
    }
}
