//! Where it is to land: the commit applied onto, the branch, who commits. Refusals that need no look at the files.

use bstr::BString;

use super::record::Record;
use super::resume::{self, Resume};
use super::{Error, OnConflict, Options, Place, Series, exact};
use crate::git::{Error as GitError, Repo, is_ref_name};

/// The facts about the repository that everything else goes by.
#[derive(Debug, Clone)]
pub struct Target {
    /// HEAD's commit.
    pub head: String,
    /// The full name of the branch that HEAD is on; `None` when detached.
    pub head_branch: Option<String>,
    /// The commit applied onto.
    pub base: String,
    /// Its tree.
    pub base_tree: String,
    /// The full name of the branch that gets the commits; `None` for a detached HEAD, in place.
    pub branch: Option<String>,
    /// The committer line of the commits to be made; `None` when no commit is to be made.
    pub committer: Option<BString>,
    /// Where an apply that stopped is to go on.
    pub resume: Option<Resume>,
    /// Whether commits are to be signed, as `commit.gpgSign` says.
    pub sign: bool,
}

impl Target {
    /// Finds the target, or says why there is none.
    pub fn find(repo: &Repo, series: &Series, options: &Options) -> Result<Target, Error> {
        let needs_work_tree = matches!(options.place, Place::NewBranch | Place::InPlace);
        if needs_work_tree && repo.work_tree.is_none() {
            return Err(Error::NoWorkTree { git_dir: repo.git_dir.clone() });
        }
        let resume = if options.rest { Some(Resume::find(repo, series)?) } else { None };
        let waiting = resume.as_ref().is_some_and(|resume| resume.waiting.is_some());
        if let Some(what) = repo.in_progress().filter(|_| needs_work_tree && !waiting) {
            return Err(match resume::is_ours(repo, &series.id)? {
                true => {
                    let branch = repo.head_branch()?.map_or("HEAD".into(), |name| short(&name).to_owned());
                    Error::Begun { id: series.id.clone(), branch }
                }
                false => Error::Busy(what),
            });
        }
        if options.place == Place::NoCheckout && series.has_uncommitted() && !options.commit_worktree {
            return Err(Error::UncommittedNeedsWorkTree);
        }
        let commit = |revision: &str| repo.resolve(&format!("{revision}^{{commit}}"));
        let Some(head) = commit("HEAD")? else { return Err(no_head(repo)?) };
        let base = match &options.onto {
            Some(revision) => commit(revision)?.ok_or_else(|| Error::NoSuchCommit { revision: revision.clone() })?,
            None => head.clone(),
        };
        let base = if options.exact { exact::base(repo, series, &head)? } else { base };
        let base_tree =
            repo.resolve(&format!("{base}^{{tree}}"))?.ok_or_else(|| Error::NoSuchCommit { revision: base.clone() })?;
        let head_branch = repo.head_branch()?;
        let branch = match options.place {
            Place::InPlace => head_branch.clone(),
            _ => Some(new_branch(series, options)?),
        };
        let brings = series.commits().next().is_some() && (waiting || !options.rest) && !options.exact;
        let commits = brings || options.commit_worktree;
        let committer = if commits { Some(committer(repo)?) } else { None };
        let sign = commits && !options.no_gpg_sign && repo.config_bool("commit.gpgSign")?.unwrap_or(false);
        Ok(Target { head, head_branch, base, base_tree, branch, committer, resume, sign })
    }

    /// Refuses a branch that is taken and a folder that is not free.
    pub fn check_free(&self, repo: &Repo, series: &Series, options: &Options) -> Result<(), Error> {
        if let (Some(branch), true) = (&self.branch, options.place != Place::InPlace) {
            let named = |name: &str| short(name).to_owned();
            match rival(repo, branch)? {
                Some(rival) if rival == *branch && is_of_session(repo, series, branch)? => {
                    return Err(Error::EarlierCapture { branch: named(branch), id: series.id.clone() });
                }
                Some(rival) if rival == *branch => return Err(Error::BranchTaken { branch: named(branch) }),
                Some(rival) => return Err(Error::BranchBlocked { branch: named(branch), by: named(&rival) }),
                None => {}
            }
        }
        if let Place::Worktree(path) = &options.place
            && path.symlink_metadata().is_ok()
            && std::fs::read_dir(path).map_or(true, |mut entries| entries.next().is_some())
        {
            return Err(Error::WorktreeExists { path: path.clone() });
        }
        Ok(())
    }

    /// The short name of the branch that gets the commits.
    pub fn branch_name(&self) -> &str {
        self.branch.as_deref().map_or("HEAD", short)
    }

    /// Whether a conflict can be left for the user: there is a work tree to leave it in.
    pub fn can_stop(&self, options: &Options) -> bool {
        options.on_conflict != OnConflict::Atomic && options.place != Place::NoCheckout
    }
}

/// Why HEAD is no commit.
fn no_head(repo: &Repo) -> Result<Error, Error> {
    Ok(match repo.resolve("HEAD")? {
        Some(id) => GitError::Object { id, reason: "HEAD names it, but no such commit is here".into() }.into(),
        None => Error::UnbornHead,
    })
}

/// Whether the branch was made for another capture of the same session.
fn is_of_session(repo: &Repo, series: &Series, branch: &str) -> Result<bool, Error> {
    let record = Record::read(repo, &series.id)?;
    Ok(record
        .is_some_and(|record| record.branch.as_deref() == Some(branch) && record.fingerprint != series.fingerprint))
}

/// A ref's name as people type it.
pub fn short(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}

/// The ref that a new one of that name cannot be beside: itself, one below it, or one that it is below.
fn rival(repo: &Repo, branch: &str) -> Result<Option<String>, Error> {
    for (at, _) in branch.match_indices('/').skip(2) {
        let folder = &branch[..at];
        if repo.resolve(folder)?.is_some() {
            return Ok(Some(folder.to_owned()));
        }
    }
    Ok(repo.refs_at(branch)?.into_iter().next().map(|(name, _)| name))
}

/// The full name of the branch to make.
fn new_branch(series: &Series, options: &Options) -> Result<String, Error> {
    let name = match &options.branch {
        Some(name) => name.clone(),
        None => format!("glue/{}", branch_part(&series.id)),
    };
    let full = format!("refs/heads/{name}");
    if !is_ref_name(&full) || name.starts_with('-') {
        return Err(Error::BranchName { branch: name });
    }
    Ok(full)
}

/// A session id as part of a branch name: what is not a letter, digit, `_`, `.` or `-` becomes `-`, as Glue does it;
/// dots where git does not take them (`..`, at the start or the end, before `lock`) become `-` too.
pub fn branch_part(id: &str) -> String {
    let plain = |ch: char| if ch.is_ascii_alphanumeric() || "_.-".contains(ch) { ch } else { '-' };
    let part: String = id.chars().map(plain).collect();
    let part = part.replace("..", "--");
    let part = part.strip_suffix(".lock").map_or(part.clone(), |stem| format!("{stem}-lock"));
    let part = part.strip_suffix('.').map_or(part.clone(), |stem| format!("{stem}-"));
    part.strip_prefix('.').map_or(part.clone(), |rest| format!("-{rest}"))
}

fn committer(repo: &Repo) -> Result<BString, Error> {
    repo.committer()?.map_err(|reason| Error::NoIdentity { reason })
}

#[cfg(test)]
mod tests {
    use super::branch_part;

    #[test]
    fn a_session_id_becomes_a_branch_name_that_git_takes() {
        assert_eq!(branch_part("1786480000123-4242-1k9zq3f"), "1786480000123-4242-1k9zq3f");
        assert_eq!(branch_part("a b/c:d"), "a-b-c-d");
        assert_eq!(branch_part(".x..y.lock"), "-x--y-lock");
        assert_eq!(branch_part("end."), "end-");
    }
}
