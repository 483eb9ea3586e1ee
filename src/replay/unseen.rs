//! Where a session's capture differs from its log: files that a command, a script or a person changed, or changed back.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufReader, Read};

use bstr::{BString, ByteSlice};

use super::recover::Recovery;
use super::timeline::Timeline;
use crate::git::ObjectFormat;
use crate::mbox::{self, Mbox};
use crate::patch::{self, ChangeKind, FileChange};
use crate::session::{Capture, Conversation};

/// What a capture says of the files that changed, beside what the log says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Files that are not, at the end, what the log tells.
    pub files: Vec<UnseenFile>,
    /// How many are.
    pub seen: usize,
}

/// A file in which the capture differs from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenFile {
    /// From the root of the repository; of one that is not in the capture, as the log has it.
    pub path: BString,
    /// In what way.
    pub how: Difference,
    /// Lines that the capture adds to it.
    pub added: u64,
    /// Lines that it removes.
    pub removed: u64,
    /// Its part of the capture, each entry's in turn; not more than 64 KiB of each.
    pub diff: BString,
}

/// How the capture differs from the log in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The log tells of no change to it.
    Unlogged,
    /// The log tells of changes to it, and it was changed again.
    Again,
    /// The log tells of changes to it, and the capture of none.
    Undone,
}

impl Difference {
    /// What is to be said beside its name; nothing where that the log does not tell of it is all.
    pub fn remark(self) -> Option<&'static str> {
        match self {
            Difference::Unlogged => None,
            Difference::Again => Some("changed again"),
            Difference::Undone => Some("undone, or ignored by git"),
        }
    }

    /// How that may have come about.
    pub fn why(self) -> &'static str {
        match self {
            Difference::Unlogged => "No step tells of it: a command or somebody changed it. This is from the capture.",
            Difference::Again => {
                "At the end it is not what the log tells: a command or somebody changed it as well. This is the whole of \
                 its change, from the capture."
            }
            Difference::Undone => {
                "The log tells of changes to it, and the capture of none: a command or somebody undid them, or git \
                 ignores the file."
            }
        }
    }
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

/// The files of a capture.
#[derive(Default)]
struct Captured {
    /// With the last change of each.
    files: BTreeMap<BString, (FileChange, UnseenFile)>,
    /// Those that have another name now.
    renamed: HashSet<BString>,
}

/// Compares a capture with the log of the same session.
///
/// # Errors
/// When one of them cannot be read.
pub fn unseen(capture: Capture, conversation: &Conversation, timeline: &Timeline) -> Result<Unseen, Error> {
    let is_whole = !capture.truncated;
    let captured = Captured::read(capture)?;
    let (mut recovery, mut unseen, mut known) = (Recovery::default(), Unseen::default(), HashSet::new());
    known.extend(captured.renamed.iter().flat_map(|path| logged(timeline, path)));
    for (path, (last, file)) in &captured.files {
        let (mut is_logged, mut is_same) = (false, false);
        for name in logged(timeline, path) {
            known.insert(name);
            let at = recovery.file_at(conversation, timeline, name, timeline.len())?;
            let is_changed = !at.steps.is_empty();
            is_logged |= is_changed;
            is_same |= is_changed && at.whole.is_none_or(|text| may_be(last, text.after.as_bytes()));
        }
        let how = if is_logged { Difference::Again } else { Difference::Unlogged };
        match is_same {
            true => unseen.seen += 1,
            false => unseen.files.push(UnseenFile { how, ..file.clone() }),
        }
    }
    // What is cut off may have been in a truncated one.
    let others = timeline.files().iter().map(|logged| logged.path.as_str());
    for name in others.filter(|name| is_whole && !known.contains(name) && is_in_repository(name)) {
        let at = recovery.file_at(conversation, timeline, name, timeline.len())?;
        if !at.steps.is_empty() && at.whole.is_none_or(|text| text.before != text.after) {
            unseen.files.push(UnseenFile::new(name.into(), Difference::Undone));
        }
    }
    Ok(unseen)
}

/// Whether a file may have become `content`. Without a whole id there is nothing to doubt it by.
fn may_be(change: &FileChange, content: &[u8]) -> bool {
    if change.kind == ChangeKind::Deleted {
        return content.is_empty();
    }
    let id = || change.new_id.as_ref();
    let format = id().and_then(|id| ObjectFormat::of(id));
    format.is_none_or(|format| format.blob_id(content).as_deref().map(str::as_bytes) == id().map(|id| id.as_slice()))
}

/// Whether a file of the log is one that a capture would have, as far as its name tells.
fn is_in_repository(path: &str) -> bool {
    !path.is_empty() && !["/", "../", ".git/"].iter().any(|start| path.starts_with(start))
}

impl UnseenFile {
    fn new(path: BString, how: Difference) -> UnseenFile {
        UnseenFile { path, how, added: 0, removed: 0, diff: BString::default() }
    }
}

impl Captured {
    fn read(capture: Capture) -> Result<Captured, Error> {
        let mut mbox = Mbox::open(capture.file)?;
        let mut captured = Captured::default();
        for index in 0..mbox.entries.len() {
            let changes = patch::changes(BufReader::new(mbox.diff(index)?)).collect::<Result<Vec<_>, _>>()?;
            let mut diff = mbox.diff(index)?;
            for (number, change) in changes.iter().enumerate() {
                let length = changes.get(number + 1).map_or(u64::MAX, |next| next.offset - change.offset);
                captured.take(change, &part(&mut diff, length)?);
            }
        }
        Ok(captured)
    }

    fn take(&mut self, change: &FileChange, diff: &[u8]) {
        let Some(path) = change.new_path.as_ref().or(change.old_path.as_ref()) else { return };
        if matches!(change.kind, ChangeKind::Renamed { .. }) {
            self.renamed.extend(change.old_path.clone());
        }
        let (last, file) = self
            .files
            .entry(path.clone())
            .or_insert_with(|| (change.clone(), UnseenFile::new(path.clone(), Difference::Unlogged)));
        *last = change.clone();
        file.added += change.added;
        file.removed += change.removed;
        file.diff.extend_from_slice(diff);
    }
}

/// The names by which the log has the file `path` of the repository: the same, else what may be meant from below its root.
fn logged<'t>(timeline: &'t Timeline, path: &BString) -> Vec<&'t str> {
    let names = || timeline.files().iter().map(|logged| logged.path.as_str());
    let same: Vec<_> = names().filter(|name| name.as_bytes() == path.as_slice()).collect();
    if same.is_empty() { names().filter(|name| is_path(name, path)).collect() } else { same }
}

/// The next `length` bytes, or the start of them.
fn part(diff: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    const KEPT: u64 = 64 << 10;
    let mut part = Vec::new();
    diff.by_ref().take(length.min(KEPT)).read_to_end(&mut part)?;
    io::copy(&mut diff.take(length.saturating_sub(KEPT)), &mut io::sink())?;
    Ok(part)
}

/// Whether a file of the log is the file `path` of the repository. Where the session's directory lies in the repository is
/// not recorded: a whole number of names must agree at the end.
fn is_path(named: &str, path: &BString) -> bool {
    let ends = |long: &[u8], short: &[u8]| {
        long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with_str("/"))
    };
    match named.strip_prefix('/') {
        Some(relative) => ends(path, relative.as_bytes()) || ends(named.as_bytes(), path),
        None => !named.is_empty() && ends(path, named.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_names_a_file_by_its_end() {
        for (named, path, wanted) in [
            ("src/a.rs", "src/a.rs", true),
            ("a.rs", "src/a.rs", true),
            ("/elsewhere/src/a.rs", "src/a.rs", true),
            ("xa.rs", "a.rs", false),
            ("a.rs", "xa.rs", false),
            ("", "a.rs", false),
        ] {
            assert_eq!(is_path(named, &path.into()), wanted, "{named} {path}");
        }
    }

    #[test]
    fn a_capture_has_only_what_is_in_the_repository() {
        let is_in = ["a", ".github/a", "/tmp/a", "../a", ".git/config", ""].map(is_in_repository);
        assert_eq!(is_in, [true, true, false, false, false, false]);
    }
}
