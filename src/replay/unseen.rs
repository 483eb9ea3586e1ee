//! What a session's capture holds that its log does not tell: files that a command, a script or a person changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};

use bstr::{BString, ByteSlice};

use super::recover::Recovery;
use super::timeline::Timeline;
use crate::git::ObjectFormat;
use crate::mbox::{self, Mbox};
use crate::patch::{self, ChangeKind, FileChange};
use crate::session::Conversation;

/// What a capture says of the files that changed, beside what the log says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Files that are not, at the end, what the log tells.
    pub files: Vec<UnseenFile>,
    /// How many are.
    pub seen: usize,
}

/// A file that the capture has otherwise than the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenFile {
    /// From the root of the repository.
    pub path: BString,
    /// Whether the log tells of changes to it: then it was changed again.
    pub is_logged: bool,
    /// The last that happened to it.
    pub kind: ChangeKind,
    /// Lines that the capture adds to it.
    pub added: u64,
    /// Lines that it removes.
    pub removed: u64,
    /// Its part of the capture, each entry's in turn; not more than 64 KiB of each.
    pub diff: BString,
}

/// Why it cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The capture cannot be read.
    #[error("the capture cannot be read: {0}")]
    Mbox(#[from] mbox::Error),
    /// A diff in it cannot be read.
    #[error("the capture cannot be read: {0}")]
    Patch(#[from] patch::Error),
    /// The operating system said no.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
}

/// Compares a capture with the log of the same session, which worked in the directory `cwd`.
///
/// # Errors
/// When one of them cannot be read.
pub fn unseen(capture: File, conversation: &Conversation, timeline: &Timeline, cwd: &str) -> Result<Unseen, Error> {
    let captured = captured(capture)?;
    let (mut recovery, mut unseen) = (Recovery::default(), Unseen::default());
    for (path, (last, mut file)) in captured {
        let mut is_same = false;
        for logged in timeline.files().iter().filter(|logged| is_path(&logged.path, cwd, &path)) {
            let at = recovery.file_at(conversation, timeline, &logged.path, timeline.len())?;
            file.is_logged |= !at.steps.is_empty();
            is_same |= file.is_logged && at.whole.is_none_or(|text| may_be(&last, text.after.as_bytes()));
        }
        if is_same {
            unseen.seen += 1;
        } else {
            unseen.files.push(file);
        }
    }
    Ok(unseen)
}

/// Whether a file may have become `content`. Without a whole id there is nothing to doubt it by.
fn may_be(change: &FileChange, content: &[u8]) -> bool {
    let id = || change.new_id.as_ref();
    let format = id().and_then(|id| ObjectFormat::of(id));
    format.is_none_or(|format| format.blob_id(content).as_deref().map(str::as_bytes) == id().map(|id| id.as_slice()))
}

/// All files of a capture, with the last change of each.
fn captured(capture: File) -> Result<BTreeMap<BString, (FileChange, UnseenFile)>, Error> {
    let mut mbox = Mbox::open(capture)?;
    let mut files: BTreeMap<BString, (FileChange, UnseenFile)> = BTreeMap::new();
    for index in 0..mbox.entries.len() {
        let changes = patch::changes(BufReader::new(mbox.diff(index)?)).collect::<Result<Vec<_>, _>>()?;
        let mut diff = mbox.diff(index)?;
        for (number, change) in changes.iter().enumerate() {
            let length = changes.get(number + 1).map_or(u64::MAX, |next| next.offset - change.offset);
            let part = part(&mut diff, length)?;
            let Some(path) = change.new_path.as_ref().or(change.old_path.as_ref()) else { continue };
            let (last, file) = files.entry(path.clone()).or_insert_with(|| {
                let (kind, diff) = (change.kind, BString::default());
                (change.clone(), UnseenFile { path: path.clone(), is_logged: false, kind, added: 0, removed: 0, diff })
            });
            (*last, file.kind) = (change.clone(), change.kind);
            file.added += change.added;
            file.removed += change.removed;
            file.diff.extend_from_slice(&part);
        }
    }
    Ok(files)
}

/// The next `length` bytes, or the start of them.
fn part(diff: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    const KEPT: u64 = 64 << 10;
    let mut part = Vec::new();
    diff.by_ref().take(length.min(KEPT)).read_to_end(&mut part)?;
    io::copy(&mut diff.take(length.saturating_sub(KEPT)), &mut io::sink())?;
    Ok(part)
}

/// Whether what a call names is the file `path` of the repository. Where the session's directory lies in the repository is
/// not recorded: a whole number of names must agree at the end.
fn is_path(named: &str, cwd: &str, path: &BString) -> bool {
    let relative = named.strip_prefix(cwd).filter(|_| !cwd.is_empty()).unwrap_or(named);
    let relative = relative.trim_start_matches("./").trim_start_matches('/').as_bytes();
    let ends = |long: &[u8], short: &[u8]| {
        long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with_str("/"))
    };
    !relative.is_empty() && (ends(path, relative) || named.starts_with('/') && ends(named.as_bytes(), path))
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn a_call_names_a_file_by_its_end() {
        for (named, cwd, path, wanted) in [
            ("src/a.rs", "/w", "src/a.rs", true),
            ("./src/a.rs", "/w", "src/a.rs", true),
            ("/w/src/a.rs", "/w", "src/a.rs", true),
            ("a.rs", "/w/src", "src/a.rs", true),
            ("/elsewhere/src/a.rs", "/w", "src/a.rs", true),
            ("xa.rs", "/w", "a.rs", false),
            ("a.rs", "/w", "xa.rs", false),
            ("", "/w", "a.rs", false),
        ] {
            assert_eq!(is_path(named, cwd, &path.into()), wanted, "{named} {cwd} {path}");
        }
    }
}
