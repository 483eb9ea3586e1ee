//! What an install or an uninstall is going to do. A plan is made only when nothing stands against it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::change::Change;
use super::{Agent, Error, File};

/// What is going to be done to a skill's folder.
#[derive(Debug)]
pub struct Plan {
    target: PathBuf,
    removed: Vec<PathBuf>,
    written: &'static [File],
    /// Folders that go when they are empty, the deepest first.
    emptied: Vec<PathBuf>,
}

impl Plan {
    /// To install the skill of an agent below `root`; in the place of one that is there, when that is wanted.
    ///
    /// # Errors
    /// Everything that stands against it, before anything is touched.
    pub fn install(agent: Agent, root: &Path, replace: bool) -> Result<Plan, Error> {
        is_directory(root)?;
        let target = agent.folder(root);
        let found = if is_folder(&target)? {
            if !replace {
                return Err(Error::Exists { target });
            }
            Found::in_folder(agent, &target)?
        } else {
            Found::default()
        };
        stays_inside(&target, root)?;
        Ok(Plan { target, removed: found.managed, written: agent.files(), emptied: Vec::new() })
    }

    /// To remove the skill of an agent from below `root`; `None` when it is not there.
    ///
    /// # Errors
    /// Everything that stands against it, before anything is touched.
    pub fn uninstall(agent: Agent, root: &Path) -> Result<Option<Plan>, Error> {
        let target = agent.folder(root);
        if !is_folder(&target)? {
            return Ok(None);
        }
        let Found { managed, folders } = Found::in_folder(agent, &target)?;
        stays_inside(&target, root)?;
        let emptied = folders.into_iter().rev().chain([target.clone()]).collect();
        Ok(Some(Plan { target, removed: managed, written: &[], emptied }))
    }

    /// The folder of the skill.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The files that go, sorted.
    pub fn removed(&self) -> &[PathBuf] {
        &self.removed
    }

    /// The files that come, sorted.
    pub fn written(&self) -> Vec<PathBuf> {
        self.written.iter().map(|(path, _)| self.target.join(path)).collect()
    }

    /// Does all of it.
    ///
    /// # Errors
    /// What the operating system refused; everything is as it was before, then.
    pub fn carry_out(&self) -> Result<(), Error> {
        let mut change = Change::beside(&self.target)?;
        let new = self.written.iter().map(|(path, text)| Ok((self.target.join(path), change.stage(text)?)));
        let new = new.collect::<Result<Vec<_>, Error>>()?;
        for path in self.removed.iter().filter(|path| new.iter().all(|(written, _)| written != *path)) {
            change.remove(path)?;
        }
        for (path, staged) in new {
            change.put(&staged, &path)?;
        }
        change.keep();
        // A folder that has something in it by now stays.
        self.emptied.iter().for_each(|folder| drop(fs::remove_dir(folder)));
        Ok(())
    }
}

/// What a skill's folder holds; nothing that is not the skill's.
#[derive(Default)]
struct Found {
    /// Its files, sorted.
    managed: Vec<PathBuf>,
    /// The folders below it, each after the one that it is in.
    folders: Vec<PathBuf>,
}

impl Found {
    fn in_folder(agent: Agent, target: &Path) -> Result<Found, Error> {
        let managed = agent.files().iter().map(|(path, _)| target.join(path));
        let managed: Vec<_> = managed.filter(|path| path.symlink_metadata().is_ok()).collect();
        for path in &managed {
            let kind = path.symlink_metadata().map_err(Error::io("look at", path))?.file_type();
            if kind.is_symlink() {
                return Err(Error::Link { path: path.clone() });
            } else if !kind.is_file() {
                return Err(Error::NotFile { path: path.clone() });
            }
        }
        let (mut folders, mut others) = (vec![target.to_owned()], Vec::new());
        let mut next = 0;
        while let Some(folder) = folders.get(next).cloned() {
            next += 1;
            for entry in fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
                let path = entry.map_err(Error::io("read", &folder))?.path();
                let kind = path.symlink_metadata().map_err(Error::io("look at", &path))?.file_type();
                if kind.is_dir() {
                    folders.push(path);
                } else if !managed.contains(&path) {
                    others.push(path.strip_prefix(target).unwrap_or(&path).to_owned());
                }
            }
        }
        if !others.is_empty() {
            others.sort();
            return Err(Error::Unmanaged { target: target.to_owned(), paths: others });
        }
        folders.remove(0);
        Ok(Found { managed, folders })
    }
}

fn is_directory(root: &Path) -> Result<(), Error> {
    if here(root).is_dir() { Ok(()) } else { Err(Error::NoRoot { path: root.to_owned() }) }
}

/// Whether there is a folder; anything else in its place is refused.
fn is_folder(target: &Path) -> Result<bool, Error> {
    let path = || target.to_owned();
    match target.symlink_metadata() {
        Ok(found) if found.is_symlink() => Err(Error::Link { path: path() }),
        Ok(found) if !found.is_dir() => Err(Error::NotFolder { path: path() }),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        // Something above it is no folder; what is found there is named by `stays_inside`.
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(Error::io("look at", target)(error)),
    }
}

/// Symbolic links above the folder must not lead out of the root.
fn stays_inside(target: &Path, root: &Path) -> Result<(), Error> {
    let root = here(root).canonicalize().map_err(Error::io("look at", root))?;
    let above = target.ancestors().find(|path| here(path).symlink_metadata().is_ok()).unwrap_or(target);
    let resolved = here(above).canonicalize();
    match resolved {
        Ok(resolved) if !resolved.starts_with(&root) => Err(Error::Outside { target: target.to_owned(), root }),
        Ok(resolved) if !resolved.is_dir() => Err(Error::NotFolder { path: above.to_owned() }),
        Ok(_) => Ok(()),
        // A link to nowhere.
        Err(_) => Err(Error::Link { path: above.to_owned() }),
    }
}

/// The empty path is the current directory.
fn here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}
