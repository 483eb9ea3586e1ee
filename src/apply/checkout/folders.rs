//! The folders of a work tree, opened one inside the other, so that nothing is ever reached through a link.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::git::index::Stat;

/// The folders on the way to the path that was asked for last stay open.
pub struct Folders {
    top: OwnedFd,
    open: Vec<(BString, OwnedFd)>,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// What the index would keep of it.
    pub stat: Stat,
    /// Its size in bytes.
    pub size: u64,
    /// The kind of file and the permissions, as the system has them.
    pub mode: u32,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
const NEW_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Folders {
    /// Of the work tree at `top`.
    pub fn of(top: &Path) -> io::Result<Folders> {
        let top = fs::open(top, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Folders { top, open: Vec::new() })
    }

    /// The folder that a path is in, and the path's last name; `None` when it is not there, an error when it is no folder.
    fn parent<'p>(&mut self, path: &'p BStr) -> io::Result<Option<(&OwnedFd, &'p [u8])>> {
        let (folder, name) = split(path);
        Ok(if self.enter(folder)? { Some((self.last(), name)) } else { None })
    }

    /// Opens a folder; whether it is there.
    fn enter(&mut self, folder: &[u8]) -> io::Result<bool> {
        let names = || folder.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
        let common = self.open.iter().zip(names()).take_while(|((open, _), name)| open == name).count();
        self.open.truncate(common);
        for name in names().skip(common) {
            match fs::openat(self.last(), name, FOLDER, Mode::empty()) {
                Ok(opened) => self.open.push((name.into(), opened)),
                Err(Errno::NOENT) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn last(&self) -> &OwnedFd {
        self.open.last().map_or(&self.top, |(_, folder)| folder)
    }

    /// What is at a path; `None` when nothing is. An error when something else than a folder is above it.
    pub fn see(&mut self, path: &BStr) -> io::Result<Option<Seen>> {
        let Some((folder, name)) = self.parent(path)? else { return Ok(None) };
        see(folder, name)
    }

    /// The bytes of a file that is not a link; `None` when there is none.
    pub fn read(&mut self, path: &BStr) -> io::Result<Option<Vec<u8>>> {
        let Some((folder, name)) = self.parent(path)? else { return Ok(None) };
        let mut file = match fs::openat(folder, name, FILE, Mode::empty()) {
            Ok(file) => std::fs::File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Where a link points.
    pub fn read_link(&mut self, path: &BStr) -> io::Result<Vec<u8>> {
        let Some((folder, name)) = self.parent(path)? else { return Err(io::ErrorKind::NotFound.into()) };
        Ok(fs::readlinkat(folder, name, Vec::new())?.into_bytes())
    }

    /// Writes a file where nothing is, in a folder that is there; what the system says of it then. On failure nothing is there.
    pub fn write(&mut self, path: &BStr, mode: u32, bytes: &[u8]) -> io::Result<Stat> {
        let Some((folder, name)) = self.parent(path)? else { return Err(io::ErrorKind::NotFound.into()) };
        let permissions = Mode::from_raw_mode(mode as _);
        let mut file = std::fs::File::from(fs::openat(folder, name, NEW_FILE, permissions)?);
        let written = file.write_all(bytes).and_then(|()| Ok(Stat::of(&fs::fstat(&file)?)));
        written.inspect_err(|_| {
            let _ = fs::unlinkat(folder, name, AtFlags::empty());
        })
    }

    /// Gives a file the permissions that it had.
    pub fn permit(&mut self, path: &BStr, mode: u32) -> io::Result<()> {
        let Some((folder, name)) = self.parent(path)? else { return Err(io::ErrorKind::NotFound.into()) };
        Ok(fs::chmodat(folder, name, Mode::from_raw_mode((mode & 0o7777) as _), AtFlags::empty())?)
    }

    /// Makes a link where nothing is, in a folder that is there.
    pub fn link(&mut self, path: &BStr, target: &[u8]) -> io::Result<Stat> {
        let Some((folder, name)) = self.parent(path)? else { return Err(io::ErrorKind::NotFound.into()) };
        fs::symlinkat(target, folder, name)?;
        Ok(Stat::of(&fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// Removes a file or a link.
    pub fn remove(&mut self, path: &BStr) -> io::Result<()> {
        let Some((folder, name)) = self.parent(path)? else { return Err(io::ErrorKind::NotFound.into()) };
        Ok(fs::unlinkat(folder, name, AtFlags::empty())?)
    }

    /// Makes the folders that a path needs and that are not there; which those were, outermost first. On failure those that
    /// were made are in `made` all the same.
    pub fn make_parents(&mut self, path: &BStr, made: &mut Vec<BString>) -> io::Result<()> {
        let (folder, _) = split(path);
        for end in folder.find_iter("/").chain(Some(folder.len()).filter(|length| *length > 0)) {
            if !self.enter(&folder[..end])? {
                self.make(folder[..end].as_bstr())?;
                made.push(folder[..end].into());
            }
        }
        Ok(())
    }

    /// Makes a folder in one that is there.
    pub fn make(&mut self, folder: &BStr) -> io::Result<()> {
        let Some((parent, name)) = self.parent(folder)? else { return Err(io::ErrorKind::NotFound.into()) };
        Ok(fs::mkdirat(parent, name, Mode::from_raw_mode(0o777))?)
    }

    /// Removes a folder if nothing is in it; whether it did.
    pub fn remove_folder(&mut self, folder: &BStr) -> bool {
        match self.parent(folder) {
            Ok(Some((parent, name))) => fs::unlinkat(parent, name, AtFlags::REMOVEDIR).is_ok(),
            _ => false,
        }
    }
}

impl Seen {
    /// The mode that a tree would have for it; `None` for what no tree holds as a file.
    pub fn item_mode(&self) -> Option<u32> {
        match self.mode & 0o170_000 {
            0o100_000 if self.mode & 0o100 != 0 => Some(0o100_755),
            0o100_000 => Some(0o100_644),
            0o120_000 => Some(0o120_000),
            _ => None,
        }
    }
}

#[allow(clippy::unnecessary_cast, reason = "a mode is shorter elsewhere")]
fn see(folder: impl AsFd, name: &[u8]) -> io::Result<Option<Seen>> {
    match fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => {
            let size = u64::try_from(stat.st_size).unwrap_or(0);
            Ok(Some(Seen { stat: Stat::of(&stat), size, mode: stat.st_mode as u32 }))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A path as its folder and its last name.
fn split(path: &BStr) -> (&[u8], &[u8]) {
    match path.rfind_byte(b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}
