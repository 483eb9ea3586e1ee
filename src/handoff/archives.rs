//! `sessions/`: the archived handoffs, of which there may be thousands.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::history::{History, SESSIONS, Unreadable, text_of};
use super::stage;

/// The archived handoffs by name.
#[derive(Debug)]
pub struct Archives {
    /// By name, whether it was seen to be a plain file; looked up when somebody asks.
    names: OnceLock<HashMap<String, bool>>,
    /// The folder of those that were decided on and not yet moved to their place.
    committed: Option<PathBuf>,
    folder: Option<Folder>,
    /// Whether the folder is a link, and what is in it another's.
    is_linked: bool,
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
        let committed = Some(committed).filter(|committed| committed.is_dir());
        let folder = Folder::open(history.path(SESSIONS));
        let is_linked = folder.as_ref().is_some_and(|folder| folder.path.is_symlink());
        Archives { names: OnceLock::new(), committed, folder, is_linked }
    }

    fn all(&self) -> &HashMap<String, bool> {
        self.names.get_or_init(|| {
            let in_place = self.folder.iter().flat_map(|folder| names_in(&folder.path));
            let decided = self.committed.iter().flat_map(|folder| names_in(folder));
            let decided = decided.filter_map(|(name, is_file)| Some((stage::archive(&name)?, is_file)));
            let names: Vec<_> = in_place.chain(decided).filter(|(name, _)| name.ends_with(".md")).collect();
            // All at once, so that the map need not grow.
            names.into_iter().collect()
        })
    }

    /// Their names, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.all().keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Whether it was seen that there is a plain file of that name, in the history's own folder.
    pub fn has_plain(&self, name: &str) -> bool {
        self.committed.is_none() && !self.is_linked && self.all().get(name).copied().unwrap_or_default()
    }

    /// The text of one, which is read into the buffer.
    ///
    /// # Errors
    /// As those of [`History::text`].
    pub fn text<'b>(&self, name: &str, buffer: &'b mut Vec<u8>) -> Result<Cow<'b, str>, Unreadable> {
        let decided = |folder: &PathBuf| fs::read(folder.join(stage::flat(&format!("{SESSIONS}/{name}")))).ok();
        let decided = self.committed.as_ref().and_then(decided);
        match (decided, &self.folder) {
            (Some(bytes), _) => *buffer = bytes,
            (None, Some(folder)) => {
                let is_file = self.all().get(name).copied().unwrap_or_default();
                folder.read(name, is_file, buffer).map_err(Unreadable::of)?;
            }
            (None, None) => return Err(Unreadable::of(io::ErrorKind::NotFound.into())),
        }
        text_of(buffer).ok_or_else(Unreadable::no_text)
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
    fn read(&self, name: &str, is_file: bool, buffer: &mut Vec<u8>) -> io::Result<()> {
        use rustix::fs::{Mode, OFlags, openat};

        let Some(handle) = &self.handle else { return self.read_by_path(name, buffer) };
        // A pipe must not be waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = fs::File::from(openat(handle, name, flags, Mode::empty())?);
        if !is_file && !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, NO_FILE));
        }
        buffer.clear();
        loop {
            buffer.reserve(USUAL);
            match rustix::io::read(&file, rustix::buffer::spare_capacity(buffer)) {
                Ok(0) => return Ok(()),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    #[cfg(not(unix))]
    fn read(&self, name: &str, _is_file: bool, buffer: &mut Vec<u8>) -> io::Result<()> {
        self.read_by_path(name, buffer)
    }

    fn read_by_path(&self, name: &str, buffer: &mut Vec<u8>) -> io::Result<()> {
        *buffer = fs::read(self.path.join(name))?;
        Ok(())
    }
}

const NO_FILE: &str = "it is no file";

/// Few handoffs have more bytes.
#[cfg(unix)]
const USUAL: usize = 8 << 10;
