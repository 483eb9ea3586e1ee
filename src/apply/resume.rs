//! Where an apply goes on that stopped at a conflict: the entry that waits, and what became of it.
//!
//! The person may have gone on with `git am --continue` or `--skip`, which deal with all commits that are left; or have
//! resolved the conflict and leave the rest to us, which makes the commits exact: what a mail cannot carry of a message
//! or an author is in the capture.

use super::desk::unmerged;
use super::record::Record;
use super::{Error, Series, conflict};
use crate::git::{InProgress, Isolated, Repo};
use crate::mbox::Kind;

/// What is to be gone on with.
#[derive(Debug, Clone)]
pub struct Resume {
    /// What was recorded when it stopped.
    pub record: Record,
    /// The object id of that record.
    pub record_id: String,
    /// The commit entry, from 0, that `git am` waits for; none when it has dealt with the commits.
    pub waiting: Option<usize>,
}

impl Resume {
    /// Finds out where to go on. Refuses when there is nothing begun, or another branch is checked out.
    pub fn find(repo: &Repo, series: &Series) -> Result<Resume, Error> {
        let nothing = || Error::NoRecord { id: series.id.clone(), verb: "continued" };
        let record = Record::read(repo, &series.id)?.filter(|record| record.fingerprint == series.fingerprint);
        let record = record.ok_or_else(nothing)?;
        let record_id = repo.resolve(&Record::ref_name(&series.id))?.ok_or_else(nothing)?;
        if repo.head_branch()? != record.branch {
            let branch = record.branch.as_deref().map_or("a detached HEAD", super::target::short);
            return Err(Error::ChangedSince(format!("{branch} is not checked out, which the session was applied to")));
        }
        let waiting = match repo.in_progress() {
            Some(InProgress::Am) => conflict::waiting_mail(repo, &series.id)?,
            _ => None,
        };
        let stopped = record.next.saturating_sub(1);
        let waiting = waiting.and_then(|mail| series.commits().filter(|&entry| entry >= stopped).nth(mail - 1));
        Ok(Resume { record, record_id, waiting })
    }

    /// The first entry to be dealt with.
    pub fn first(&self) -> usize {
        self.waiting.unwrap_or(self.record.next)
    }

    /// The person's index as a tree, into which the conflict was resolved. Refuses while there are conflicts in it.
    pub fn resolved(repo: &Repo, isolated: &Isolated) -> Result<String, Error> {
        isolated.copy_index(repo)?;
        let paths = unmerged(isolated)?;
        if !paths.is_empty() {
            return Err(Error::Unresolved { paths });
        }
        Ok(isolated.write_tree()?)
    }
}

/// Whether the `git am` that is in progress is one that an apply of session `id` left.
pub fn is_ours(repo: &Repo, id: &str) -> Result<bool, Error> {
    Ok(repo.in_progress() == Some(InProgress::Am) && conflict::waiting_mail(repo, id)?.is_some())
}

/// Whether an entry is still to be dealt with by an apply that goes on.
pub fn is_left(resume: &Resume, series: &Series, entry: usize) -> bool {
    resume.waiting.is_some() || series.entry(entry).kind != Kind::Commit
}
