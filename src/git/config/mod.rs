//! What git is configured to do: every setting that git would list here, in its order, and what the values mean to git.
//!
//! Read in-process where git's own reading can be followed to the letter, else by asking git once for all of it. Which is which, and
//! where the files lie, is in `read`; `file` takes one of them apart; `number` knows how git reads numbers and yes or no.

mod file;
mod number;
mod parameters;
mod read;

use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

pub(super) use read::{Scope, Variable};

/// The settings of all scopes, in the order in which git reads them: what comes later counts.
#[derive(Debug, Clone, Default)]
pub struct Config {
    settings: Vec<Setting>,
}

#[derive(Debug, Clone)]
struct Setting {
    /// Section and name in lower case, the subsection between them as it is.
    key: BString,
    /// None for a name without `=`, which means "yes".
    value: Option<BString>,
}

impl Config {
    /// One file alone, nothing that it includes followed; an empty one where there is no file. `None` where the reading of it is git's.
    pub(super) fn of_file(path: &Path) -> Option<Config> {
        file::settings(path).map(|settings| Config { settings: settings.unwrap_or_default() })
    }

    /// What `git config --list --null` printed.
    pub(super) fn listed(bytes: &[u8]) -> Config {
        let items = bytes.split(|&byte| byte == 0).filter(|item| !item.is_empty());
        let setting = |item: &[u8]| match item.split_once_str("\n") {
            Some((key, value)) => Setting { key: key.into(), value: Some(value.into()) },
            None => Setting { key: item.into(), value: None },
        };
        Config { settings: items.map(setting).collect() }
    }

    /// Every setting: its key, section and name in lower case, and its value; none for a name without `=`.
    pub fn iter(&self) -> impl Iterator<Item = (&BStr, Option<&BStr>)> {
        self.settings.iter().map(|setting| (setting.key.as_bstr(), setting.value.as_ref().map(|value| value.as_bstr())))
    }

    /// The value that counts, as `git config --get` gives it: empty for a name without `=`.
    pub fn string(&self, key: &str) -> Option<&BStr> {
        self.last(key).map(|value| value.unwrap_or_default())
    }

    /// A yes or no, as `git config --type=bool --get` gives it; `None` for what git would refuse to take for one.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        number::boolean(self.last(key)?)
    }

    /// A number, as `git config --type=int --get` gives it; `None` for what git would refuse to take for one.
    pub fn integer(&self, key: &str) -> Option<i64> {
        number::integer(self.last(key)??)
    }

    /// Whether git flushes such files to the disk, as `core.fsync` says; see git-config(1).
    pub fn syncs(&self, what: Durable) -> bool {
        let list = self.string("core.fsync").unwrap_or_default();
        let words: Vec<&[u8]> = list.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).collect();
        let is_old = what == Durable::LooseObject && self.boolean("core.fsyncObjectFiles") == Some(true);
        // Only at the end does `none` count.
        let by_default = what.is_synced_by_default() && words.last() != Some(&b"none".as_slice());
        let names = |word: &[u8]| what.is_named(word);
        let declined = words.iter().any(|word| word.strip_prefix(b"-").is_some_and(names));
        is_old || (by_default && !declined) || words.iter().any(|word| names(word))
    }

    /// The value that counts: outer `None` when there is none, inner for a name without `=`.
    fn last(&self, key: &str) -> Option<Option<&BStr>> {
        let key = normal(key);
        let setting = self.settings.iter().rev().find(|setting| setting.key == key)?;
        Some(setting.value.as_ref().map(|value| value.as_bstr()))
    }
}

/// What git may flush to the disk when it writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// A loose object.
    LooseObject,
    /// A pack.
    Pack,
    /// The index of a pack.
    PackMetadata,
    /// The index of a work tree.
    Index,
    /// A ref.
    Reference,
}

impl Durable {
    /// What git flushes when nobody asked for anything: packs with their indices, nothing else.
    fn is_synced_by_default(self) -> bool {
        matches!(self, Durable::Pack | Durable::PackMetadata)
    }

    /// Whether a word of `core.fsync` means this, alone or among others. The beginning of a word is enough for git.
    fn is_named(self, word: &[u8]) -> bool {
        let names: &[&str] = match self {
            Durable::LooseObject => &["loose-object", "objects", "committed", "added", "all"],
            Durable::Pack => &["pack", "objects", "committed", "added", "all"],
            Durable::PackMetadata => &["pack-metadata", "derived-metadata", "all"],
            Durable::Index => &["index", "added", "all"],
            Durable::Reference => &["reference", "committed", "added", "all"],
        };
        !word.is_empty() && names.iter().any(|name| name.as_bytes().starts_with(word))
    }
}

/// A key as it is kept: what is before the first dot and after the last one in lower case.
fn normal(key: &str) -> BString {
    match (key.find('.'), key.rfind('.')) {
        (Some(first), Some(last)) if first < last => {
            let (section, name) = (key[..first].to_ascii_lowercase(), key[last..].to_ascii_lowercase());
            format!("{section}{}{name}", &key[first..last]).into()
        }
        _ => key.to_ascii_lowercase().into(),
    }
}

#[cfg(test)]
mod tests;
