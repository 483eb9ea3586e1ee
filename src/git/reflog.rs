//! Reflogs: which refs have one, and the lines in them; see git-reflog(1) and `core.logAllRefUpdates` of git-config(1).

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use bstr::BString;
use gix::ObjectId;

use super::config::Config;
use super::{Error, Repo};

/// Which refs are given a reflog when they have none. One that is there is always written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logs {
    /// None.
    None,
    /// Branches, remote branches, notes and HEAD.
    Customary,
    /// Every ref.
    All,
}

impl Logs {
    /// What is configured; a bare repository has none by default.
    pub(super) fn of(config: &Config, is_bare: bool) -> Logs {
        const KEY: &str = "core.logAllRefUpdates";
        match config.string(KEY) {
            Some(value) if value.eq_ignore_ascii_case(b"always") => Logs::All,
            Some(_) if config.boolean(KEY) == Some(true) => Logs::Customary,
            None if !is_bare => Logs::Customary,
            _ => Logs::None,
        }
    }

    /// The reflog of a ref, if it has one or is to have one; `forced` asks for one whatever is configured.
    pub(super) fn of_ref(self, repo: &Repo, name: &str, forced: bool) -> Option<Reflog> {
        let has_customarily = || {
            let folders = ["refs/heads/", "refs/remotes/", "refs/notes/"];
            name == "HEAD" || folders.iter().any(|folder| name.starts_with(folder))
        };
        let folder = repo.ref_dir(name).join("logs");
        let path = folder.join(name);
        let make = forced || self == Logs::All || (self == Logs::Customary && has_customarily());
        (make || path.symlink_metadata().is_ok()).then_some(Reflog { path, folder, make, file: None })
    }
}

/// A reflog that is to be written to, or to go with its ref.
pub(super) struct Reflog {
    path: PathBuf,
    /// The folder of all reflogs.
    folder: PathBuf,
    make: bool,
    file: Option<File>,
}

impl Reflog {
    /// Opens it, made if it was not there.
    pub(super) fn open(&mut self) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent().filter(|_| self.make) {
            fs::create_dir_all(folder)?;
        }
        self.file = Some(File::options().append(true).create(self.make).open(&self.path)?);
        Ok(())
    }

    /// Adds a line; a ref that was not there, or no more is, is told as zeros.
    pub(super) fn append(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        committer: &BString,
        message: &str,
    ) -> Result<(), Error> {
        let Some(kind) = old.or(new).map(|id| id.kind()) else { return Ok(()) };
        let hex = |id: Option<ObjectId>| id.unwrap_or_else(|| kind.null()).to_string();
        let message = one_line(message);
        let tab = if message.is_empty() { "" } else { "\t" };
        let line = bstr::concat([
            format!("{} {} ", hex(old), hex(new)).as_bytes(),
            committer,
            tab.as_bytes(),
            message.as_bytes(),
            b"\n",
        ]);
        // In one write, so that no other process's line gets in between.
        self.file
            .as_ref()
            .map_or(Ok(()), |mut file| file.write_all(&line))
            .map_err(Error::io("cannot write", &self.path))
    }

    /// Removes it, and folders that it leaves empty; those of all branches and their like stay.
    pub(super) fn remove(self) -> Result<(), Error> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("cannot remove", self.path)(error));
            }
            _ => {}
        }
        let parents = self.path.ancestors().skip(1);
        let depth = self.folder.components().count() + 2;
        let emptied = parents.take_while(|folder| folder.components().count() > depth);
        let _ = emptied.into_iter().try_for_each(fs::remove_dir);
        Ok(())
    }
}

/// A message as one line: every run of blanks is one space.
fn one_line(message: &str) -> String {
    let words = message.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
