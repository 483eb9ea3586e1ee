//! One pass over the work tree: each folder is opened once, its files compared with the index by what the file system says of
//! them, and its names read once, to find those that the index does not know.
//!
//! git reads 100,000 entries and as many files anew for each question (what has changed, what is untracked, what is
//! ignored, what is no file). All of the answers come from here, and no content is read. What is not plain (a repository
//! inside, a folder that cannot be read) ends the pass: then git is asked.

use std::ops::Range;

use bstr::{BStr, BString, ByteSlice};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};
use rustix::io::Errno;

use super::Unusual;
use super::ignore::Rules;
use crate::audit::path_problem;
use crate::git;

/// What a pass has found; paths from the top of the work tree, each list sorted.
#[derive(Default)]
pub(super) struct Found {
    /// Numbers of entries whose files are not as the index remembers them. Their content may be the same all the same.
    pub(super) touched: Vec<usize>,
    /// Numbers of entries that have no file, or none that is a file or a symbolic link.
    pub(super) gone: Vec<usize>,
    /// Files and symbolic links that the index does not know, and that are not ignored.
    pub(super) untracked: Vec<BString>,
    /// Ignored files, and folders with a `/` at the end, as `git ls-files --ignored --directory` names them.
    pub(super) ignored: Vec<BString>,
    /// Pipes, sockets and devices.
    pub(super) special: Vec<BString>,
    /// Folders with nothing in them.
    pub(super) empty: Vec<BString>,
}

/// The index that files are compared with.
pub(super) struct Known<'a> {
    /// All entries, in their order.
    pub(super) entries: &'a [git::index::Entry<'a>],
    /// The index file: what is as young as it may have changed since.
    pub(super) index: &'a git::index::Index,
    /// The device of the index file: times of files on it can be compared to the nanosecond.
    pub(super) device: u64,
    /// Files there that are this young, in seconds and nanoseconds, may have changed since the index was written.
    pub(super) young: (u32, u32),
    /// Files and folders that are ours, and so nobody's work.
    pub(super) own: &'a [BString],
}

/// Looks at all that is below `top`.
pub(super) fn look(top: &OwnedFd, known: &Known<'_>, exclude: Option<&[u8]>) -> Result<Found, Unusual> {
    let (rules, buffer) = (Rules::new(exclude), Vec::with_capacity(BUFFER));
    let mut pass = Pass { top, known, found: Found::default(), rules, buffer };
    pass.rules.enter(BStr::new(""));
    pass.folder(top, BStr::new(""), 0..known.entries.len())?;
    let mut found = pass.found;
    for list in [&mut found.untracked, &mut found.ignored, &mut found.special, &mut found.empty] {
        list.sort();
    }
    Ok(found)
}

/// A folder itself, not what a link of that name leads to.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Bytes of names that are read at once.
const BUFFER: usize = 64 * 1024;

struct Pass<'a> {
    top: &'a OwnedFd,
    known: &'a Known<'a>,
    found: Found,
    rules: Rules,
    buffer: Vec<u8>,
}

/// What an untracked folder holds, from less to more, as git ranks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Nothing,
    Ignored,
    Untracked,
}

impl<'a> Pass<'a> {
    /// Looks at a folder of the index, whose entries are `range`.
    fn folder(&mut self, folder: &OwnedFd, prefix: &BStr, range: Range<usize>) -> Result<(), Unusual> {
        let present = self.tracked(folder, prefix, range)?;
        let count = self.count(folder)?;
        if count == 0 && !prefix.is_empty() {
            self.found.empty.push(without_slash(prefix));
        }
        // As many names as there are tracked ones: there is no other.
        if count != present.len() + usize::from(prefix.is_empty() && has_git(folder)) {
            self.others(folder, prefix, present)?;
        }
        Ok(())
    }

    /// Compares the files of a folder with their entries, and goes into its folders.
    fn tracked(&mut self, folder: &OwnedFd, prefix: &BStr, range: Range<usize>) -> Result<Vec<&'a [u8]>, Unusual> {
        let entries = self.known.entries;
        let mut present = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let path: &'a BStr = entries[at].path();
            let rest: &'a [u8] = &path[prefix.len()..];
            let Some(slash) = rest.find_byte(b'/') else {
                refuse_tracked(rest)?;
                if self.file(folder, rest, at)? {
                    present.push(rest);
                }
                at += 1;
                continue;
            };
            let below = &path[..prefix.len() + slash + 1];
            let end = at + entries[at..range.end].partition_point(|entry| entry.path().starts_with(below));
            refuse_tracked(&rest[..slash])?;
            match rustix::fs::openat(folder, &rest[..slash], FOLDER, Mode::empty()) {
                Ok(inside) => {
                    present.push(&rest[..slash]);
                    self.rules.enter(below.as_bstr());
                    self.folder(&inside, below.as_bstr(), at..end)?;
                    self.rules.leave();
                }
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => self.found.gone.extend(at..end),
                Err(_) => return Err(CANNOT_READ),
            }
            at = end;
        }
        Ok(present)
    }

    /// Compares one file with its entry. Whether there is something that is tracked.
    fn file(&mut self, folder: &OwnedFd, name: &[u8], number: usize) -> Result<bool, Unusual> {
        let entry = &self.known.entries[number];
        let stat = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT | Errno::NOTDIR) => {
                self.found.gone.push(number);
                return Ok(false);
            }
            Err(_) => return Err(CANNOT_READ),
        };
        let mode = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile if stat.st_mode & 0o100 != 0 => 0o100_755,
            FileType::RegularFile => 0o100_644,
            FileType::Symlink => 0o120_000,
            _ if RULES.contains(&name) => return Err(NO_RULES),
            _ => {
                self.found.gone.push(number);
                return Ok(false);
            }
        };
        let now = git::index::Stat::of(&stat);
        let remembered = entry.stat();
        let is_same = mode == entry.mode() && is_same(&remembered, &now);
        if !is_same || self.is_racy(&remembered, stat.st_dev) {
            self.found.touched.push(number);
        }
        Ok(true)
    }

    /// Whether a file could have been changed after the index was written without this showing in its times.
    fn is_racy(&self, stat: &git::index::Stat, device: u64) -> bool {
        let is_fine = stat.mtime.1 != 0 && device == self.known.device;
        if is_fine { stat.mtime >= self.known.young } else { self.known.index.is_racy(stat) }
    }

    fn count(&mut self, folder: &OwnedFd) -> Result<usize, Unusual> {
        let mut names = RawDir::new(folder, self.buffer.spare_capacity_mut());
        let mut count = 0;
        while let Some(entry) = names.next() {
            let entry = entry.map_err(|_| CANNOT_READ)?;
            count += usize::from(!is_dots(entry.file_name().to_bytes()));
        }
        Ok(count)
    }

    /// Looks at what else is in a folder of which `present` is tracked.
    fn others(&mut self, folder: &OwnedFd, prefix: &BStr, mut present: Vec<&[u8]>) -> Result<(), Unusual> {
        present.sort_unstable();
        for (name, kind) in self.names(folder)? {
            if present.binary_search(&name.as_slice()).is_err() {
                self.other(folder, prefix, name.as_bstr(), kind)?;
            }
        }
        Ok(())
    }

    fn names(&mut self, folder: &OwnedFd) -> Result<Vec<(BString, FileType)>, Unusual> {
        rustix::fs::seek(folder, rustix::fs::SeekFrom::Start(0)).map_err(|_| CANNOT_READ)?;
        let mut names = Vec::new();
        let mut list = RawDir::new(folder, self.buffer.spare_capacity_mut());
        while let Some(entry) = list.next() {
            let entry = entry.map_err(|_| CANNOT_READ)?;
            let name = entry.file_name().to_bytes();
            if !is_dots(name) {
                names.push((BString::from(name), entry.file_type()));
            }
        }
        names.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(names)
    }

    /// Looks at one thing that the index does not know.
    fn other(&mut self, folder: &OwnedFd, prefix: &BStr, name: &BStr, kind: FileType) -> Result<Holds, Unusual> {
        if name == ".git" && prefix.is_empty() {
            return Ok(Holds::Nothing);
        }
        refuse(name, kind)?;
        let mut path = prefix.to_owned();
        path.extend_from_slice(name);
        if self.known.own.contains(&path) {
            return Ok(Holds::Nothing);
        }
        match kind {
            FileType::Directory => self.untracked_folder(folder, name, path),
            FileType::RegularFile | FileType::Symlink => Ok(if self.rules.ignore(self.top, path.as_bstr(), false)? {
                self.found.ignored.push(path);
                Holds::Ignored
            } else {
                self.found.untracked.push(path);
                Holds::Untracked
            }),
            FileType::Unknown => Err(Unusual("the file system does not tell files from folders")),
            _ if RULES.contains(&name.as_bytes()) => Err(NO_RULES),
            _ => {
                self.found.special.push(path);
                Ok(Holds::Nothing)
            }
        }
    }

    fn untracked_folder(&mut self, folder: &OwnedFd, name: &BStr, mut path: BString) -> Result<Holds, Unusual> {
        if self.rules.ignore(self.top, path.as_bstr(), true)? {
            path.push(b'/');
            return self.ignored_folder(path);
        }
        let inside = rustix::fs::openat(folder, name.as_bytes(), FOLDER, Mode::empty()).map_err(|_| CANNOT_READ)?;
        path.push(b'/');
        self.rules.enter(path.as_bstr());
        let names = self.names(&inside)?;
        if names.is_empty() {
            self.found.empty.push(without_slash(path.as_bstr()));
        }
        let mut holds = Holds::Nothing;
        for (name, kind) in names {
            holds = holds.max(self.other(&inside, path.as_bstr(), name.as_bstr(), kind)?);
        }
        self.rules.leave();
        match holds {
            // Where all that is in it is ignored, git names the folder as well.
            Holds::Ignored => self.ignored_folder(path),
            _ => Ok(Holds::Untracked),
        }
    }

    fn ignored_folder(&mut self, path: BString) -> Result<Holds, Unusual> {
        let name = path.strip_suffix(b"/").unwrap_or(&path).as_bstr();
        if self.known.entries.binary_search_by(|entry| entry.path().cmp(name)).is_ok() {
            // Then git does not name the folder, and so looks into it.
            return Err(Unusual("an ignored folder where a file was"));
        }
        self.found.ignored.push(path);
        Ok(Holds::Ignored)
    }
}

const CANNOT_READ: Unusual = Unusual("a folder cannot be read");

/// Files that git reads as rules.
const RULES: [&[u8]; 3] = [b".gitignore", b".gitattributes", b".gitmodules"];
const NO_RULES: Unusual = Unusual("a pipe or a device where git expects rules");

/// What only git knows how to take: a repository inside, and names that git refuses or may refuse.
fn refuse(name: &BStr, kind: FileType) -> Result<(), Unusual> {
    let lower = name.to_ascii_lowercase();
    let may_be_git = lower.strip_prefix(b".git").is_some_and(|rest| {
        rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"-_".contains(byte))
            || (kind == FileType::Symlink && rest.starts_with(b"mod"))
    });
    if may_be_git || lower.contains(&b'~') || lower.contains(&b'\\') || lower.contains_str("\u{200c}") {
        return Err(Unusual("a name that git may refuse"));
    }
    Ok(())
}

/// Names that lead out of their folder or into git's own: an index made by hand may hold them.
fn refuse_tracked(name: &[u8]) -> Result<(), Unusual> {
    // Nearly all names begin otherwise. (macOS may pass over signs that are not seen.)
    let may_lead = name.first().is_none_or(|byte| *byte == b'.' || !byte.is_ascii());
    if may_lead && path_problem(name.as_bstr(), None).is_some() {
        return Err(Unusual("a name that git refuses"));
    }
    Ok(())
}

fn is_same(remembered: &git::index::Stat, now: &git::index::Stat) -> bool {
    // Programs that do not know nanoseconds write none.
    let fine = |one: (u32, u32), other: (u32, u32)| one.0 == other.0 && (one.1 == 0 || one.1 == other.1);
    let rest = |stat: &git::index::Stat| (stat.ino, stat.uid, stat.gid, stat.size);
    rest(remembered) == rest(now) && fine(remembered.mtime, now.mtime) && fine(remembered.ctime, now.ctime)
}

fn has_git(folder: &OwnedFd) -> bool {
    rustix::fs::statat(folder, ".git", AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

fn is_dots(name: &[u8]) -> bool {
    matches!(name, b"." | b"..")
}

fn without_slash(path: &BStr) -> BString {
    path.strip_suffix(b"/").unwrap_or(path).into()
}
