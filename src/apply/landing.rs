//! What was built becomes visible: objects kept, refs moved in one transaction, the work tree and the index brought along.
//!
//! Everything that can refuse has refused before the first ref moves. What fails after that (a full disk) is taken back.

use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::attributes::Attributes;
use super::built::Built;
#[cfg(unix)]
use super::checkout::{Checkout, Trees};
use super::conflict::AmSession;
use super::desk::Desk;
use super::lock::IndexLock;
use super::record::Record;
use super::refs::RefMoves;
use super::resume::Resume;
use super::spare::Spare;
use super::{Error, Options, Outcome, Place, Report, Series, Target, conflict};
#[cfg(unix)]
use crate::git::index::Index;
use crate::git::{Isolated, Outside, Repo, Undisturbed};
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
    let record = record(series, target, built, &built.tip_tree, true);
    let record_id = record.write(isolated)?;
    let _undisturbed = Undisturbed::begin();
    isolated.keep_objects()?;
    RefMoves::new(repo, target, &record, &built.tip).make(&record_id, true)
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
    let _undisturbed = Undisturbed::begin();
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
        let lock = IndexLock::take(&self.repo.index)?;
        #[cfg(unix)]
        if let Some(index) = self.plain_index()? {
            let head = self.head_tree()?;
            let trees = Trees { head: &head, index: &self.built.index_tree, worktree: &self.built.worktree_tree };
            if let Some(checkout) = Checkout::plan(self.repo, self.isolated, &index, trees)? {
                let record = record(series, self.target, self.built, &head, true);
                let carry_out = || checkout.carry_out(lock);
                return if self.options.check { Ok(false) } else { self.moved(&record, carry_out).and(Ok(true)) };
            }
        }
        self.by_git(series, lock)
    }

    /// The index, unless there is something about what was built that is for git to land.
    #[cfg(unix)]
    fn plain_index(&self) -> Result<Option<Index>, Error> {
        let Built { replaces, verbatim, intent_to_add, rejects, stop, .. } = self.built;
        let is_plain = replaces.is_empty() && verbatim.is_empty() && intent_to_add.is_empty() && rejects.is_empty();
        if !is_plain || stop.is_some() || self.options.rest {
            return Ok(None);
        }
        Ok(Index::open(&self.repo.index, self.repo.format)?)
    }

    /// Lands with git's commands.
    fn by_git(&self, series: &mut Series, lock: IndexLock) -> Result<bool, Error> {
        let attributes = if self.options.rest { Attributes::Captures } else { Attributes::Persons };
        let mut desk = Desk::locked(self.repo, self.isolated, attributes, lock)?;
        let from = if self.options.rest { self.isolated.write_tree()? } else { self.head_tree()? };
        let staged = if self.options.rest { Vec::new() } else { desk.staged(&self.target.head)? };
        if !staged.is_empty() {
            return Err(Error::Staged { paths: staged });
        }
        let to = &self.built.worktree_tree;
        let before = desk.prepare(&from, to, &self.built.replaces, &self.built.verbatim)?;
        desk.rehearse(&before, to)?;
        if self.options.check {
            return Ok(false);
        }
        let am = conflict::prepare(self.isolated, series, self.built, &desk)?;
        let left_out = self.built.rejects.iter().chain(self.built.stop.iter().flat_map(|stop| &stop.rejects));
        let rejects = conflict::name_rejects(self.isolated, &desk, to, left_out)?;
        let record = match &self.target.resume {
            Some(Resume { record: begun, .. }) => Record {
                head: begun.head.clone(),
                head_branch: begun.head_branch.clone(),
                branch_is_new: begun.branch_is_new,
                before_tree: begun.before_tree.clone(),
                ..record(series, self.target, self.built, &before, true)
            },
            None => record(series, self.target, self.built, &before, true),
        };
        let record = Record { rejects: rejects.clone(), ..record };
        if !self.built.intent_to_add.is_empty() {
            // The index stands in the empty blob for what is announced.
            desk.objects().write_blob(b"")?;
        }
        self.moved(&record, || self.files(&mut desk, &before, rejects.as_deref(), am))?;
        Ok(true)
    }

    /// Keeps the objects, moves the refs, and has the files follow; if they do not, the refs go back.
    fn moved(&self, record: &Record, files: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let record_id = record.write(self.isolated)?;
        let _undisturbed = Undisturbed::begin();
        self.isolated.keep_objects()?;
        let moves = RefMoves::new(self.repo, self.target, record, &self.built.tip);
        moves.make(&record_id, false)?;
        files().inspect_err(|_| moves.take_back())
    }

    fn head_tree(&self) -> Result<String, Error> {
        Ok(self.isolated.objects()?.commit(&self.target.head)?.tree)
    }

    /// The work tree and the index, once the refs have moved. All of it, or none.
    fn files(&self, desk: &mut Desk, before: &str, rejects: Option<&str>, am: Option<AmSession>) -> Result<(), Error> {
        let over = match &self.target.resume {
            Some(Resume { waiting: Some(_), .. }) => Some(conflict::put_away(self.repo, self.isolated)?),
            _ => None,
        };
        self.switched(desk, before, rejects, am).or_else(|error| {
            let back = over.map_or(Ok(()), |session| conflict::bring_back(self.repo, &session));
            back.and(Err(error))
        })
    }

    fn switched(
        &self,
        desk: &mut Desk,
        before: &str,
        rejects: Option<&str>,
        am: Option<AmSession>,
    ) -> Result<(), Error> {
        let mut spare = desk.switch(before, &self.built.worktree_tree)?;
        let rest = self.index(desk, &mut spare, rejects).and_then(|()| match am {
            Some(am) => am.begin(self.repo, &self.built.tip, || desk.finish()),
            None => desk.finish(),
        });
        rest.or_else(|error| spare.put_back().and(Err(error)))
    }

    fn index(&self, desk: &Desk, spare: &mut Spare, rejects: Option<&str>) -> Result<(), Error> {
        let Built { worktree_tree, index_tree, stop, verbatim, intent_to_add, .. } = self.built;
        desk.write_verbatim(worktree_tree, verbatim, spare)?;
        let (index, stages) = match stop {
            Some(stop) if stop.kind != Kind::Worktree => (worktree_tree, stop.stages.as_slice()),
            Some(stop) => (index_tree, stop.stages.as_slice()),
            None => (index_tree, &[][..]),
        };
        let index = if self.options.rest && stop.is_none() { index_tree } else { index };
        desk.set_index(index, stages, intent_to_add)?;
        rejects.map_or(Ok(()), |tree| conflict::write_rejects(self.isolated, desk, spare, tree))
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
        rejects: None,
        next: built.stop.as_ref().map_or(series.len(), |stop| stop.entry + 1),
        complete: complete && built.stop.is_none() && built.rejects.is_empty(),
    }
}

/// The files that the person would see named: paths of a list of changes.
pub fn paths<'a>(changes: impl IntoIterator<Item = &'a crate::git::TreeChange>) -> Vec<BString> {
    changes.into_iter().map(|change| change.path.as_bstr().to_owned()).collect()
}
