//! Whether a capture is here already: told from the record of an earlier apply that is still on the branch, or from commits
//! of the branch that are the capture's in author, message and change. What the capture claims is not enough.

use std::time::{SystemTime, UNIX_EPOCH};

use bstr::ByteSlice;

use super::added::Search;
use super::attributes::Attributes;
use super::desk::Desk;
use super::place::{Bench, Patch, Placed};
use super::record::Record;
use super::{Error, Options, Series, Target};
use crate::git::{Commit, Isolated, Outside, Repo};
use crate::mbox::{Identity, Kind};

/// How far back a branch is searched for the capture's commits, in commits: work may have gone on since.
const LOOK_BACK: usize = 1000;

/// How far, in seconds, the sandbox's clock may have been ahead of the one here. What was committed here longer before the
/// capture's first author wrote is not searched for its commits.
const CLOCKS_APART: i64 = 24 * 60 * 60;

/// The short name of the branch that holds all of the capture already.
pub fn already(repo: &Repo, series: &mut Series, target: &Target, options: &Options) -> Result<Option<String>, Error> {
    if options.rest {
        return Ok(None);
    }
    let Some(branch) = &target.branch else { return Ok(None) };
    let Some(tip) = repo.resolve(branch)? else { return Ok(None) };
    let record = Record::read(repo, &series.id)?
        .filter(|record| record.fingerprint == series.fingerprint && record.branch.as_deref() == Some(branch));
    if let Some(record) = record {
        if !is_still_there(repo, target, &record, &tip)? {
            return Ok(None);
        }
        // After a conflict, commits on top of the record's tip are the person's resolution.
        let went_on = tip != record.tip && repo.in_progress().is_none();
        let is_left = |index: usize| series.entry(index).kind != Kind::Commit;
        let left_over = (record.next..series.len()).any(is_left);
        if record.complete || (went_on && !left_over) {
            return Ok(Some(target.branch_name().to_owned()));
        }
        return Err(Error::Begun { branch: target.branch_name().to_owned(), id: series.id.clone() });
    }
    // Without a record nobody knows whether work that is not committed came along.
    let held = !series.has_uncommitted() && holds(repo, series, &tip)?;
    Ok(held.then(|| target.branch_name().to_owned()))
}

/// Whether what was recorded was not reset away since.
fn is_still_there(repo: &Repo, target: &Target, record: &Record, tip: &str) -> Result<bool, Error> {
    if record.tip != tip {
        let ancestor = repo.git("merge-base").args(["--is-ancestor", &record.tip, tip]).finish()?;
        return Ok(ancestor.code == Some(0));
    }
    let tip_tree = repo.resolve(&format!("{tip}^{{tree}}"))?.unwrap_or_default();
    if target.head_branch != target.branch || !record.complete || repo.work_tree.is_none() {
        return Ok(true);
    }
    let isolated = Isolated::over(repo, Outside::WorkTreeAndFileSystem, Some(&repo.common_dir))?;
    let uncommitted = isolated.changes(&tip_tree, &record.worktree_tree)?;
    if uncommitted.is_empty() {
        return Ok(true);
    }
    // What was not committed is gone when every file of it is what the commit says.
    let desk = Desk::open(repo, &isolated, Attributes::Captures)?;
    for change in &uncommitted {
        if !desk.is_as(change.path.as_bstr(), change.old.as_ref())? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the first-parent history of `tip` has the capture's commits one after the other.
fn holds(repo: &Repo, series: &mut Series, tip: &str) -> Result<bool, Error> {
    let wanted: Vec<usize> = series.commits().collect();
    if wanted.is_empty() || wanted.iter().any(|&index| series.entry(index).tree.is_none()) {
        return Ok(false);
    }
    let isolated = Isolated::over(repo, Outside::Nothing, Some(&repo.common_dir))?.dry();
    let since = wanted.iter().filter_map(|&index| series.entry(index).author.seconds()).min();
    let log = history(&isolated, tip, wanted.len() + LOOK_BACK, since.unwrap_or(i64::MIN));
    let trees_match = |window: &&[(String, String)]| {
        let mut pairs = window.iter().zip(&wanted);
        pairs.all(|((tree, _), &index)| series.entry(index).tree.as_ref().is_some_and(|wanted| wanted == tree))
    };
    let Some(window) = log.windows(wanted.len()).find(trees_match) else { return Ok(false) };
    let mut bench = Bench::new(&isolated, Search::off())?;
    for ((_, id), &index) in window.iter().zip(&wanted) {
        let commit = bench.objects.commit(id)?;
        if !is_entry(&mut bench, series, index, &commit)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The first-parent history of `tip`, the oldest first: trees and ids of at most `most` commits, and only of those that were not made
/// long before `since`, in seconds since 1970 UTC. It ends where a commit is not there, as in a shallow clone.
fn history(isolated: &Isolated, tip: &str, most: usize, since: i64) -> Vec<(String, String)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(i64::MAX, |age| age.as_secs().cast_signed());
    let begin = since.min(now).saturating_sub(CLOCKS_APART);
    let (mut log, mut next) = (Vec::new(), Some(tip.to_owned()));
    while let Some(id) = next.take().filter(|_| log.len() < most) {
        let Ok(commit) = isolated.objects().map_err(Error::from).and_then(|objects| Ok(objects.commit(&id)?)) else {
            break;
        };
        if Identity(commit.committer).seconds().is_some_and(|seconds| seconds < begin) {
            break;
        }
        log.push((commit.tree, id));
        next = commit.parents.into_iter().next();
    }
    log.reverse();
    log
}

/// Whether a commit is the one that the entry would become on its parent.
fn is_entry(bench: &mut Bench, series: &mut Series, index: usize, commit: &Commit) -> Result<bool, Error> {
    let entry = series.entry(index);
    if entry.author.0 != commit.author || entry.message != commit.message {
        return Ok(false);
    }
    let Some(parent) = commit.parents.first() else { return Ok(false) };
    let before = bench.objects.commit(parent)?.tree;
    let diff = series.diff(index)?;
    let patch = Patch::read(series, index, &diff)?;
    // An image that does not fit is for the build to complain of.
    let placed = bench.place(&before, &patch);
    Ok(placed.is_ok_and(|placed| matches!(placed, Placed::Fits { tree, .. } if tree == commit.tree)))
}
