//! The files of the steps written and removed, and put back.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use super::folders::Folders;
use super::{Error, Step, id};
use crate::apply::Obstacle;
use crate::git::index::Stat;
use crate::git::{Error as GitError, Kind, Objects, TreeItem};

/// The steps, and how far they were taken.
pub(super) struct Files<'a> {
    steps: Vec<Step>,
    folders: Folders,
    objects: &'a Objects,
    top: &'a Path,
    done: Vec<Done>,
}

/// What was done, for the way back.
enum Done {
    /// The file of a step was removed.
    Removed(usize),
    /// The file of a step was written, where nothing was by then.
    Written(usize),
    /// A folder was made.
    Made(BString),
    /// A folder in which nothing was left was removed.
    Emptied(BString),
}

impl<'a> Files<'a> {
    pub(super) fn new(steps: Vec<Step>, folders: Folders, objects: &'a Objects, top: &'a Path) -> Files<'a> {
        Files { steps, folders, objects, top, done: Vec::new() }
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Removes what goes, then writes what comes; what the system says of each step's file, zeros where none was written.
    pub(super) fn write(&mut self) -> Result<Vec<Stat>, Error> {
        for number in 0..self.steps.len() {
            if self.steps[number].file.is_none() && self.steps[number].writes() {
                self.remove(number)?;
            }
        }
        self.remove_emptied();
        let mut stats = vec![Stat::default(); self.steps.len()];
        for (number, stat) in stats.iter_mut().enumerate() {
            let Some(item) = self.steps[number].file.clone().filter(|_| self.steps[number].writes()) else { continue };
            // Read before the old file goes.
            let bytes = self.objects.read_kind(id(&item.id)?, Kind::Blob)?;
            if self.steps[number].old.is_some() {
                self.remove(number)?;
            } else {
                self.make_parents(number)?;
            }
            let path = self.steps[number].path.as_bstr();
            *stat =
                written(&mut self.folders, path, &item, &bytes).map_err(io_error("cannot write", self.top, path))?;
            self.done.push(Done::Written(number));
        }
        Ok(stats)
    }

    /// Removes the file of a step, if it is still the one that was looked at.
    fn remove(&mut self, number: usize) -> Result<(), Error> {
        let Step { path, seen, .. } = &self.steps[number];
        let path = path.as_bstr();
        let now = self.folders.see(path).map_err(io_error("cannot look at", self.top, path))?;
        if now != *seen {
            return Err(Error::InTheWay(vec![Obstacle { path: path.into(), what: "was changed just now" }]));
        }
        self.folders.remove(path).map_err(io_error("cannot remove", self.top, path))?;
        self.done.push(Done::Removed(number));
        Ok(())
    }

    fn make_parents(&mut self, number: usize) -> Result<(), Error> {
        let path = self.steps[number].path.as_bstr();
        let mut made = Vec::new();
        let result =
            self.folders.make_parents(path, &mut made).map_err(io_error("cannot make the folder of", self.top, path));
        self.done.extend(made.into_iter().map(Done::Made));
        result
    }

    /// Folders in which nothing is left go, too, but for the one that somebody stands in.
    fn remove_emptied(&mut self) {
        let folder = |path: &[u8]| path.rfind_byte(b'/').map(|at| BString::from(&path[..at]));
        let gone = self.steps.iter().filter(|step| step.old.is_some() && step.file.is_none());
        let mut emptied: BTreeSet<BString> = gone.filter_map(|step| folder(&step.path)).collect();
        let here = stood_in(self.top);
        // The last of them is the deepest of its kind.
        while let Some(path) = emptied.pop_last() {
            if !here.contains(&path) && self.folders.remove_folder(path.as_bstr()) {
                emptied.extend(folder(&path));
                self.done.push(Done::Emptied(path));
            }
        }
    }

    /// Puts everything back as it was. Goes on to the end, and then tells of the first file that could not be.
    pub(super) fn put_back(&mut self) -> Result<(), Error> {
        let mut first = Ok(());
        while let Some(done) = self.done.pop() {
            let back = self.back(&done);
            first = first.and(back);
        }
        first
    }

    fn back(&mut self, done: &Done) -> Result<(), Error> {
        match done {
            Done::Written(number) => {
                let path = self.steps[*number].path.as_bstr();
                self.folders.remove(path).map_err(io_error("cannot remove", self.top, path))?;
            }
            Done::Made(folder) => drop(self.folders.remove_folder(folder.as_bstr())),
            Done::Emptied(folder) => {
                self.folders.make(folder.as_bstr()).map_err(io_error("cannot put back", self.top, folder.as_bstr()))?;
            }
            Done::Removed(number) => {
                let Step { path, old: Some(old), seen, .. } = &self.steps[*number] else { return Ok(()) };
                let path = path.as_bstr();
                let bytes = self.objects.read_kind(id(&old.id)?, Kind::Blob)?;
                let put = written(&mut self.folders, path, old, &bytes);
                let put = put.and_then(|_| match seen {
                    Some(seen) if !old.is_symlink() => self.folders.permit(path, seen.mode),
                    _ => Ok(()),
                });
                put.map_err(io_error("cannot put back", self.top, path))?;
            }
        }
        Ok(())
    }
}

/// Writes an item of a tree where nothing is.
fn written(folders: &mut Folders, path: &BStr, item: &TreeItem, bytes: &[u8]) -> io::Result<Stat> {
    match item.mode {
        0o120_000 => folders.link(path, bytes),
        0o100_755 => folders.write(path, 0o777, bytes),
        _ => folders.write(path, 0o666, bytes),
    }
}

/// The folders of the work tree that this process, and whoever started it, are in.
fn stood_in(top: &Path) -> Vec<BString> {
    let shell = std::env::var_os("PWD").and_then(|folder| Path::new(&folder).canonicalize().ok());
    let folders = std::env::current_dir().ok().into_iter().chain(shell);
    let inside = folders.filter_map(|folder| Some(folder.strip_prefix(top).ok()?.to_owned()));
    inside.map(|folder| folder.into_os_string().into_encoded_bytes().into()).collect()
}

fn io_error(what: &'static str, top: &Path, path: &BStr) -> impl FnOnce(io::Error) -> Error + use<> {
    let file = top.join(path.to_path_lossy());
    move |error| GitError::io(what, file)(error).into()
}
