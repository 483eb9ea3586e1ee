//! What was built becomes visible: objects kept, refs moved in one transaction, the work tree and the index brought along.
//!
//! Everything that can refuse has refused before the first ref moves. What fails after that (a full disk) is taken back.

use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::build::Built;
use super::conflict::AmSession;
use super::desk::Desk;
use super::record::Record;
use super::spare::Spare;
use super::target::short;
use super::{Error, Options, Outcome, Place, Report, Series, Target, conflict};
use crate::git::{Isolated, Outside, Repo};
use crate::mbox::Kind;

/// Lands `built`, or says what would happen.
pub fn land(
    repo: &Repo,
    isolated: &Isolated,
    series: &mut Series,
    target: &Target,
    built: Built,
    mut report: Report,
    options: &Options,
) -> Result<Outcome, Error> {
    match &options.place {
        Place::NoCheckout if options.check => {}
        Place::NoCheckout => no_checkout(repo, isolated, series, target, &built)?,
        Place::Worktree(_) if options.check => {}
        Place::Worktree(path) => report.work_tree = Some(worktree(repo, isolated, series, target, &built, path)?),
        Place::NewBranch | Place::InPlace => {
            let landing = Landing { repo, isolated, target, built: &built, options };
            let undoable = landing.here(series)?;
            report.undoable = undoable;
        }
    }
    Ok(match (options.check, built.stop.is_some() || !built.rejects.is_empty()) {
        (true, _) => Outcome::Planned(report),
        (false, true) => Outcome::Stopped(report),
        (false, false) => Outcome::Landed(report),
    })
}

/// A branch, and nothing else.
fn no_checkout(repo: &Repo, isolated: &Isolated, series: &Series, target: &Target, built: &Built) -> Result<(), Error> {
    let record = record(series, target, built, &built.tip_tree, false);
    let record_id = record.write(isolated)?;
    isolated.keep_objects()?;
    move_refs(repo, target, built, &record, &record_id, true)
}

/// A new linked work tree, made by git on the base, then brought to what the capture holds.
fn worktree(
    repo: &Repo,
    isolated: &Isolated,
    series: &mut Series,
    target: &Target,
    built: &Built,
    path: &Path,
) -> Result<PathBuf, Error> {
    let at_base = Target { head: target.base.clone(), head_branch: None, ..target.clone() };
    isolated.keep_objects()?;
    repo.git("worktree").args(["add", "--quiet", "--detach"]).arg(path).arg(&target.base).run()?;
    let mut made = || -> Result<PathBuf, Error> {
        let linked = Repo::discover_at(path)?.ok_or_else(|| Error::NoWorkTree { git_dir: path.to_owned() })?;
        let inside = Isolated::over(&linked, Outside::WorkTreeAndFileSystem, Some(&repo.common_dir))?;
        let options = Options { place: Place::NewBranch, ..Options::default() };
        let landing = Landing { repo: &linked, isolated: &inside, target: &at_base, built, options: &options };
        landing.here(series)?;
        Ok(linked.work_tree.unwrap_or_else(|| path.to_owned()))
    };
    made().inspect_err(|_| {
        // What was made for this apply alone goes with it.
        let _ = repo.git("worktree").args(["remove", "--force"]).arg(path).finish();
    })
}

/// Landing in the work tree of `repo`.
struct Landing<'a> {
    repo: &'a Repo,
    isolated: &'a Isolated,
    target: &'a Target,
    built: &'a Built,
    options: &'a Options,
}

impl Landing<'_> {
    /// Lands here; whether it can be undone.
    fn here(&self, series: &mut Series) -> Result<bool, Error> {
        let mut desk = Desk::open(self.repo, self.isolated)?;
        let from = if self.options.rest { self.isolated.write_tree()? } else { self.head_tree()? };
        let staged = if self.options.rest { Vec::new() } else { desk.staged(&self.target.head)? };
        if !staged.is_empty() {
            return Err(Error::Staged { paths: staged });
        }
        let to = &self.built.worktree_tree;
        let before = desk.prepare(&from, to, &self.built.replaces)?;
        desk.rehearse(&before, to)?;
        if self.options.check {
            return Ok(false);
        }
        let am = conflict::prepare(self.isolated, series, self.built, &desk)?;
        let record = match Record::read(self.repo, &series.id)?.filter(|_| self.options.rest) {
            Some(begun) => continued(begun, self.target, self.built, series.len()),
            None => record(series, self.target, self.built, &before, true),
        };
        let record_id = record.write(self.isolated)?;
        if !self.built.intent_to_add.is_empty() {
            // The index stands in the empty blob for what is announced.
            desk.objects().write_blob(b"")?;
        }
        self.isolated.keep_objects()?;
        let moves = !self.options.rest;
        if moves {
            move_refs(self.repo, self.target, self.built, &record, &record_id, false)?;
        }
        self.files(&mut desk, &before, am).inspect_err(|_| {
            if moves {
                take_refs_back(self.repo, self.target, self.built, &record);
            }
        })?;
        if !moves {
            finish_record(self.repo, series, &record_id)?;
        }
        Ok(moves)
    }

    fn head_tree(&self) -> Result<String, Error> {
        let tree = self.repo.resolve(&format!("{}^{{tree}}", self.target.head))?;
        tree.ok_or_else(|| Error::NoSuchCommit { revision: self.target.head.clone() })
    }

    /// The work tree and the index, once the refs have moved. All of it, or none.
    fn files(&self, desk: &mut Desk, before: &str, am: Option<AmSession>) -> Result<(), Error> {
        let mut spare = desk.switch(before, &self.built.worktree_tree)?;
        let rest = self.index(desk, &mut spare).and_then(|()| match am {
            Some(am) => am.begin(self.repo, &self.built.tip, || desk.finish()),
            None => desk.finish(),
        });
        rest.or_else(|error| spare.put_back().and(Err(error)))
    }

    fn index(&self, desk: &Desk, spare: &mut Spare) -> Result<(), Error> {
        let Built { worktree_tree, index_tree, stop, verbatim, intent_to_add, rejects, .. } = self.built;
        desk.write_verbatim(worktree_tree, verbatim, spare)?;
        let (index, stages) = match stop {
            Some(stop) if stop.kind != Kind::Worktree => (worktree_tree, stop.stages.as_slice()),
            Some(stop) => (index_tree, stop.stages.as_slice()),
            None => (index_tree, &[][..]),
        };
        let index = if self.options.rest && stop.is_none() { index_tree } else { index };
        desk.set_index(index, stages, intent_to_add)?;
        let left_out = rejects.iter().chain(stop.iter().flat_map(|stop| &stop.rejects));
        conflict::write_rejects(desk, spare, left_out)
    }
}

/// The record of an apply whose uncommitted work has landed now, too.
fn continued(begun: Record, target: &Target, built: &Built, entries: usize) -> Record {
    let next = built.stop.as_ref().map_or(entries, |stop| stop.entry + 1);
    Record {
        tip: target.head.clone(),
        index_tree: built.index_tree.clone(),
        worktree_tree: built.worktree_tree.clone(),
        next,
        complete: built.stop.is_none(),
        ..begun
    }
}

fn record(series: &Series, target: &Target, built: &Built, before: &str, complete: bool) -> Record {
    // A conflict in a commit leaves a `git am`, and undo begins where `git am --abort` ends: at the tip.
    let at_tip = built.stop.as_ref().is_some_and(|stop| stop.kind == Kind::Commit);
    let (index_tree, worktree_tree) =
        if at_tip { (&built.tip_tree, &built.tip_tree) } else { (&built.index_tree, &built.worktree_tree) };
    Record {
        session: series.id.clone(),
        fingerprint: series.fingerprint.clone(),
        head: target.head.clone(),
        head_branch: target.head_branch.clone(),
        branch: target.branch.clone(),
        branch_is_new: target.branch != target.head_branch,
        tip: built.tip.clone(),
        before_tree: before.to_owned(),
        index_tree: index_tree.clone(),
        worktree_tree: worktree_tree.clone(),
        next: built.stop.as_ref().map_or(series.len(), |stop| stop.entry + 1),
        complete: complete && built.stop.is_none() && built.rejects.is_empty(),
    }
}

/// The branch and the record in one transaction, then HEAD.
fn move_refs(
    repo: &Repo,
    target: &Target,
    built: &Built,
    record: &Record,
    record_id: &str,
    stay: bool,
) -> Result<(), Error> {
    let undo = Record::ref_name(&record.session);
    let mut commands = format!("start\nupdate {undo} {record_id}\n");
    commands += &match &target.branch {
        Some(branch) if record.branch_is_new => format!("create {branch} {}\n", built.tip),
        Some(branch) => format!("update {branch} {} {}\n", built.tip, target.head),
        None => format!("option no-deref\nupdate HEAD {} {}\n", built.tip, target.head),
    };
    commands += "prepare\ncommit\n";
    let message = format!("glue-apply: {}", record.session);
    repo.git("update-ref").args(["-m", &message, "--create-reflog", "--stdin"]).input(commands).run()?;
    match &target.branch {
        Some(branch) if record.branch_is_new && !stay => {
            point_head(repo, target.head_branch.as_deref(), &target.head, branch)
                .inspect_err(|_| take_refs_back(repo, target, built, record))
        }
        _ => Ok(()),
    }
}

/// HEAD onto another branch, told in the reflog in the words by which `git checkout -` finds the way back.
pub fn point_head(repo: &Repo, from: Option<&str>, from_commit: &str, to: &str) -> Result<(), Error> {
    let message = format!("checkout: moving from {} to {}", from.map_or(from_commit, short), short(to));
    Ok(repo.git("symbolic-ref").args(["-m", &message, "HEAD", to]).run()?)
}

/// After a failure: HEAD and the branch as they were. What fails here was told by the first error already.
fn take_refs_back(repo: &Repo, target: &Target, built: &Built, record: &Record) {
    let undo = Record::ref_name(&record.session);
    let back = match &target.branch {
        Some(branch) if record.branch_is_new => {
            let _ = match &target.head_branch {
                Some(old) => repo.git("symbolic-ref").args(["HEAD", old]).finish(),
                None => repo.git("update-ref").args(["--no-deref", "HEAD", &target.head]).finish(),
            };
            format!("delete {branch} {}\n", built.tip)
        }
        Some(branch) => format!("update {branch} {} {}\n", target.head, built.tip),
        None => format!("option no-deref\nupdate HEAD {} {}\n", target.head, built.tip),
    };
    let _ = repo.git("update-ref").arg("--stdin").input(format!("{back}delete {undo}\n")).finish();
}

/// The rest has landed: the record says so.
fn finish_record(repo: &Repo, series: &Series, rest: &str) -> Result<(), Error> {
    let name = Record::ref_name(&series.id);
    Ok(repo.git("update-ref").args([&name, rest]).run()?)
}

/// The files that the person would see named: paths of a list of changes.
pub fn paths<'a>(changes: impl IntoIterator<Item = &'a crate::git::TreeChange>) -> Vec<BString> {
    changes.into_iter().map(|change| change.path.as_bstr().to_owned()).collect()
}
