//! The proof alone: a capture is held against the commit that it begins with, entry by entry, and nothing is made of it.
//!
//! No branch, no look at HEAD, index or files, not even an object in the repository: all of it happens in a private git
//! directory where temporary files go, so that any repository will do that has the commit, also the sandbox's own. Neither
//! its configuration nor its replace refs count.

use bstr::{BString, ByteSlice};

use super::added::Search;
use super::build::named;
use super::exact::{self, Refusal, Step};
use super::links::Links;
use super::place::{Bench, Patch, Placed};
use super::proof::ends_as_said;
use super::{Error, Series, bundle};
use crate::git::{Isolated, Objects, Outside, Repo, TreeItem};
use crate::mbox::{Entry, Kind};

/// What a capture proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The session's id.
    pub id: String,
    /// The commit that it begins with; `None` when the sandbox began before its first.
    pub bootstrap: Option<String>,
    /// How many trees came out as the sandbox had them.
    pub trees: usize,
    /// Where it parts from the sandbox; `None` when it is proved.
    pub parting: Option<Parting>,
    /// How many commits there are.
    pub commits: usize,
    /// How many of them, from the first on, can be made again with the sandbox's ids.
    pub exact: usize,
    /// Why it is not all of them.
    pub inexact: Option<String>,
}

/// The first difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// Which entry, from 1; `None` when all entries came out, and the capture says that the sandbox ended elsewhere.
    pub entry: Option<usize>,
    /// Its subject.
    pub subject: BString,
    /// What is wrong.
    pub reason: String,
}

/// Proves `series` against the commit that it begins with, which must be in `repo`.
///
/// # Errors
/// A [`Refusal`] when that commit is not here, or nobody says which it is; when the capture cannot be read. That it leads
/// elsewhere is a verdict.
pub fn verify(repo: &Repo, series: &mut Series) -> Result<Verdict, Error> {
    let isolated = Isolated::over(repo, Outside::Nothing, None)?.dry();
    let bootstrap = exact::bootstrap(series)?;
    let mut bench = Bench::new(&isolated, Search::off())?;
    let base_tree = match &bootstrap {
        Some(id) => match bench.objects.commit(id) {
            Ok(commit) => commit.tree,
            Err(_) => {
                let shallow = exact::is_shallow(repo);
                return Err(Refusal::NoSuchBootstrap { bootstrap: id.clone(), shallow }.into());
            }
        },
        None => repo.format.empty_tree().to_owned(),
    };
    series.preimages.provide_all(bench.objects)?;
    let (trees, parting) = trees(&mut bench, series, &base_tree)?;
    let (exact, inexact) = match &parting {
        Some(_) => (0, None),
        None => whole(repo, &isolated, bench.objects, series, bootstrap.as_deref())?,
    };
    let (id, commits) = (series.id.clone(), series.commits().count());
    Ok(Verdict { id, bootstrap, trees, parting, commits, exact, inexact })
}

/// Every tree, up to the first that is another.
fn trees(bench: &mut Bench, series: &mut Series, base: &str) -> Result<(usize, Option<Parting>), Error> {
    let (mut links, mut tree) = (Links::default(), base.to_owned());
    for index in 0..series.len() {
        let diff = series.diff(index)?;
        let patch = Patch::read(series, index, &diff)?;
        links.follow(&patch)?;
        let entry = series.entry(index);
        match come_out(bench, entry, &patch, &tree) {
            Ok(Ok(after)) => tree = after,
            Ok(Err(reason)) | Err(Error::Corrupt { reason, .. }) => {
                let parting = Parting { entry: Some(index + 1), subject: series.subject(index), reason };
                return Ok((index, Some(parting)));
            }
            Err(error) => return Err(error),
        }
    }
    let parting = (!ends_as_said(series, base)).then(|| Parting {
        entry: None,
        subject: BString::default(),
        reason: "says that the sandbox ended at other trees than its last entries have".to_owned(),
    });
    Ok((series.len(), parting))
}

/// The tree that an entry comes out at, or why that is not the one that it names.
fn come_out(bench: &mut Bench, entry: &Entry, patch: &Patch, before: &str) -> Result<Result<String, String>, Error> {
    let Some(wanted) = &entry.tree else { return Ok(Err("does not name the tree that it leads to".to_owned())) };
    named::check(entry, patch)?;
    let before = if entry.kind == Kind::Commit { before.to_owned() } else { as_begun(bench, patch, before)? };
    Ok(match bench.place(&before, patch)? {
        Placed::Fits { tree, .. } | Placed::Merged { tree } if tree.as_bytes() == wanted.as_slice() => Ok(tree),
        Placed::Fits { tree, .. } => Err(format!("comes out at the tree {tree}, not at {wanted}")),
        Placed::Merged { .. } => Err("does not fit on what comes before it, but for a merge".to_owned()),
        Placed::Conflict(conflict) => {
            let paths: Vec<String> = conflict.paths().iter().take(3).map(BString::to_string).collect();
            Err(format!("does not fit on what comes before it: {}", paths.join(", ")))
        }
    })
}

/// The tree with files as they were when the sandbox began, where the diff starts from those and they are known: what was
/// uncommitted then is not part of the capture, but of what it changes.
fn as_begun(bench: &mut Bench, patch: &Patch, tree: &str) -> Result<String, Error> {
    let mut files: Vec<(BString, TreeItem)> = Vec::new();
    for change in patch.files.iter().map(|file| &file.change) {
        let (Some(path), Some(id)) = (&change.old_path, &change.old_id) else { continue };
        let Ok(id) = id.to_str() else { continue };
        let mode = change.old_mode.or(change.new_mode).unwrap_or(0o100_644);
        let differs = bench.objects.entry(tree, path.as_bstr())?.is_none_or(|item| item.id != id);
        if differs && bench.objects.has(id) {
            files.push((path.clone(), TreeItem { mode, id: id.to_owned() }));
        }
    }
    if files.is_empty() {
        return Ok(tree.to_owned());
    }
    Ok(bench.with(tree, &files)?.unwrap_or_else(|| tree.to_owned()))
}

/// How many commits can be made again as they were, and why not more. That the bundle is of no use here is such a reason.
fn whole(
    repo: &Repo,
    isolated: &Isolated,
    objects: &Objects,
    series: &Series,
    bootstrap: Option<&str>,
) -> Result<(usize, Option<String>), Error> {
    match bundle::take(repo, isolated, series) {
        Err(error @ (Error::Exact(_) | Error::Session(_))) => Ok((0, Some(error.to_string()))),
        other => other.and_then(|()| commits(isolated, objects, series, bootstrap)),
    }
}

fn commits(
    isolated: &Isolated,
    objects: &Objects,
    series: &Series,
    bootstrap: Option<&str>,
) -> Result<(usize, Option<String>), Error> {
    let mut previous = bootstrap.map(str::to_owned);
    for (count, index) in series.commits().enumerate() {
        let (entry, subject) = (series.entry(index), series.subject(index));
        let tree = entry.tree.as_ref().map(BString::to_string).unwrap_or_default();
        let (previous_id, is_first) = (previous.as_deref(), count == 0);
        let step = Step { index, entry, subject: &subject, previous: previous_id, is_first, tree: &tree };
        match step.commit(objects) {
            Ok(id) => previous = Some(id),
            Err(Error::Exact(refusal)) => return Ok((count, Some(refusal.to_string()))),
            Err(error) => return Err(error),
        }
    }
    let whole = match (bootstrap, &previous) {
        (Some(base), Some(tip)) => exact::check_history(isolated, series, base, tip),
        _ => Ok(()),
    };
    match whole {
        Err(Error::Exact(refusal)) => Ok((0, Some(refusal.to_string()))),
        other => other.map(|()| (series.commits().count(), None)),
    }
}
