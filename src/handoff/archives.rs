//! `sessions/`: the archived handoffs, of which there may be thousands.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::history::{History, SESSIONS, Unreadable, readable};
use super::stage;

/// The archived handoffs by name.
#[derive(Debug)]
pub struct Archives {
    /// By name, whether it was seen to be a plain file.
    names: BTreeMap<String, bool>,
    /// Of those that were decided on and not yet moved to their place, the folder and what their names begin with there.
    committed: Option<(PathBuf, String)>,
    folder: Option<Folder>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Open, where that is possible: names are found faster from there.
    #[cfg(unix)]
    handle: Option<std::os::fd::OwnedFd>,
}

impl Archives {
    /// Of a history; none where there is no folder.
    pub(super) fn of(history: &History) -> Archives {
        let committed = history.folder().join(stage::COMMITTED);
        let committed = committed.is_dir().then(|| (committed, stage::flat(&format!("{SESSIONS}/"))));
        let folder = Folder::open(history.path(SESSIONS));
        let in_place = folder.iter().flat_map(|folder| names_in(&folder.path));
        let decided = committed.iter().flat_map(|(folder, prefix)| {
            names_in(folder)
                .filter_map(|(name, is_file)| Some((name.strip_prefix(prefix.as_str())?.to_owned(), is_file)))
        });
        let names = in_place.chain(decided).filter(|(name, _)| name.ends_with(".md")).collect();
        Archives { names, committed, folder }
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The text of one.
    ///
    /// # Errors
    /// As those of [`History::text`].
    pub fn text(&self, name: &str) -> Result<String, Unreadable> {
        let decided =
            self.committed.as_ref().and_then(|(folder, prefix)| fs::read(folder.join(format!("{prefix}{name}"))).ok());
        let in_place = || match &self.folder {
            Some(folder) => folder.read(name, self.names.get(name).copied().unwrap_or_default()),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let read = decided.map_or_else(in_place, Ok);
        readable(read)
    }
}

/// The names in a folder, and whether each is a plain file's.
fn names_in(folder: &Path) -> impl Iterator<Item = (String, bool)> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| {
        let entry = entry.ok()?;
        // A name that is no text is told as one that is not there.
        let name = entry.file_name().to_string_lossy().into_owned();
        Some((name, entry.file_type().is_ok_and(|kind| kind.is_file())))
    })
}

impl Folder {
    fn open(path: PathBuf) -> Option<Folder> {
        if !path.is_dir() {
            return None;
        }
        #[cfg(unix)]
        let handle = fs::File::open(&path).ok().map(Into::into);
        Some(Folder {
            path,
            #[cfg(unix)]
            handle,
        })
    }

    #[cfg(unix)]
    fn read(&self, name: &str, is_file: bool) -> io::Result<Vec<u8>> {
        use rustix::fs::{Mode, OFlags, openat};

        let Some(handle) = &self.handle else { return fs::read(self.path.join(name)) };
        // A pipe must not be waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = fs::File::from(openat(handle, name, flags, Mode::empty())?);
        if !is_file && !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, NO_FILE));
        }
        let mut bytes = Vec::with_capacity(USUAL);
        loop {
            bytes.reserve(USUAL / 2);
            match rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes)) {
                Ok(0) => return Ok(bytes),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    #[cfg(not(unix))]
    fn read(&self, name: &str, _is_file: bool) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }
}

const NO_FILE: &str = "it is no file";

/// Few handoffs have more bytes.
#[cfg(unix)]
const USUAL: usize = 8 << 10;
