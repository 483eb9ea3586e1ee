//! The lock on the person's index.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use crate::git::Error as GitError;

/// git's own lock on an index: the file `index.lock`, made by whoever is first.
pub struct IndexLock {
    /// The lock file.
    pub path: PathBuf,
    /// Once the lock has become the index, a file of that name would be somebody else's lock.
    pub is_held: bool,
}

impl IndexLock {
    /// Takes the lock of `index`, or says who has it.
    pub fn take(index: &Path) -> Result<IndexLock, Error> {
        let mut name = index.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        match fs::File::create_new(&path) {
            Ok(_) => Ok(IndexLock { path, is_held: true }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::IndexLocked { lock: path }),
            Err(error) => Err(GitError::io("cannot make", path)(error).into()),
        }
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        if self.is_held {
            let _ = fs::remove_file(&self.path);
        }
    }
}
