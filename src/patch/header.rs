//! The header lines of one file in a diff: names, modes, ids.
//!
//! Resolves names as `git apply -p1` does. Does not know hunks, nor what comes after the header.

use bstr::{BStr, BString, ByteSlice};

use super::quote::unquote_prefix;
use super::{ChangeKind, FileChange};

/// Such as git asks for, before it takes /dev/null for what it is.
const WITHOUT_MODE: &str = "a file that comes or goes without its mode";

/// What the header lines of one file have said so far.
#[derive(Default)]
pub(super) struct Header {
    pub(super) offset: u64,
    default_name: Option<BString>,
    from: Option<BString>,
    to: Option<BString>,
    minus: Option<BString>,
    plus: Option<BString>,
    /// Whether it starts with `diff --git`.
    is_git: bool,
    added: bool,
    deleted: bool,
    renamed: bool,
    copied: bool,
    similarity: Option<u8>,
    old_mode: Option<u32>,
    new_mode: Option<u32>,
    old_id: Option<BString>,
    new_id: Option<BString>,
    pub(super) contents: Counts,
}

/// What is known about the contents' change.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) any: bool,
    pub(super) binary: bool,
    pub(super) missing: bool,
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) inflated: u64,
    /// Whether hunks have lines of the preimage, and of the postimage.
    pub(super) old: bool,
    pub(super) new: bool,
}

impl Header {
    /// Opens the header that starts with `diff --git `, of which `names` is the rest.
    pub(super) fn of_git(offset: u64, names: &BStr) -> Header {
        Header { offset, is_git: true, default_name: common_name(names), ..Header::default() }
    }

    /// Opens a header without such a line.
    pub(super) fn plain(offset: u64) -> Header {
        Header { offset, ..Header::default() }
    }

    /// Takes one more header line. `Ok(false)` when it is not one; the error says what is wrong with it.
    pub(super) fn line(&mut self, line: &BStr) -> Result<bool, &'static str> {
        let Some((key, value)) = KEYS.iter().find_map(|key| Some((*key, line.strip_prefix(key.as_bytes())?))) else {
            return Ok(false);
        };
        let value = value.as_bstr();
        match key {
            "index " => self.ids(value)?,
            "old mode " => self.old_mode = Some(mode(value)?),
            "new mode " => self.new_mode = Some(mode(value)?),
            "deleted file mode " => {
                self.deleted = true;
                self.old_mode = Some(mode(value)?);
            }
            "new file mode " => {
                self.added = true;
                self.new_mode = Some(mode(value)?);
            }
            "similarity index " | "dissimilarity index " => {
                let percent = value.strip_suffix(b"%").unwrap_or(value);
                self.similarity =
                    percent.to_str().ok().and_then(|text| text.parse().ok()).filter(|value| *value <= 100);
            }
            "rename from " | "rename old " => {
                self.renamed = true;
                self.from = Some(whole_name(value).ok_or("a quoted name that does not close")?);
            }
            "rename to " | "rename new " => {
                self.renamed = true;
                self.to = Some(whole_name(value).ok_or("a quoted name that does not close")?);
            }
            "copy from " => {
                self.copied = true;
                self.from = Some(whole_name(value).ok_or("a quoted name that does not close")?);
            }
            "copy to " => {
                self.copied = true;
                self.to = Some(whole_name(value).ok_or("a quoted name that does not close")?);
            }
            "--- " => {
                self.minus = file_name(value)?;
                if self.is_git && self.minus.is_none() && !self.added {
                    return Err(WITHOUT_MODE);
                }
            }
            _ => {
                self.plus = file_name(value)?;
                if self.is_git && self.plus.is_none() && !self.deleted {
                    return Err(WITHOUT_MODE);
                }
            }
        }
        Ok(true)
    }

    /// `old..new` or `old..new mode`. As git does, an index line without ids is passed over.
    fn ids(&mut self, value: &BStr) -> Result<(), &'static str> {
        let (ids, mode_text) = value.split_once_str(" ").unwrap_or((value, b""));
        let Some((old, new)) = ids.split_once_str("..") else { return Ok(()) };
        let is_id = |id: &[u8]| (1..=64).contains(&id.len()) && id.iter().all(u8::is_ascii_hexdigit);
        if !is_id(old) || !is_id(new) {
            return Ok(());
        }
        self.old_id = Some(old.into());
        self.new_id = Some(new.into());
        if !mode_text.trim().is_empty() {
            let both = mode(mode_text.as_bstr())?;
            self.old_mode = self.old_mode.or(Some(both));
            self.new_mode = self.new_mode.or(Some(both));
        }
        Ok(())
    }

    /// The change, once its contents have been seen to the end.
    pub(super) fn finish(self) -> Result<FileChange, &'static str> {
        let default = self.default_name.as_ref();
        let mut old_path = self.from.as_ref().or(self.minus.as_ref()).or(default).cloned();
        let mut new_path = self.to.as_ref().or(self.plus.as_ref()).or(default).cloned();
        // Without a git header, /dev/null on one side is all that tells of an addition or a deletion.
        let plain = default.is_none() && !self.renamed && !self.copied;
        let added = self.added || (plain && self.minus.is_none() && self.plus.is_some());
        let deleted = self.deleted || (plain && self.plus.is_none() && self.minus.is_some());
        if added {
            old_path = None;
        }
        if deleted {
            new_path = None;
        }
        let missing = (!added && old_path.is_none()) || (!deleted && new_path.is_none()) || (added && deleted);
        if missing {
            return Err("a header that does not name the file");
        }
        self.check_names(&old_path, &new_path)?;
        if added && self.contents.old {
            return Err("a new file with lines of an old one");
        }
        if deleted && self.contents.new {
            return Err("a deleted file with lines that stay");
        }
        let similarity = self.similarity;
        let contents = self.contents;
        let kind = if self.renamed {
            ChangeKind::Renamed { similarity }
        } else if self.copied {
            ChangeKind::Copied { similarity }
        } else if added {
            ChangeKind::Added
        } else if deleted {
            ChangeKind::Deleted
        } else if !contents.any && self.old_mode != self.new_mode {
            ChangeKind::ModeChanged
        } else {
            ChangeKind::Modified
        };
        Ok(FileChange {
            kind,
            old_path,
            new_path,
            old_mode: if added { None } else { self.old_mode },
            new_mode: if deleted { None } else { self.new_mode },
            old_id: self.old_id,
            new_id: self.new_id,
            binary: contents.binary || contents.missing,
            applicable: !contents.missing,
            added: contents.added,
            removed: contents.removed,
            inflated: contents.inflated,
            offset: self.offset,
        })
    }

    /// Whether all lines mean the same file.
    fn check_names(&self, old_path: &Option<BString>, new_path: &Option<BString>) -> Result<(), &'static str> {
        let other = |one: &Option<BString>, two: &Option<BString>| one.is_some() && two.is_some() && one != two;
        let moves = self.renamed || self.copied;
        let contradicts = other(&self.from, &self.minus)
            || other(&self.to, &self.plus)
            || self.is_git && !moves && other(old_path, new_path);
        if contradicts || self.added && self.minus.is_some() || self.deleted && self.plus.is_some() {
            return Err("a header that names the file in two ways");
        }
        Ok(())
    }
}

const KEYS: [&str; 15] = [
    "index ",
    "old mode ",
    "new mode ",
    "deleted file mode ",
    "new file mode ",
    "similarity index ",
    "dissimilarity index ",
    "rename from ",
    "rename old ",
    "rename to ",
    "rename new ",
    "copy from ",
    "copy to ",
    "--- ",
    "+++ ",
];

fn mode(text: &BStr) -> Result<u32, &'static str> {
    let text = text.trim_end().to_str().unwrap_or_default();
    let digits = (5..=7).contains(&text.len()) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    if !digits {
        return Err("a file mode that is not octal");
    }
    u32::from_str_radix(text, 8).map_err(|_| "a file mode that is not octal")
}

/// A name as rename and copy lines give it: no prefix, quoted or not. A carriage return ends it: git quotes one that
/// belongs to the name.
fn whole_name(text: &BStr) -> Option<BString> {
    match text.first() {
        Some(b'"') => unquote_prefix(text).map(|(name, _)| name),
        _ => Some(text.split(|byte| *byte == b'\r').next().unwrap_or_default().into()),
    }
}

/// A name as `---` and `+++` lines give it: with a prefix, and up to a tab or a carriage return. `None` stands for /dev/null.
fn file_name(text: &BStr) -> Result<Option<BString>, &'static str> {
    let name = if text.first() == Some(&b'"') {
        unquote_prefix(text).ok_or("a quoted name that does not close")?.0
    } else {
        let end = text.find_byteset(b"\t\r").unwrap_or(text.len());
        text[..end].into()
    };
    if name.trim_end() == b"/dev/null" {
        return Ok(None);
    }
    without_prefix(name.as_ref()).map(|name| Some(name.to_owned())).ok_or("a name without a leading directory to strip")
}

/// What is left of a name when its first component is taken away, as `-p1` does.
fn without_prefix(name: &BStr) -> Option<&BStr> {
    let slash = name.find_byte(b'/')?;
    let rest = &name[slash + 1..];
    (!rest.is_empty()).then_some(rest.as_bstr())
}

/// The name that both halves of a `diff --git` line agree on. None when they do not: then other lines have to tell.
fn common_name(names: &BStr) -> Option<BString> {
    if names.first() == Some(&b'"') {
        let (first, rest) = unquote_prefix(names)?;
        let second = rest.trim_start().as_bstr();
        let second = if second.first() == Some(&b'"') { unquote_prefix(second)?.0 } else { second.to_owned() };
        return same(without_prefix(first.as_ref())?, without_prefix(second.as_ref())?);
    }
    if names.last() == Some(&b'"') {
        // A quote ends an unquoted name: it cannot be part of one.
        let quote = names.find_byte(b'"')?;
        let (second, _) = unquote_prefix(names[quote..].as_bstr())?;
        let first = names[..quote].trim_end().as_bstr();
        return same(without_prefix(first)?, without_prefix(second.as_ref())?);
    }
    halves(names)
}

fn same(first: &BStr, second: &BStr) -> Option<BString> {
    (first == second).then(|| first.to_owned())
}

/// Finds the blank at which an unquoted line falls into two equal names, though names may hold blanks.
fn halves(names: &BStr) -> Option<BString> {
    let first_slash = names.find_byte(b'/')?;
    let mut next_slash = None;
    // From the right, so that each blank knows its next slash without a search of its own.
    for at in (first_slash + 1..names.len()).rev() {
        match names[at] {
            b'/' => next_slash = Some(at),
            b' ' | b'\t' => {
                let Some(slash) = next_slash else { continue };
                let (first, second) = (&names[first_slash + 1..at], &names[slash + 1..]);
                if !first.is_empty() && first == second {
                    return Some(first.into());
                }
            }
            _ => {}
        }
    }
    None
}
