//! The refs that an apply moves: the branch and the record in one transaction, then HEAD; and the way back.

use super::Error;
use super::record::Record;
use super::target::{Target, short};
use crate::git::{RefMove, Repo};

/// What one apply does to the refs.
pub struct RefMoves<'a> {
    repo: &'a Repo,
    target: &'a Target,
    record: &'a Record,
    tip: &'a str,
    /// Whether the branch is to be made; one that an earlier part of the apply has made is there.
    is_new: bool,
}

impl<'a> RefMoves<'a> {
    /// Nothing moves yet.
    pub fn new(repo: &'a Repo, target: &'a Target, record: &'a Record, tip: &'a str) -> RefMoves<'a> {
        RefMoves { repo, target, record, tip, is_new: record.branch_is_new && target.resume.is_none() }
    }

    /// Makes or moves the branch, keeps the record, and switches HEAD unless it is to `stay`.
    pub fn make(&self, record_id: &str, stay: bool) -> Result<(), Error> {
        let undo = RefMove::Set { name: self.undo(), to: record_id.to_owned(), from: None };
        let (tip, head) = (self.tip.to_owned(), self.target.head.clone());
        let branch = match &self.target.branch {
            Some(branch) if self.is_new => RefMove::Create { name: branch.clone(), to: tip },
            branch => RefMove::Set { name: name(branch), to: tip, from: Some(head) },
        };
        let message = format!("glue-apply: {}", self.record.session);
        self.repo.move_refs(&[undo, branch], &message, true)?;
        match &self.target.branch {
            Some(branch) if self.is_new && !stay => {
                let head = &self.target.head;
                point_head(self.repo, self.target.head_branch.as_deref(), head, branch)
                    .inspect_err(|_| self.take_back())
            }
            _ => Ok(()),
        }
    }

    /// After a failure: HEAD, the branch and the record as they were. What fails here was told by the first error already.
    pub fn take_back(&self) {
        let (tip, head) = (self.tip.to_owned(), self.target.head.clone());
        let message = format!("glue-apply: take back {}", self.record.session);
        let branch = match &self.target.branch {
            Some(branch) if self.is_new => {
                let _ = match &self.target.head_branch {
                    Some(old) => self.repo.point_head(old, &message),
                    None => self.repo.move_refs(&[detach(&head)], &message, false),
                };
                RefMove::Delete { name: branch.clone(), from: Some(tip) }
            }
            branch => RefMove::Set { name: name(branch), to: head, from: Some(tip) },
        };
        let undo = match &self.target.resume {
            Some(resume) => RefMove::Set { name: self.undo(), to: resume.record_id.clone(), from: None },
            None => RefMove::Delete { name: self.undo(), from: None },
        };
        let _ = self.repo.move_refs(&[branch, undo], &message, false);
    }

    fn undo(&self) -> String {
        Record::ref_name(&self.record.session)
    }
}

/// The ref of a branch; HEAD itself where there is none.
pub fn name(branch: &Option<String>) -> String {
    branch.clone().unwrap_or_else(|| "HEAD".to_owned())
}

/// HEAD on a commit, and on no branch.
pub fn detach(commit: &str) -> RefMove {
    RefMove::Set { name: "HEAD".to_owned(), to: commit.to_owned(), from: None }
}

/// HEAD onto another branch, told in the reflog in the words by which `git checkout -` finds the way back.
pub fn point_head(repo: &Repo, from: Option<&str>, from_commit: &str, to: &str) -> Result<(), Error> {
    let message = format!("checkout: moving from {} to {}", from.map_or(from_commit, short), short(to));
    Ok(repo.point_head(to, &message)?)
}
