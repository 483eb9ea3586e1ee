//! What a capture cannot carry, or what deserves a look, collected on the way. Each kind becomes one warning.

use bstr::{BString, ByteSlice};

use crate::patch::quote;
use crate::session::Warning;

/// What was found so far.
#[derive(Default)]
pub(super) struct Findings {
    list: Vec<Warning>,
}

/// How many paths a warning names; the count says how many there are.
const NAMED: usize = 20;

impl Findings {
    /// Notes something that is not about paths, or that happened `count` times.
    pub(super) fn note(&mut self, kind: &str, message: impl Into<String>) {
        self.list.push(Warning::new(kind, message, Vec::new()));
    }

    /// Notes something about paths, if there are any: `message` gets their count and their names, shortened.
    pub(super) fn about(&mut self, kind: &str, paths: &[BString], message: impl FnOnce(&str) -> String) {
        if paths.is_empty() {
            return;
        }
        let named: Vec<String> = paths.iter().take(NAMED).map(shown).collect();
        let mut warning = Warning::new(kind, message(&listed(&named, paths.len())), named);
        warning.extra.insert("count".into(), paths.len().into());
        self.list.push(warning);
    }

    /// Adds what was found elsewhere.
    pub(super) fn append(&mut self, mut other: Findings) {
        self.list.append(&mut other.list);
    }

    /// What they say.
    pub(super) fn messages(&self) -> Vec<String> {
        self.list.iter().map(|warning| warning.message.clone()).collect()
    }

    /// All of them.
    pub(super) fn into_warnings(self) -> Vec<Warning> {
        self.list
    }
}

/// A path as it is shown and stored: quoted as git does, where it is not plain text.
pub(super) fn shown(path: &BString) -> String {
    quote(path.as_bstr()).to_str_lossy().into_owned()
}

/// At most three names, and how many more there are.
fn listed(named: &[String], count: usize) -> String {
    const SHOWN: usize = 3;
    let mut list = named.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if count > SHOWN {
        list += &format!(" and {} more", count - SHOWN);
    }
    list
}
