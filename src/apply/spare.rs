//! What a switch of the work tree replaces, kept aside until all of it went well.
//!
//! Files are kept with the bytes that they have on disk, which line endings and filters may make other than what git
//! would write: taking a failed apply back must not change a file that was only looked at.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Error;
use crate::git::Error as GitError;

/// Files that are about to change, and where they are kept meanwhile.
#[derive(Debug)]
pub struct Spare {
    folder: PathBuf,
    /// The top of the work tree, below which all files are.
    top: PathBuf,
    seen: HashSet<PathBuf>,
    /// Each file that is there, and its copy.
    kept: Vec<(PathBuf, PathBuf)>,
    /// What is not there yet, to be removed on the way back.
    new: Vec<PathBuf>,
    /// Folders that are not there yet, outermost first.
    folders: Vec<PathBuf>,
}

impl Spare {
    /// Nothing of the work tree at `top` yet; copies go to a folder that is made in `place`.
    pub fn in_folder(place: &Path, top: &Path) -> Result<Spare, Error> {
        let folder = place.join("spare");
        fs::create_dir_all(&folder).map_err(GitError::io("cannot make", &folder))?;
        Ok(Spare {
            folder,
            top: top.to_owned(),
            seen: HashSet::new(),
            kept: Vec::new(),
            new: Vec::new(),
            folders: Vec::new(),
        })
    }

    /// Keeps what is at `file`, or notes that nothing is. What was kept before stays.
    pub fn keep(&mut self, file: &Path) -> Result<(), Error> {
        if !self.seen.insert(file.to_owned()) {
            return Ok(());
        }
        let missing = file.ancestors().skip(1).take_while(|folder| *folder != self.top && !is_folder(folder));
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        self.folders.extend(missing.into_iter().rev());
        let copy = self.folder.join(self.kept.len().to_string());
        match file.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) if self.is_inside(file) => {
                copy_of(file, &copy, &metadata).map_err(GitError::io("cannot keep a copy of", file))?;
                self.kept.push((file.to_owned(), copy));
            }
            // What lies behind a link is none of the work tree's.
            _ => self.new.push(file.to_owned()),
        }
        Ok(())
    }

    /// Puts everything back as it was. Goes on to the end, and then tells of the first file that could not be.
    pub fn put_back(&self) -> Result<(), Error> {
        for file in self.new.iter().filter(|file| self.is_inside(file)) {
            // A name that could not even be written is not there to be removed.
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
        let mut first = Ok(());
        for (file, copy) in &self.kept {
            let put = put(file, copy).map_err(GitError::io("cannot put back", file));
            first = first.and(put.map_err(Error::from));
        }
        first
    }

    /// Whether all folders of a file are folders, and not links to somewhere else.
    fn is_inside(&self, file: &Path) -> bool {
        file.ancestors().skip(1).take_while(|folder| *folder != self.top).all(is_folder)
    }
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// A hard link would be cheaper, but changes the file's ctime, from which git concludes that the file was changed.
fn copy_of(file: &Path, copy: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_symlink() {
        return link(&fs::read_link(file)?, copy);
    }
    fs::copy(file, copy)?;
    // Only spares the next `git status` a look at the content.
    let times = fs::File::options().append(true).open(copy).and_then(|kept| kept.set_modified(metadata.modified()?));
    drop(times);
    Ok(())
}

fn put(file: &Path, copy: &Path) -> io::Result<()> {
    if is_folder(file) {
        fs::remove_dir(file)?;
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::rename(copy, file).is_ok() {
        return Ok(());
    }
    let metadata = copy.symlink_metadata()?;
    let _ = fs::remove_file(file);
    if metadata.is_symlink() { link(&fs::read_link(copy)?, file) } else { fs::copy(copy, file).map(drop) }
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
