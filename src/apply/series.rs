//! The capture as a series of entries, checked for being whole before anything is done with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use sha2::{Digest, Sha256};

use super::Error;
use super::preimages::Preimages;
use crate::audit;
use crate::git::ObjectFormat;
use crate::mbox::{Dialect, Entry, Kind, Located, Mbox, Preamble, Writer};
use crate::patch::{self, FileChange};
use crate::session::{Capture, Sidecar, tame_id};

/// 1 GiB: twenty times what a capture may be long, unless the user says otherwise.
const MAX_INFLATED: u64 = 1 << 30;

/// The entries of one capture.
pub struct Series {
    mbox: Mbox<File>,
    /// Where it lies, unless it came through a pipe.
    path: Option<PathBuf>,
    /// What the binary files of each entry inflate to, in bytes, as far as the entries were unpacked.
    inflated: BTreeMap<usize, u64>,
    /// The sum of these.
    inflated_by_all: u64,
    /// What all binary files together may inflate to, in bytes, and each of them to half of it.
    pub max_inflated: u64,
    /// The session's id.
    pub id: String,
    /// What the capture says of itself. A claim: what counts is checked against the entries.
    pub sidecar: Option<Sidecar>,
    /// What it brings, as a hash in hex: captures of one state are equal in it, whenever they were made.
    pub fingerprint: String,
    /// The preimages that it brings along.
    pub preimages: Arc<Preimages>,
}

impl Series {
    /// Reads and checks a capture for a repository of the given object format.
    pub fn read(mut capture: Capture, format: ObjectFormat) -> Result<Series, Error> {
        let sha256 = capture.sha256()?;
        let mbox = Mbox::open(capture.file)?;
        let (id, sidecar) = match capture.sidecar {
            Some(beside) => (capture.id, Some(beside)),
            // A lone file, or one from a pipe, says it itself.
            None => {
                let within = mbox.preamble.capture.as_deref().and_then(|json| Sidecar::parse(json).ok());
                let named = within.as_ref().and_then(|sidecar| tame_id(sidecar.session_id.as_deref()?));
                let named = named.filter(|_| capture.session.is_none());
                (named.unwrap_or(capture.id), within)
            }
        };
        let fingerprint = fingerprint(&mbox, &sha256);
        let path = capture.path;
        let preimages = Arc::new(Preimages::of(mbox.preamble.objects.clone()));
        let series = Series {
            mbox,
            path,
            inflated: BTreeMap::new(),
            inflated_by_all: 0,
            max_inflated: MAX_INFLATED,
            id,
            sidecar,
            fingerprint,
            preimages,
        };
        series.check_whole()?;
        series.check_format(format)?;
        Ok(series)
    }

    /// Whether the sandbox changed nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.mbox.entries.len()
    }

    /// One entry without its diff.
    pub fn entry(&self, index: usize) -> &Entry {
        &self.mbox.entries[index].entry
    }

    /// All entries, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.mbox.entries.iter().map(|located| &located.entry)
    }

    /// The indices of the entries that are commits.
    pub fn commits(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|&index| self.entry(index).kind == Kind::Commit)
    }

    /// Whether the capture holds uncommitted work.
    pub fn has_uncommitted(&self) -> bool {
        self.entries().any(|entry| entry.kind != Kind::Commit)
    }

    /// Whether it is ours, with tree ids to be proved.
    pub fn is_ours(&self) -> bool {
        self.mbox.dialect == Dialect::Glue
    }

    /// The git bundle that belongs to the capture, if one does.
    pub fn bundle(&self) -> Result<Option<File>, Error> {
        let named = self.sidecar.as_ref().and_then(|sidecar| sidecar.bundle.as_ref());
        Ok(named.map(|bundle| bundle.beside(self.path.as_deref())).transpose()?)
    }

    /// The first line of an entry's message, or what it is.
    pub fn subject(&self, index: usize) -> BString {
        let entry = self.entry(index);
        let line = entry.message.lines().find(|line| !line.trim().is_empty());
        line.map_or_else(|| BString::from("(no message)"), |line| line.as_bstr().to_owned())
    }

    /// An entry's diff.
    pub fn diff(&mut self, index: usize) -> Result<Vec<u8>, Error> {
        let unreadable = |error: std::io::Error| Error::Mbox(error.into());
        // What a file says of its length is believed as far as it costs nothing.
        let length = self.mbox.entries.get(index).map_or(0, |located| located.diff.len.min(1 << 20));
        let mut diff = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        self.mbox.diff(index).map_err(unreadable)?.read_to_end(&mut diff).map_err(unreadable)?;
        Ok(diff)
    }

    /// Writes an entry's diff to a file and tells what it changes.
    pub fn unpack(&mut self, index: usize, to: &Path) -> Result<Vec<FileChange>, Error> {
        let diff = self.diff(index)?;
        let changes = patch::changes(&*diff).collect::<Result<Vec<_>, _>>();
        let changes = changes.map_err(|source| Error::Patch { entry: index + 1, source })?;
        self.check(index, changes.iter())?;
        std::fs::write(to, diff).map_err(io("cannot write", to))?;
        Ok(changes)
    }

    /// Refuses changes of an entry that must not land, whatever is in them.
    pub fn check<'c>(
        &mut self,
        index: usize,
        changes: impl Iterator<Item = &'c FileChange> + Clone,
    ) -> Result<(), Error> {
        for change in changes.clone() {
            let (old, new) = ((&change.old_path, change.old_mode), (&change.new_path, change.new_mode));
            // Most changes say the same of both sides.
            for (path, mode) in [Some(old), Some(new).filter(|new| *new != old)].into_iter().flatten() {
                path.as_ref().map_or(Ok(()), |path| check_path(index, path.as_bstr(), mode))?;
            }
        }
        self.check_sizes(index, changes)
    }

    /// A kilobyte can inflate to a megabyte, and git holds a file of a binary patch in memory.
    fn check_sizes<'c>(&mut self, index: usize, changes: impl Iterator<Item = &'c FileChange>) -> Result<(), Error> {
        let others = self.inflated_by_all - self.inflated.get(&index).copied().unwrap_or_default();
        let (mut bytes, limit) = (others, self.max_inflated);
        for change in changes {
            let file = change.inflated;
            bytes = bytes.saturating_add(file);
            if bytes > limit || file > limit / 2 {
                let path = change.new_path.as_ref().or(change.old_path.as_ref()).cloned().unwrap_or_default();
                return Err(Error::Inflates { entry: index + 1, path, file, bytes, limit });
            }
        }
        self.inflated.insert(index, bytes - others);
        self.inflated_by_all = bytes;
        Ok(())
    }

    /// Writes an entry, whose diff is in a file, as a mail for git. Of ours git would read other parts than we do, in which a
    /// capture can say what it likes: such a mail is written anew. Any other is passed on as it is, because what git reads
    /// is all that it says.
    pub fn write_mail(&mut self, index: usize, diff: &Path, to: &Path) -> Result<(), Error> {
        if !self.mbox.entries[index].exact {
            return write_to(to, self.mbox.mail(index).map_err(io("cannot read the mail for", to))?);
        }
        let diff = File::open(diff).map_err(io("cannot read", diff))?;
        let file = File::create(to).map_err(io("cannot write", to))?;
        let preamble = Preamble::default();
        let mut writer = Writer::new(file, 1, &preamble);
        let written = writer.entry(self.entry(index), diff).and_then(|()| writer.finish().map(drop));
        written.map_err(|error| match error.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                self.corrupt(index, &format!("cannot be written as a mail: {error}"))
            }
            _ => io("cannot write", to)(error),
        })
    }

    fn check_whole(&self) -> Result<(), Error> {
        let said = self.sidecar.as_ref().and_then(|sidecar| sidecar.entries).filter(|&said| said != self.len() as u64);
        let missing = self.mbox.announced.filter(|_| self.mbox.missing() > 0);
        match said.or(missing) {
            Some(announced) => Err(Error::Incomplete { announced, found: self.len() }),
            None if self.is_ours() => self.check_numbers().and_then(|()| self.check_order()),
            None => Ok(()),
        }
    }

    /// The mails of a capture of ours are numbered from 1 on, so that one cannot stand in for another that is gone.
    fn check_numbers(&self) -> Result<(), Error> {
        let found = self.len();
        let announced = self.mbox.announced.unwrap_or_default();
        if announced != found as u64 {
            return Err(Error::Incomplete { announced, found });
        }
        match (1..).zip(&self.mbox.entries).position(|(number, located)| located.number != Some(number)) {
            Some(index) => Err(self.corrupt(index, "does not have the number of its place")),
            None => Ok(()),
        }
    }

    /// Commits, then what was staged, then what was not.
    fn check_order(&self) -> Result<(), Error> {
        let rank = |index: usize| match self.entry(index).kind {
            Kind::Commit => 0,
            Kind::Index => 1,
            Kind::Worktree => 2,
        };
        let follows = |index: &usize| rank(*index) > rank(index - 1) || rank(*index) + rank(index - 1) == 0;
        match (1..self.len()).find(|index| !follows(index)) {
            Some(index) => Err(self.corrupt(index, "is of a kind that cannot follow on the one before it")),
            None => Ok(()),
        }
    }

    fn corrupt(&self, index: usize, reason: &str) -> Error {
        Error::Corrupt { entry: index + 1, subject: self.subject(index), reason: reason.to_owned() }
    }

    fn check_format(&self, format: ObjectFormat) -> Result<(), Error> {
        let mismatch = |capture: &str| Error::ObjectFormat { capture: capture.to_owned(), repository: format.name() };
        if let Some(name) = self.sidecar.as_ref().and_then(|sidecar| sidecar.object_format.as_deref())
            && name != format.name()
        {
            return Err(mismatch(name));
        }
        let ids = self.entries().flat_map(|entry| [&entry.tree, &entry.commit]).flatten();
        for id in ids {
            let hex = id.iter().all(u8::is_ascii_hexdigit);
            match (hex, id.len() == format.zero().len()) {
                (true, true) => {}
                (true, false) if id.len() == 64 => return Err(mismatch("sha256")),
                (true, false) if id.len() == 40 => return Err(mismatch("sha1")),
                _ => return Err(mismatch("unknown")),
            }
        }
        Ok(())
    }
}

/// The trees that the entries must reach, with the commits' own ids, say all that a capture brings; a series without
/// trees is known by its bytes.
fn fingerprint(mbox: &Mbox<File>, sha256: &str) -> String {
    let mut hash = Sha256::new();
    for Located { entry, .. } in &mbox.entries {
        let Some(tree) = &entry.tree else { return sha256.to_owned() };
        hash.update(format!("{:?} {tree} {:?}\n", entry.kind, entry.commit));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_path(index: usize, path: &BStr, mode: Option<u32>) -> Result<(), Error> {
    match audit::path_problem(path, mode) {
        Some(problem) => Err(Error::HostilePath { entry: index + 1, path: path.to_owned(), problem }),
        None => Ok(()),
    }
}

fn write_to(path: &Path, mut from: impl Read) -> Result<(), Error> {
    let mut file = File::create(path).map_err(io("cannot write", path))?;
    std::io::copy(&mut from, &mut file).map_err(io("cannot write", path))?;
    file.flush().and_then(|()| file.rewind()).map_err(io("cannot write", path))
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { what, path, source }
}
