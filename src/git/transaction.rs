//! Moving refs: all of a list or none, with reflogs, as `git update-ref --stdin` and `git symbolic-ref` do it.
//!
//! Where refs lie in plain files it is done here: every ref is locked, compared with what it must be, written beside itself, and only
//! when all are ready do they take their places. Whatever is not as expected until then (a lock that somebody holds, another value, a
//! name in the way, a packed ref to be removed) is handed to git, which decides anew and has the words for a refusal.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bstr::{BStr, BString};
use gix::ObjectId;
use gix::lock::acquire::Fail;

use super::config::Durable;
use super::reflog::{Logs, Reflog};
use super::refs::Held;
use super::{Error, Repo, process};

/// One ref, and what becomes of it. Ids are full hex. `HEAD` means HEAD itself, not the branch that it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefMove {
    /// Makes a ref that must not be there.
    Create {
        /// Its full name.
        name: String,
        /// The object.
        to: String,
    },
    /// Moves a ref, or makes it.
    Set {
        /// Its full name.
        name: String,
        /// The object.
        to: String,
        /// What it must be before; anything, or nothing, when `None`.
        from: Option<String>,
    },
    /// Removes a ref and its reflog.
    Delete {
        /// Its full name.
        name: String,
        /// What it must be before; anything when `None`.
        from: Option<String>,
    },
}

impl RefMove {
    fn name(&self) -> &str {
        match self {
            RefMove::Create { name, .. } | RefMove::Set { name, .. } | RefMove::Delete { name, .. } => name,
        }
    }

    /// As a line for `git update-ref --stdin`.
    fn line(&self) -> String {
        let option = if self.name() == "HEAD" { "option no-deref\n" } else { "" };
        let line = match self {
            RefMove::Create { name, to } => format!("create {name} {to}"),
            RefMove::Set { name, to, from } => format!("update {name} {to} {}", from.as_deref().unwrap_or_default()),
            RefMove::Delete { name, from } => format!("delete {name} {}", from.as_deref().unwrap_or_default()),
        };
        format!("{option}{}\n", line.trim_end())
    }
}

impl Repo {
    /// Moves all of these refs, or none. With `logged` each gets a reflog, even where there is none by custom.
    pub fn move_refs(&self, moves: &[RefMove], message: &str, logged: bool) -> Result<(), Error> {
        if let Some(ready) = self.prepare(moves, logged)? {
            return ready.commit(message);
        }
        self.move_refs_by_git(moves, message, logged)
    }

    fn move_refs_by_git(&self, moves: &[RefMove], message: &str, logged: bool) -> Result<(), Error> {
        let lines: String = moves.iter().map(RefMove::line).collect();
        let mut git = self.git("update-ref");
        if !message.is_empty() {
            git = git.args(["-m", message]);
        }
        if logged {
            git = git.arg("--create-reflog");
        }
        git.arg("--stdin").input(format!("start\n{lines}prepare\ncommit\n")).run()
    }

    /// Puts HEAD on another branch, which need not be there; in place of a detached HEAD, too.
    pub fn point_head(&self, branch: &str, message: &str) -> Result<(), Error> {
        if let Some(ready) = self.prepare_head(branch)? {
            return ready.commit(message);
        }
        self.git("symbolic-ref").args(["-m", message, "HEAD", branch]).run()
    }

    /// Everything up to the first change. `None` where it is git's to do, or to refuse.
    fn prepare(&self, moves: &[RefMove], logged: bool) -> Result<Option<Ready>, Error> {
        process::may_go_on()?;
        let Some(committer) = self.may_move_refs()? else { return Ok(None) };
        let config = self.settings()?;
        let (logs, sync) = (Logs::of(config, self.work_tree.is_none()), config.syncs(Durable::Reference));
        let head = match self.held("HEAD") {
            Some(Some(Held::Name(branch))) => Some(branch),
            Some(Some(Held::Id(_))) => None,
            _ => return Ok(None),
        };
        let mut ready = Ready { changes: Vec::new(), committer, sync };
        let mut sorted: Vec<&RefMove> = moves.iter().collect();
        sorted.sort_by_key(|change| change.name());
        for change in sorted {
            let Some(prepared) = self.prepare_one(change, logs, logged) else { return Ok(None) };
            // The reflog of HEAD tells of its branch, too.
            if head.as_deref() == Some(change.name()) {
                let Some(lock) = lock(&self.git_dir, "HEAD").filter(|_| prepared.new != New::Nothing) else {
                    return Ok(None);
                };
                let log = logs.of_ref(self, "HEAD", false);
                let Prepared { old, new_id, .. } = prepared;
                ready.changes.push(Prepared {
                    path: self.git_dir.join("HEAD"),
                    lock,
                    old,
                    new_id,
                    new: New::Same,
                    log,
                });
            }
            ready.changes.push(prepared);
        }
        Ok(ready.written())
    }

    fn prepare_one(&self, change: &RefMove, logs: Logs, logged: bool) -> Option<Prepared> {
        let name = change.name();
        let is_name = name == "HEAD" || gix::validate::reference::name(BStr::new(name)).is_ok();
        if !is_name || (name != "HEAD" && !name.starts_with("refs/")) {
            return None;
        }
        if !self.has_room(name) {
            return None;
        }
        let lock = lock(self.ref_dir(name), name)?;
        let held = self.held(name)?;
        let old = match &held {
            // HEAD itself is meant, wherever it leads.
            Some(Held::Name(_)) if name == "HEAD" => self.ref_id(name)?,
            Some(Held::Name(_)) => return None,
            Some(Held::Id(id)) => Some(*id),
            None => None,
        };
        let id = |hex: &str| ObjectId::from_hex(hex.as_bytes()).ok();
        let (fits, new) = match change {
            RefMove::Create { to, .. } => (old.is_none(), New::Id(id(to)?)),
            RefMove::Set { to, from: None, .. } => (true, New::Id(id(to)?)),
            RefMove::Set { to, from: Some(from), .. } => (old == Some(id(from)?), New::Id(id(to)?)),
            RefMove::Delete { from: None, .. } => (old.is_some(), New::Nothing),
            RefMove::Delete { from: Some(from), .. } => (old == Some(id(from)?), New::Nothing),
        };
        let is_packed = || self.is_packed(name).unwrap_or(true);
        if !fits || (new == New::Nothing && is_packed()) {
            return None;
        }
        let new_id = if let New::Id(id) = &new { Some(*id) } else { None };
        // What stays as it is is not told.
        let new = if new_id.is_some() && held == new_id.map(Held::Id) { New::Same } else { new };
        let log = if new == New::Same { None } else { logs.of_ref(self, name, logged) };
        Some(Prepared { path: self.ref_dir(name).join(name), lock, old, new_id, new, log })
    }

    fn prepare_head(&self, branch: &str) -> Result<Option<Ready>, Error> {
        process::may_go_on()?;
        let Some(committer) = self.may_move_refs()? else { return Ok(None) };
        let config = self.settings()?;
        let (logs, sync) = (Logs::of(config, self.work_tree.is_none()), config.syncs(Durable::Reference));
        let is_branch = branch.starts_with("refs/heads/") && gix::validate::reference::name(BStr::new(branch)).is_ok();
        let Some(lock) = lock(&self.git_dir, "HEAD").filter(|_| is_branch) else { return Ok(None) };
        let (Some(old), Some(new_id)) = (self.ref_id("HEAD"), self.ref_id(branch)) else { return Ok(None) };
        // Of a branch that is yet to be made, there is nothing to tell.
        let log = if new_id.is_some() { logs.of_ref(self, "HEAD", false) } else { None };
        let path = self.git_dir.join("HEAD");
        let change = Prepared { path, lock, old, new_id, new: New::Name(branch.to_owned()), log };
        Ok(Ready { changes: vec![change], committer, sync }.written())
    }

    /// Who is to stand in the reflogs, if refs may be moved here.
    fn may_move_refs(&self) -> Result<Option<BString>, Error> {
        let config = self.settings()?;
        // Modes of files, and links in the place of files.
        let is_odd = ["core.sharedRepository", "core.preferSymlinkRefs", "core.filesRefLockTimeout"];
        if !self.has_plain_refs()? || is_odd.iter().any(|key| config.string(key).is_some()) {
            return Ok(None);
        }
        self.committer_here()
    }

    /// Whether no ref stands where a folder would have to be, and no folder where the ref is to be.
    fn has_room(&self, name: &str) -> bool {
        let folders = || name.match_indices('/').map(|(at, _)| &name[..at]).skip(1);
        let is_folder = self.ref_dir(name).join(name).is_dir();
        let Some(packed) = self.packed_refs().filter(|_| !is_folder) else { return false };
        packed.is_none_or(|packed| {
            let is_ref = |folder: &str| packed.try_find(folder).map_or(true, |found| found.is_some());
            !folders().any(is_ref) && !super::refs::has_below(&packed, &format!("{name}/"))
        })
    }

    fn is_packed(&self, name: &str) -> Option<bool> {
        let Some(packed) = self.packed_refs()? else { return Some(false) };
        Some(packed.try_find(name).ok()?.is_some())
    }
}

/// What a ref becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum New {
    Id(ObjectId),
    Name(String),
    Nothing,
    Same,
}

/// One ref, locked, found to be what it must be.
struct Prepared {
    path: PathBuf,
    lock: gix::lock::File,
    old: Option<ObjectId>,
    new_id: Option<ObjectId>,
    new: New,
    log: Option<Reflog>,
}

/// Refs that are locked and written beside themselves.
struct Ready {
    changes: Vec<Prepared>,
    committer: BString,
    sync: bool,
}

impl Ready {
    /// Writes the new values beside the old ones and opens the reflogs. `None` when that cannot be done.
    fn written(mut self) -> Option<Ready> {
        for change in &mut self.changes {
            let line = match &change.new {
                New::Id(id) => format!("{id}\n"),
                New::Name(name) => format!("ref: {name}\n"),
                New::Nothing | New::Same => String::new(),
            };
            let sync = self.sync;
            let written = change.lock.with_mut(|file| {
                file.write_all(line.as_bytes())?;
                if sync { file.sync_all() } else { Ok(()) }
            });
            written.ok()?;
            if let Some(log) = change.log.as_mut().filter(|_| change.new != New::Nothing) {
                log.open().ok()?;
            }
        }
        Some(self)
    }

    /// Tells the reflogs, and puts everything in its place.
    fn commit(self, message: &str) -> Result<(), Error> {
        for change in &self.changes {
            let Some(log) = change.log.as_ref().filter(|_| change.new != New::Nothing) else { continue };
            log.append(change.old, change.new_id, &self.committer, message)?;
        }
        for change in self.changes {
            match change.new {
                New::Id(_) | New::Name(_) => {
                    change.lock.commit().map_err(|failed| Error::io("cannot write", &change.path)(failed.error))?;
                }
                New::Nothing => {
                    change.log.map_or(Ok(()), Reflog::remove)?;
                    fs::remove_file(&change.path).map_err(Error::io("cannot remove", &change.path))?;
                }
                New::Same => {}
            }
        }
        Ok(())
    }
}

/// Takes the lock of a ref, waiting as long as git does by default. Folders that are made for it go with it, and with a ref
/// that is removed, but `refs/heads` and its like stay.
fn lock(folder: &Path, name: &str) -> Option<gix::lock::File> {
    const PATIENCE: Duration = Duration::from_millis(100);
    let kept: Vec<&str> = name.split('/').take(2).collect();
    let boundary = (kept.len() == 2).then(|| folder.join(kept.join("/")));
    gix::lock::File::acquire_to_update_resource(folder.join(name), Fail::from(PATIENCE), boundary, 0).ok()
}

#[cfg(all(test, unix))]
mod tests;
