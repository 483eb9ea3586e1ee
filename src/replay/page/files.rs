//! The files that the session changed: their steps for the list beside the page, and for the file view all that was done
//! to each of them so far, at each step that changed it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::diff::counts;
use crate::replay::{Change, Recovered, Text};

/// What the file view has of whole diffs, in bytes. Beyond it shows the steps' own.
const MOST_TEXTS: usize = 5 << 20;
/// What is remembered of files before they were changed, in bytes.
const MOST_KEPT: usize = 64 << 20;

/// Grows with the steps.
#[derive(Default)]
pub(super) struct Files {
    by_path: HashMap<String, usize>,
    pub(super) all: Vec<File>,
    /// Diffs, each once.
    texts: Vec<String>,
    by_text: HashMap<String, usize>,
    bytes: usize,
    kept: usize,
    /// How many diffs were too much.
    left_out: usize,
}

/// A file that was to be changed.
pub(super) struct File {
    pub(super) path: String,
    /// The steps, from 1, and whether they did what they were to do.
    pub(super) steps: Vec<(usize, bool)>,
    /// Lines that the steps added, and that they removed.
    pub(super) counts: (usize, usize),
    /// What it was before the first step; none where that is not known.
    before: Option<Option<String>>,
    /// Of each step that changed it, the diff since the first; none where that is not known, or too much.
    whole: Vec<(usize, Option<usize>)>,
}

impl Files {
    /// Takes a change of step `number`, from 1, whose hunks are those. Which file it is about.
    pub(super) fn take(&mut self, number: usize, change: &Change, hunks: &str) -> usize {
        let index = *self.by_path.entry(change.path.clone()).or_insert_with_key(|path| {
            let (path, steps, whole) = (path.clone(), Vec::new(), Vec::new());
            self.all.push(File { path, steps, counts: (0, 0), before: None, whole });
            self.all.len() - 1
        });
        let file = &mut self.all[index];
        file.steps.push((number, change.is_applied));
        if !change.is_applied {
            return index;
        }
        let (added, removed) = counts(hunks);
        file.counts = (file.counts.0 + added, file.counts.1 + removed);
        let text = match &change.recovered {
            Recovered::Recorded(text) | Recovered::Rebuilt(text) => Some(text),
            _ => None,
        };
        if file.before.is_none() {
            let before = text.map(|text| text.before.clone()).filter(|text| self.kept + text.len() <= MOST_KEPT);
            self.kept += before.as_ref().map_or(0, String::len);
            file.before = Some(before);
        }
        let before = file.before.as_ref().and_then(Option::as_ref);
        let whole = before
            .zip(text)
            .map(|(before, text)| if *before == text.before { hunks.to_owned() } else { since(before, &text.after) });
        let whole = whole.and_then(|whole| self.keep(whole));
        self.all[index].whole.push((number, whole));
        index
    }

    /// As the script of the page wants it.
    pub(super) fn data(&self) -> Value {
        let files = self.all.iter().map(|file| json!({ "path": shown(&file.path), "whole": file.whole }));
        json!({ "files": files.collect::<Vec<_>>(), "texts": self.texts, "leftOut": self.left_out })
    }

    fn keep(&mut self, text: String) -> Option<usize> {
        let text = shown(&text);
        if let Some(index) = self.by_text.get(&text) {
            return Some(*index);
        }
        if self.bytes + text.len() > MOST_TEXTS {
            self.left_out += 1;
            return None;
        }
        self.bytes += text.len();
        self.texts.push(text.clone());
        self.by_text.insert(text, self.texts.len() - 1);
        Some(self.texts.len() - 1)
    }
}

fn since(before: &str, after: &str) -> String {
    Text { before: before.to_owned(), after: after.to_owned() }.hunks()
}

/// What the script puts into the page is as plain as what is there already.
fn shown(text: &str) -> String {
    crate::audit::escape(text.as_bytes(), crate::audit::Layout::Text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Access;

    fn change(before: &str, after: &str) -> Change {
        let recovered = Recovered::Rebuilt(Text { before: before.into(), after: after.into() });
        Change { path: "a".into(), access: Access::Edit, is_applied: true, is_new: false, recovered }
    }

    #[test]
    fn the_diff_grows_with_the_steps() {
        let mut files = Files::default();
        for (step, change) in
            [(2, change("1\n", "1\n2\n")), (5, change("1\n2\n", "1\n2\n3\n")), (6, change("1\n2\n3\n", "1\n"))]
        {
            assert_eq!(files.take(step, &change, &change.hunks()), 0);
        }
        let parts = Change { recovered: Recovered::Untold, ..change("", "") };
        files.take(7, &parts, "");
        let denied = Change { is_applied: false, ..change("", "x") };
        files.take(8, &denied, "@@");
        let wanted = json!({
            "files": [{ "path": "a", "whole": [[2, 0], [5, 1], [6, 2], [7, null]] }],
            "texts": ["@@ -1 +1,2 @@\n 1\n+2\n", "@@ -1 +1,3 @@\n 1\n+2\n+3\n", ""],
            "leftOut": 0,
        });
        assert_eq!(files.data(), wanted);
        assert_eq!((files.all[0].counts, files.all[0].steps.len()), ((2, 2), 5));
    }
}
