//! The way back: what an apply did is taken away again, if nothing was done on top of it.

use bstr::ByteSlice;

use super::attributes::Attributes;
use super::desk::{Desk, unmerged};
use super::record::Record;
use super::refs::{detach, name, point_head};
use super::resume::is_ours;
use super::target::short;
use super::{Error, Obstacle, conflict};
use crate::git::{Isolated, Outside, RefMove, Repo, Undisturbed};

/// What was undone.
#[derive(Debug)]
pub struct Undone {
    /// The session's id.
    pub id: String,
    /// The short name of the branch that was removed.
    pub removed_branch: Option<String>,
    /// Where HEAD is now: a short branch name, or a commit.
    pub head: String,
}

/// Whether session `id` was applied here, so that it can be undone.
pub fn is_known(repo: &Repo, id: &str) -> Result<bool, Error> {
    Ok(Record::read(repo, id)?.is_some_and(|record| record.session == id))
}

/// Undoes the apply of session `id`. Refuses when the branch, the index or the files that landed have changed since.
pub fn undo(repo: &Repo, id: &str) -> Result<Undone, Error> {
    let nothing = || Error::NoRecord { id: id.to_owned(), verb: "undone" };
    let record = Record::read(repo, id)?.ok_or_else(nothing)?;
    // A conflict that was left in a commit goes, too.
    let in_conflict = is_ours(repo, id)?;
    if let Some(what) = repo.in_progress().filter(|_| !in_conflict) {
        return Err(Error::Busy(what));
    }
    let record = on_top(repo, record, in_conflict)?;
    let isolated = Isolated::over(repo, Outside::WorkTreeAndFileSystem, Some(&repo.common_dir))?;
    let mut desk = Desk::open(repo, &isolated, Attributes::Captures)?;
    let reset = if in_conflict { Some(desk.reset(&record.index_tree)?) } else { None };
    let undone = take_back(repo, &isolated, &mut desk, &record, in_conflict);
    undone.or_else(|error| reset.map_or(Ok(()), |spare| spare.put_back()).and(Err(error)))?;
    if repo.config_bool("core.sparseCheckout")?.unwrap_or(false) {
        // What landed outside of the sparse part goes again. If not, nothing is lost, and the person can do the same.
        repo.git("sparse-checkout").arg("reapply").finish()?;
    }
    let branch = record.branch.as_deref().unwrap_or("HEAD");
    Ok(Undone {
        id: id.to_owned(),
        removed_branch: record.branch_is_new.then(|| short(branch).to_owned()),
        head: record.head_branch.as_deref().map_or(record.head.clone(), |branch| short(branch).to_owned()),
    })
}

/// The record, if its branch is checked out and nothing is on top of it. What `git am` has committed on the way to another
/// conflict is part of the apply.
fn on_top(repo: &Repo, record: Record, in_conflict: bool) -> Result<Record, Error> {
    let branch = record.branch.as_deref().map_or("a detached HEAD", short);
    if repo.head_branch()? != record.branch {
        let what = format!("{branch} is not checked out, which the session was applied to");
        return Err(Error::ChangedSince(what));
    }
    let tip = repo.resolve("HEAD^{commit}")?.unwrap_or_default();
    let tree = repo.resolve("HEAD^{tree}")?.unwrap_or_default();
    match (in_conflict, tip == record.tip) {
        (false, true) => Ok(record),
        (false, false) => Err(Error::ChangedSince(format!("{branch} has other commits on top of what was applied"))),
        (true, _) => Ok(Record { tip, index_tree: tree.clone(), worktree_tree: tree, ..record }),
    }
}

fn take_back(
    repo: &Repo,
    isolated: &Isolated,
    desk: &mut Desk,
    record: &Record,
    in_conflict: bool,
) -> Result<(), Error> {
    let head_tree = repo.resolve(&format!("{}^{{tree}}", record.head))?;
    let head_tree = head_tree.ok_or_else(|| Error::NoSuchCommit { revision: record.head.clone() })?;
    let from = as_landed(isolated, desk, record)?;
    desk.rehearse(&from, &record.before_tree)?;
    let _undisturbed = Undisturbed::begin();
    let session = if in_conflict { Some(conflict::put_away(repo, isolated)?) } else { None };
    let moved = desk.switch(&from, &record.before_tree).and_then(|mut spare| {
        let rejects = record.rejects.as_ref();
        let rest = rejects.map_or(Ok(()), |tree| conflict::remove_rejects(isolated, desk, &mut spare, tree));
        let rest = rest.and_then(|()| desk.set_index(&head_tree, &[], &[])).and_then(|()| move_back(repo, record));
        rest.and_then(|()| desk.finish()).or_else(|error| spare.put_back().and(Err(error)))
    });
    moved.or_else(|error| {
        let back = session.map_or(Ok(()), |session| conflict::bring_back(repo, &session));
        back.and(Err(error))
    })
}

/// Makes the private index what landed in the work tree, after seeing that every file of it is still so. Its tree.
fn as_landed(isolated: &Isolated, desk: &Desk, record: &Record) -> Result<String, Error> {
    let mut touched = isolated.changes(&record.before_tree, &record.worktree_tree)?;
    touched.extend(isolated.changes(&record.index_tree, &record.worktree_tree)?);
    let mut obstacles = desk.nested(&isolated.changes(&record.worktree_tree, &record.before_tree)?)?;
    // What the index holds of them can be said, where there is no file to look at.
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for change in &touched {
        let expected = desk.objects().entry(&record.worktree_tree, change.path.as_bstr())?;
        match &expected {
            Some(item) if item.is_file_or_link() => files.push(&change.path),
            Some(item) if item.is_gitlink() => {
                others.push((change.path.as_bstr(), expected));
                continue;
            }
            _ => others.push((change.path.as_bstr(), None)),
        }
        if !desk.is_as(change.path.as_bstr(), expected.as_ref())? {
            obstacles.push(Obstacle { path: change.path.clone(), what: "was changed since" });
        }
    }
    // A conflict in what was not committed is in the index until it is resolved.
    let unmerged = unmerged(isolated)?;
    let staged = desk.staged_content(&record.index_tree)?.into_iter().filter(|path| !unmerged.contains(path));
    obstacles.extend(staged.map(|path| Obstacle { path, what: "was staged since" }));
    if !obstacles.is_empty() {
        obstacles.dedup();
        return Err(Error::InTheWay(obstacles));
    }
    let (there, gone): (Vec<_>, Vec<_>) = others.into_iter().partition(|(_, item)| item.is_some());
    isolated.set_entries(gone.iter().chain(&there).map(|(path, item)| (*path, item.as_ref())))?;
    let add = isolated.git("update-index").args(["-z", "--add", "--remove", "--stdin"]);
    add.input(bstr::join("\0", files)).run()?;
    Ok(isolated.write_tree()?)
}

/// HEAD first, then the branch that it was on and the record in one transaction.
fn move_back(repo: &Repo, record: &Record) -> Result<(), Error> {
    let message = format!("glue-apply: undo {}", record.session);
    let (head, tip) = (record.head.clone(), Some(record.tip.clone()));
    let branch = match &record.branch {
        Some(branch) if record.branch_is_new => {
            match &record.head_branch {
                Some(old) => point_head(repo, Some(branch), &record.tip, old)?,
                None => repo.move_refs(&[detach(&head)], &message, false)?,
            }
            RefMove::Delete { name: branch.clone(), from: tip }
        }
        branch => RefMove::Set { name: name(branch), to: head, from: tip },
    };
    let undo = RefMove::Delete { name: Record::ref_name(&record.session), from: None };
    Ok(repo.move_refs(&[branch, undo], &message, false)?)
}
