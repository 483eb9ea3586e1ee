//! The refs that an apply moves: the branch and the record in one transaction, then HEAD; and the way back.

use super::Error;
use super::record::Record;
use super::target::{Target, short};
use crate::git::Repo;

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
        let undo = Record::ref_name(&self.record.session);
        let (tip, head) = (self.tip, &self.target.head);
        let branch = match &self.target.branch {
            Some(branch) if self.is_new => format!("create {branch} {tip}\n"),
            Some(branch) => format!("update {branch} {tip} {head}\n"),
            None => format!("option no-deref\nupdate HEAD {tip} {head}\n"),
        };
        let commands = format!("start\nupdate {undo} {record_id}\n{branch}prepare\ncommit\n");
        let message = format!("glue-apply: {}", self.record.session);
        self.repo.git("update-ref").args(["-m", &message, "--create-reflog", "--stdin"]).input(commands).run()?;
        match &self.target.branch {
            Some(branch) if self.is_new && !stay => {
                point_head(self.repo, self.target.head_branch.as_deref(), head, branch)
                    .inspect_err(|_| self.take_back())
            }
            _ => Ok(()),
        }
    }

    /// After a failure: HEAD, the branch and the record as they were. What fails here was told by the first error already.
    pub fn take_back(&self) {
        let undo = Record::ref_name(&self.record.session);
        let (tip, head) = (self.tip, &self.target.head);
        let branch = match &self.target.branch {
            Some(branch) if self.is_new => {
                let _ = match &self.target.head_branch {
                    Some(old) => self.repo.git("symbolic-ref").args(["HEAD", old]).finish(),
                    None => self.repo.git("update-ref").args(["--no-deref", "HEAD", head]).finish(),
                };
                format!("delete {branch} {tip}\n")
            }
            Some(branch) => format!("update {branch} {head} {tip}\n"),
            None => format!("option no-deref\nupdate HEAD {head} {tip}\n"),
        };
        let record = match &self.target.resume {
            Some(resume) => format!("update {undo} {}\n", resume.record_id),
            None => format!("delete {undo}\n"),
        };
        let _ = self.repo.git("update-ref").arg("--stdin").input(format!("{branch}{record}")).finish();
    }
}

/// HEAD onto another branch, told in the reflog in the words by which `git checkout -` finds the way back.
pub fn point_head(repo: &Repo, from: Option<&str>, from_commit: &str, to: &str) -> Result<(), Error> {
    let message = format!("checkout: moving from {} to {}", from.map_or(from_commit, short), short(to));
    Ok(repo.git("symbolic-ref").args(["-m", &message, "HEAD", to]).run()?)
}
