//! The lock on the person's index.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use crate::git::Error as GitError;

/// git's own lock on an index: the file `index.lock`, made by whoever is first.
pub struct IndexLock {
    /// The lock file.
    pub path: PathBuf,
    index: PathBuf,
    /// Open for writing, until it has become the index.
    file: Option<fs::File>,
    /// Once the lock has become the index, a file of that name would be somebody else's lock.
    is_held: bool,
}

impl IndexLock {
    /// Takes the lock of `index`, or says who has it. Of a link, what it leads to is locked and replaced, as git does it.
    pub fn take(index: &Path) -> Result<IndexLock, Error> {
        let target = if index.is_symlink() { index.canonicalize().ok() } else { None };
        let index = target.unwrap_or_else(|| index.to_owned());
        let mut name = index.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        match fs::File::create_new(&path) {
            Ok(file) => Ok(IndexLock { path, index, file: Some(file), is_held: true }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::IndexLocked { lock: path }),
            Err(error) => Err(GitError::io("cannot make", path)(error).into()),
        }
    }

    /// Writes what is to be the index.
    pub fn write(&mut self, write: impl FnOnce(&mut fs::File) -> std::io::Result<()>) -> Result<(), Error> {
        let written = self.file.as_mut().map_or(Ok(()), write);
        Ok(written.map_err(GitError::io("cannot write", &self.path))?)
    }

    /// The lock file becomes the index, in one rename.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.file = None;
        fs::rename(&self.path, &self.index).map_err(GitError::io("cannot write", &self.index))?;
        self.is_held = false;
        Ok(())
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        self.file = None;
        if self.is_held {
            let _ = fs::remove_file(&self.path);
        }
    }
}
