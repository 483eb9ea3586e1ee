//! A change of several files that happens whole or not at all: new ones are complete on disk before the first is moved
//! to its place, old ones are kept until the last is.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Error;
use crate::session::atomic;

/// A change under way. Dropped before [`Change::keep`], it is taken back.
pub(super) struct Change {
    /// What was done so far, in order.
    steps: Vec<Step>,
    staging: PathBuf,
    staged: usize,
}

enum Step {
    /// A folder was made.
    Folder(PathBuf),
    /// A folder for new and old files was made; it goes when this is dropped.
    Staging(#[allow(dead_code, reason = "held to be dropped")] TempDir),
    /// A file came where there was none.
    Came(PathBuf),
    /// A file went, or another came in its place; the old one is kept at `kept`.
    Went { path: PathBuf, kept: PathBuf },
}

impl Change {
    /// Begins a change in `folder`. What is staged lies beside that folder, so that a crash leaves nothing in it.
    pub(super) fn beside(folder: &Path) -> Result<Change, Error> {
        let mut change = Change { steps: Vec::new(), staging: PathBuf::new(), staged: 0 };
        let parent = atomic::parent(folder);
        change.make_folder(parent)?;
        let staging = tempfile::Builder::new().prefix(".glue-").suffix(".tmp").tempdir_in(parent);
        // The error would name the temporary folder, which nobody knows.
        let staging = staging.map_err(|error| Error::io("write to", parent)(error.kind().into()))?;
        change.staging = staging.path().to_owned();
        change.steps.push(Step::Staging(staging));
        Ok(change)
    }

    /// Writes a new file, complete and on disk, that has no place yet.
    pub(super) fn stage(&mut self, text: &str) -> Result<PathBuf, Error> {
        let path = self.next_staged();
        let write = || {
            let mut file = fs::File::create_new(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(Error::io("write", &path))?;
        Ok(path)
    }

    /// Moves a staged file to its place, and makes the folders above it.
    pub(super) fn put(&mut self, staged: &Path, path: &Path) -> Result<(), Error> {
        self.make_folder(atomic::parent(path))?;
        let kept = self.keep_a_copy(path)?;
        atomic::rename(staged, path).map_err(Error::io("write", path))?;
        self.steps.push(match kept {
            Some(kept) => Step::Went { path: path.to_owned(), kept },
            None => Step::Came(path.to_owned()),
        });
        Ok(())
    }

    /// Removes a file.
    pub(super) fn remove(&mut self, path: &Path) -> Result<(), Error> {
        let kept = self.keep_a_copy(path)?;
        atomic::remove(path).map_err(Error::io("remove", path))?;
        self.steps.extend(kept.map(|kept| Step::Went { path: path.to_owned(), kept }));
        Ok(())
    }

    /// Nothing is taken back any more.
    pub(super) fn keep(mut self) {
        self.steps.clear();
    }

    fn make_folder(&mut self, folder: &Path) -> Result<(), Error> {
        let missing: Vec<_> = folder.ancestors().take_while(|path| is_missing(path)).collect();
        for path in missing.into_iter().rev() {
            match fs::create_dir(path) {
                Ok(()) => self.steps.push(Step::Folder(path.to_owned())),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("make", path)(error)),
            }
        }
        Ok(())
    }

    /// Where a file that is going to go can still be found; `None` when there is none.
    fn keep_a_copy(&mut self, path: &Path) -> Result<Option<PathBuf>, Error> {
        let kept = self.next_staged();
        let error = match fs::hard_link(path, &kept) {
            Ok(()) => return Ok(Some(kept)),
            Err(error) => error,
        };
        if error.kind() == ErrorKind::NotFound {
            return Ok(None);
        }
        // A file system, or a kernel, that has no second name for this file.
        fs::copy(path, &kept).map_err(Error::io("copy", path))?;
        Ok(Some(kept))
    }

    fn next_staged(&mut self) -> PathBuf {
        self.staged += 1;
        self.staging.join(self.staged.to_string())
    }
}

impl Drop for Change {
    /// Nobody can be told of a step that cannot be taken back: the error that led here is on its way.
    fn drop(&mut self) {
        while let Some(step) = self.steps.pop() {
            let _ = match step {
                Step::Folder(path) => fs::remove_dir(path),
                Step::Came(path) => fs::remove_file(path),
                Step::Went { path, kept } => fs::rename(kept, path),
                Step::Staging(_) => Ok(()),
            };
        }
    }
}

fn is_missing(path: &Path) -> bool {
    !path.as_os_str().is_empty() && path.symlink_metadata().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_taken_back() -> Result<(), Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        let folder = place.path().join("skills/one");
        fs::create_dir_all(&folder)?;
        let [old, gone, new] = ["old", "gone", "deep/new"].map(|name| folder.join(name));
        fs::write(&old, "1")?;
        fs::write(&gone, "2")?;
        let change_all = || -> Result<Change, Error> {
            let mut change = Change::beside(&folder)?;
            let (first, second) = (change.stage("3")?, change.stage("4")?);
            change.put(&first, &old)?;
            change.remove(&gone)?;
            change.put(&second, &new)?;
            Ok(change)
        };
        drop(change_all()?);
        assert_eq!((fs::read(&old)?, fs::read(&gone)?), (b"1".to_vec(), b"2".to_vec()));
        assert_eq!((fs::read_dir(&folder)?.count(), fs::read_dir(place.path().join("skills"))?.count()), (2, 1));
        change_all()?.keep();
        assert_eq!((fs::read(&old)?, gone.exists(), fs::read(&new)?), (b"3".to_vec(), false, b"4".to_vec()));
        assert_eq!(fs::read_dir(place.path().join("skills"))?.count(), 1);
        Ok(())
    }
}
