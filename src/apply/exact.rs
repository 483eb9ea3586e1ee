//! The commits of the sandbox with their very ids: committer, signatures, merges and all, made again from what the capture
//! carries of each. What comes out is believed because its hash is the id, and because it says nothing else than the entry
//! that was shown and proved.
//!
//! The first commit names its parent, so that the branch begins at the commit that the sandbox began with, wherever HEAD is.

use bstr::{BStr, BString, ByteSlice};

use super::{Error, Options, Place, Series, Target};
use crate::git::{Commit, Isolated, Objects, Repo};
use crate::mbox::Entry;

/// Why the sandbox's ids cannot be had, or a capture not be proved. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody says what it begins with.
    #[error("the capture does not say which commit the sandbox began with")]
    NoBootstrap,
    /// It began on a branch without commits.
    #[error("the sandbox began before its first commit, so that its commits have no place in your history")]
    Unborn,
    /// The commit that it began with is not here.
    #[error("the sandbox began with {bootstrap}, which is no commit of this repository")]
    NoSuchBootstrap {
        /// Its id, as the capture says.
        bootstrap: String,
        /// Whether this repository is known not to have everything.
        shallow: bool,
    },
    /// The commit that it began with is here, but HEAD is elsewhere.
    #[error("the sandbox began with {bootstrap}, which is not in the history of HEAD")]
    NotAncestor {
        /// Its id.
        bootstrap: String,
    },
    /// The branch has gone on since, or the sandbox left it.
    #[error("the branch cannot go forward to the commits of the sandbox: {reason}")]
    NoFastForward {
        /// Why.
        reason: &'static str,
    },
    /// What the id is made of is not in the capture.
    #[error("the capture does not carry all that the id of entry {entry} ({subject}) is made of")]
    NotCarried {
        /// Which entry, from 1.
        entry: usize,
        /// Its subject.
        subject: BString,
    },
    /// A parent is elsewhere.
    #[error("entry {entry} ({subject}) has the parent {parent}, which is not here with all its history")]
    NoSuchParent {
        /// Which entry, from 1.
        entry: usize,
        /// Its subject.
        subject: BString,
        /// The parent's id.
        parent: String,
    },
    /// The bundle builds on what is not here.
    #[error("the bundle of the capture builds on {commit}, which is no commit of this repository")]
    NoPrerequisite {
        /// The commit, as the bundle says.
        commit: String,
        /// Whether this repository is known not to have everything.
        shallow: bool,
    },
    /// The bundle is not sound.
    #[error("the bundle of the capture is not taken: {reason}")]
    Bundle {
        /// Why.
        reason: String,
    },
    /// It was applied before, but the commits were made anew.
    #[error("{branch} holds this capture already, in commits of other ids than the sandbox's")]
    OtherIds {
        /// The short name of the branch.
        branch: String,
    },
}

/// The commit that an apply begins with that keeps the ids: the sandbox's own.
pub fn base(repo: &Repo, series: &Series, head: &str) -> Result<String, Error> {
    let bootstrap = bootstrap(series)?.ok_or(Refusal::Unborn)?;
    if repo.resolve(&format!("{bootstrap}^{{commit}}"))?.as_ref() != Some(&bootstrap) {
        return Err(Refusal::NoSuchBootstrap { bootstrap, shallow: is_shallow(repo) }.into());
    }
    if let Some(index) = series.commits().find(|&index| series.entry(index).commit.is_none()) {
        return Err(Refusal::NotCarried { entry: index + 1, subject: series.subject(index) }.into());
    }
    if bootstrap != head && !is_ancestor(repo, &bootstrap, head)? {
        return Err(Refusal::NotAncestor { bootstrap }.into());
    }
    Ok(bootstrap)
}

/// Refuses to move the branch that is checked out other than forward. Where it is at the sandbox's last commit already, it
/// stays.
pub fn check_in_place(series: &Series, target: &Target, options: &Options) -> Result<(), Error> {
    if options.place != Place::InPlace {
        return Ok(());
    }
    let last = series.commits().last().and_then(|index| series.entry(index).commit.as_ref());
    let is_there = last.is_some_and(|last| *last == target.head);
    if target.base != target.head && !is_there {
        return Err(Refusal::NoFastForward { reason: "HEAD is not the commit that the sandbox began with" }.into());
    }
    let first = series.commits().next().map(|index| series.entry(index));
    let first = first.and_then(|entry| Commit::parse(&entry.object(Some(target.base.as_str().into()))?));
    if first.is_some_and(|commit| commit.parents.first() != Some(&target.base)) {
        return Err(Refusal::NoFastForward { reason: "they do not come after the commit that it is at" }.into());
    }
    Ok(())
}

/// The commit that the capture says it begins with; `None` when the sandbox had none yet.
pub fn bootstrap(series: &Series) -> Result<Option<String>, Error> {
    let sidecar = series.sidecar.as_ref().filter(|_| series.is_ours()).ok_or(Refusal::NoBootstrap)?;
    Ok(sidecar.bootstrap_sha.clone())
}

/// Whether the repository lacks a part of its history, so that something may be there that is not here.
pub fn is_shallow(repo: &Repo) -> bool {
    repo.common_dir.join("shallow").exists()
}

/// An entry, where it stands.
pub struct Step<'a> {
    /// Which it is, from 0.
    pub index: usize,
    /// The entry.
    pub entry: &'a Entry,
    /// Its subject.
    pub subject: &'a BString,
    /// The commit before it; `None` before the first commit of all.
    pub previous: Option<&'a str>,
    /// Whether that is what the sandbox began with.
    pub is_first: bool,
    /// The tree that the entry came out at.
    pub tree: &'a str,
}

impl Step<'_> {
    /// Makes the commit as it was in the sandbox; its id.
    pub fn commit(&self, objects: &Objects) -> Result<String, Error> {
        let wanted = self.entry.commit.as_ref().ok_or_else(|| self.not_carried())?.to_string();
        let object = match self.entry.object(self.previous.map(BStr::new)) {
            Some(object) => object,
            // Its name is its content, whoever brought it.
            None => objects.commit_object(&wanted).map_err(|_| self.not_carried())?,
        };
        self.check(objects, &object)?;
        let id = objects.write_commit_object(&object)?;
        if id == wanted { Ok(id) } else { Err(self.corrupt(&format!("has the id {id}, not the one that it names"))) }
    }

    /// Holds the object against what the entry says: nothing may come along that nobody was shown.
    fn check(&self, objects: &Objects, object: &[u8]) -> Result<(), Error> {
        let commit = Commit::parse(object).filter(|_| is_well_formed(object));
        let commit = commit.ok_or_else(|| self.corrupt("names headers that no commit has"))?;
        let said = (&self.entry.author.0, &self.entry.message, &self.entry.encoding);
        if (&commit.author, &commit.message, &commit.encoding) != said || commit.tree != self.tree {
            return Err(self.corrupt("names a commit that is another than it shows"));
        }
        let first = commit.parents.first().map(String::as_str);
        let follows = self.is_first || first == self.previous;
        let as_said = self.entry.parents.is_empty() || commit.parents.iter().eq(&self.entry.parents);
        if !follows || !as_said {
            return Err(self.corrupt("has other parents than it names"));
        }
        match commit.parents.iter().find(|parent| objects.commit_object(parent).is_err()) {
            Some(parent) => Err(self.no_parent(parent.clone())),
            None => Ok(()),
        }
    }

    fn not_carried(&self) -> Error {
        Refusal::NotCarried { entry: self.index + 1, subject: self.subject.clone() }.into()
    }

    fn no_parent(&self, parent: String) -> Error {
        Refusal::NoSuchParent { entry: self.index + 1, subject: self.subject.clone(), parent }.into()
    }

    fn corrupt(&self, reason: &str) -> Error {
        Error::Corrupt { entry: self.index + 1, subject: self.subject.clone(), reason: reason.to_owned() }
    }
}

/// Whether git would take the head of a commit for one: tree, parents, author and committer once each and in this order.
fn is_well_formed(object: &[u8]) -> bool {
    const OWN: [&[u8]; 4] = [b"tree ", b"parent ", b"author ", b"committer "];
    let Some(head) = object.find(b"\n\n").map(|end| &object[..end]) else { return false };
    let kinds = head.lines().map(|line| OWN.iter().position(|own| line.starts_with(own)));
    let mut kinds = kinds.filter(|kind| *kind != Some(1));
    kinds.next() == Some(Some(0))
        && kinds.next() == Some(Some(2))
        && kinds.next() == Some(Some(3))
        && kinds.all(|kind| kind.is_none())
        && !head.contains(&0)
}

/// Requires of merges that the other sides are here with all that they come from.
pub fn check_history(isolated: &Isolated, series: &Series, base: &str, tip: &str) -> Result<(), Error> {
    let Some(index) = series.commits().find(|&index| !series.entry(index).parents.is_empty()) else { return Ok(()) };
    let walk = isolated.git("rev-list").args(["--quiet", tip, "--not", base]).finish()?;
    if walk.code == Some(0) {
        return Ok(());
    }
    let parent = series.entry(index).parents.last().map(BString::to_string).unwrap_or_default();
    Err(Refusal::NoSuchParent { entry: index + 1, subject: series.subject(index), parent }.into())
}

/// A branch that holds the capture must hold it in the sandbox's own commits.
pub fn check_same(repo: &Repo, series: &Series, target: &Target) -> Result<(), Error> {
    let last = series.commits().last().and_then(|index| series.entry(index).commit.as_ref());
    let Some((id, branch)) = last.zip(target.branch.as_deref()) else { return Ok(()) };
    let id = repo.resolve(&format!("{id}^{{commit}}"))?;
    match id.map(|id| is_ancestor(repo, &id, branch)).transpose()? {
        Some(true) => Ok(()),
        _ => Err(Refusal::OtherIds { branch: target.branch_name().to_owned() }.into()),
    }
}

/// How many commits HEAD has that the new branch does not.
pub fn newer(repo: &Repo, target: &Target) -> Result<usize, Error> {
    if target.head == target.base {
        return Ok(0);
    }
    let range = format!("{}..{}", target.base, target.head);
    let count = repo.git("rev-list").args(["--count", &range]).line()?;
    Ok(count.to_str().ok().and_then(|count| count.parse().ok()).unwrap_or_default())
}

fn is_ancestor(repo: &Repo, id: &str, tip: &str) -> Result<bool, Error> {
    Ok(repo.git("merge-base").args(["--is-ancestor", id, tip]).finish()?.code == Some(0))
}

#[cfg(test)]
mod tests {
    use super::is_well_formed;

    #[test]
    fn heads_that_git_would_not_take_are_none() {
        let good = "tree a\nparent b\nparent c\nauthor d\ncommitter e\nother f\n committer\n\ntree ";
        assert!(is_well_formed(good.as_bytes()));
        for (from, to) in [
            ("tree a\n", ""),
            ("author d\n", "author d\nauthor d\n"),
            ("committer e\n", ""),
            ("author d\ncommitter e", "committer e\nauthor d"),
            ("other f", "author f"),
            ("other f", "o\0f"),
            ("\n\n", "\n"),
        ] {
            assert!(!is_well_formed(good.replacen(from, to, 1).as_bytes()), "{to:?}");
        }
    }
}
