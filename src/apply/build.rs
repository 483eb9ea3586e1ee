//! Entries become trees, trees become commits, all in the object database.

pub(super) mod named;

use std::collections::HashSet;
use std::sync::Arc;

use bstr::{BString, ByteSlice};

use super::added::Search;
use super::built::{Built, BuiltCommit, Stop};
use super::exact::Step;
use super::links::Links;
use super::place::{Bench, Conflict, Patch, Placed};
use super::proof::{Comparison, Proof};
use super::resume::{Resume, is_left};
use super::sign::signed;
use super::{Error, OnConflict, Options, Place, Series, Target, bundle, merge};
use crate::git::{Commit, Isolated, Repo, TreeItem};
use crate::mbox::{Entry, Identity, Kind};

/// Builds every entry from the target's base on.
pub fn build(
    repo: &Repo,
    isolated: &Isolated,
    series: &mut Series,
    target: &Target,
    options: &Options,
) -> Result<Built, Error> {
    if options.exact {
        bundle::take_if_needed(repo, isolated, series)?;
    }
    let mut builder = Builder::start(repo, isolated, target, options)?;
    let mut first = target.resume.as_ref().map_or(0, Resume::first);
    if let Some(waiting) = target.resume.as_ref().and_then(|resume| resume.waiting) {
        builder.resolved(series, waiting)?;
        first += 1;
    }
    for index in first..series.len() {
        if target.resume.as_ref().is_some_and(|resume| !is_left(resume, series, index)) {
            continue;
        }
        if !builder.entry(series, index)? {
            break;
        }
    }
    if builder.built.stop.is_some() {
        // `git am --continue` merges what comes after.
        series.preimages.provide_all(builder.bench.objects)?;
    }
    builder.finish(series)
}

struct Builder<'a> {
    repo: &'a Repo,
    bench: Bench<'a>,
    target: &'a Target,
    options: &'a Options,
    links: Links,
    /// The tree after the last entry.
    tree: String,
    comparison: Comparison,
    built: Built,
}

impl<'a> Builder<'a> {
    fn start(
        repo: &'a Repo,
        isolated: &'a Isolated,
        target: &'a Target,
        options: &'a Options,
    ) -> Result<Builder<'a>, Error> {
        let tree = if options.rest {
            // What `git am --continue` and the person made of the entries before is in the index.
            Resume::resolved(repo, isolated)?
        } else {
            target.base_tree.clone()
        };
        Ok(Builder {
            repo,
            bench: Bench::new(isolated, Search::default())?,
            target,
            options,
            links: Links::default(),
            comparison: Comparison::default(),
            built: Built {
                commits: Vec::new(),
                already: Vec::new(),
                left_out: Vec::new(),
                tip: target.base.clone(),
                tip_tree: target.base_tree.clone(),
                index_tree: tree.clone(),
                worktree_tree: tree.clone(),
                secrets: Vec::new(),
                verbatim: Vec::new(),
                intent_to_add: Vec::new(),
                replaces: Vec::new(),
                rejects: Vec::new(),
                stop: None,
                proof: Proof::Unfinished,
            },
            tree,
        })
    }

    /// Builds one entry; whether to go on.
    fn entry(&mut self, series: &mut Series, index: usize) -> Result<bool, Error> {
        let diff = series.diff(index)?;
        let patch = Patch::read(series, index, &diff)?;
        self.links.follow(&patch)?;
        let entry = series.entry(index).clone();
        named::check(&entry, &patch)?;
        let placed = self.place(&entry, &patch)?;
        let fits = matches!(placed, Placed::Fits { .. });
        let (tree, exact, merged) = match placed {
            Placed::Fits { tree, exact } => (tree, exact, false),
            Placed::Merged { tree } => (tree, false, true),
            Placed::Conflict(conflict) => match self.conflict(&entry, &patch, conflict)? {
                Some(tree) => (tree, false, false),
                None => return Ok(false),
            },
        };
        if !fits {
            self.bench.look_at_step(&self.tree, &tree)?;
        }
        self.comparison.add(series, index, &tree, exact);
        self.settle(&entry, &patch, tree, merged)?;
        Ok(true)
    }

    /// Commits what the person made of an entry that was in conflict.
    fn resolved(&mut self, series: &mut Series, index: usize) -> Result<(), Error> {
        let diff = series.diff(index)?;
        let patch = Patch::read(series, index, &diff)?;
        self.links.follow(&patch)?;
        if self.tree == self.target.base_tree {
            return Err(Error::NothingResolved { subject: patch.subject });
        }
        // Its postimages are the preimages of entries to come.
        merge::all_postimages(self.bench.isolated, self.bench.objects, &patch)?;
        let entry = series.entry(index).clone();
        let tree = self.tree.clone();
        self.commit(&entry, &tree, &patch, true)?;
        self.built.tip_tree = tree;
        Ok(())
    }

    fn place(&mut self, entry: &Entry, patch: &Patch) -> Result<Placed, Error> {
        let lands_here = matches!(self.options.place, Place::NewBranch | Place::InPlace);
        if entry.kind == Kind::Worktree && lands_here {
            // A file that the person has changed, exactly as the sandbox found it, is what this entry's diff begins with.
            let mine = self.preimages_in_work_tree(patch)?;
            if !mine.is_empty()
                && let Some(tree) = self.bench.with(&self.tree, &mine)?
            {
                self.built.replaces = mine.into_iter().map(|(path, _)| path).collect();
                return self.bench.place(&tree, patch);
            }
        }
        self.bench.place(&self.tree, patch)
    }

    /// Paths of which the tree has another preimage than the diff names, and the person's file has that one.
    fn preimages_in_work_tree(&self, patch: &Patch) -> Result<Vec<(BString, TreeItem)>, Error> {
        let mut mine = Vec::new();
        for change in patch.files.iter().map(|file| &file.change) {
            let (Some(path), Some(id)) = (&change.old_path, &change.old_id) else { continue };
            let (Ok(id), Ok(file)) = (id.to_str(), path.to_path()) else { continue };
            let mode = change.old_mode.or(change.new_mode).unwrap_or(0o100_644);
            let here = self.bench.objects.entry(&self.tree, path.as_bstr())?;
            let differs = here.is_none_or(|item| item.id != id);
            if differs && merge::adopt(self.bench.isolated, self.bench.objects, file, id)? {
                mine.push((path.clone(), TreeItem { mode, id: id.to_owned() }));
            }
        }
        if mine.is_empty() {
            return Ok(mine);
        }
        // An empty `.env` that git does not track is as it was by chance: it is not the file that the sandbox had.
        let list = self.repo.git("ls-files").env("GIT_LITERAL_PATHSPECS", "1").args(["-z", "--"]);
        let list = mine.iter().fold(list, |list, (path, _)| list.arg(path.to_path_lossy().as_os_str())).output()?;
        let tracked: HashSet<&[u8]> = list.split(|&byte| byte == 0).collect();
        mine.retain(|(path, _)| tracked.contains(path.as_slice()));
        Ok(mine)
    }

    /// An entry that does not fit: the tree to go on with, or `None` to stop here.
    fn conflict(&mut self, entry: &Entry, patch: &Patch, conflict: Conflict) -> Result<Option<String>, Error> {
        let paths = conflict.paths();
        if self.options.exact && entry.kind == Kind::Commit {
            let reason = "does not fit on the commit that it was made on".to_owned();
            return Err(Error::Corrupt { entry: patch.index + 1, subject: patch.subject.clone(), reason });
        }
        if !self.target.can_stop(self.options) {
            return Err(Error::Conflicts { entry: patch.index + 1, subject: patch.subject.clone(), paths });
        }
        if self.options.on_conflict == OnConflict::Reject {
            let conflict = match conflict.rejects.is_empty() {
                true => self.bench.reject(&self.tree, patch)?,
                false => conflict,
            };
            self.built.rejects.extend(conflict.rejects);
            if conflict.tree == self.tree && entry.kind == Kind::Commit {
                self.built.left_out.push(patch.index);
            }
            return Ok(Some(conflict.tree));
        }
        self.built.worktree_tree = conflict.tree;
        self.built.stop = Some(Stop {
            entry: patch.index,
            kind: entry.kind,
            subject: patch.subject.clone(),
            paths,
            stages: conflict.stages,
            rejects: conflict.rejects,
        });
        Ok(None)
    }

    /// Makes of a tree what the entry's kind makes of it.
    fn settle(&mut self, entry: &Entry, patch: &Patch, tree: String, merged: bool) -> Result<(), Error> {
        let left_out = self.built.left_out.contains(&patch.index);
        match entry.kind {
            Kind::Commit if left_out => {}
            // A change that fits and changes nothing (a mode that is so already) is a commit to git too.
            Kind::Commit if merged && tree == self.tree && !patch.files.is_empty() && !self.options.exact => {
                self.built.already.push(patch.subject.clone())
            }
            Kind::Commit => {
                self.commit(entry, &tree, patch, merged)?;
                self.built.tip_tree = tree.clone();
                self.built.index_tree = tree.clone();
            }
            Kind::Index => self.built.index_tree = tree.clone(),
            Kind::Worktree => {
                self.built.verbatim = entry.verbatim.clone();
                self.built.intent_to_add = self.announced(entry, &tree)?;
            }
        }
        self.built.worktree_tree = tree.clone();
        self.tree = tree;
        Ok(())
    }

    /// Which of the paths that the entry announces there is something to announce of: a file or link that is not in the
    /// index. Elsewhere than in the sandbox it may be there already.
    fn announced(&self, entry: &Entry, tree: &str) -> Result<Vec<BString>, Error> {
        let mut announced = Vec::new();
        for path in &entry.intent_to_add {
            let is_staged = self.bench.objects.entry(&self.built.index_tree, path.as_bstr())?.is_some();
            let item = self.bench.objects.entry(tree, path.as_bstr())?;
            if !is_staged && item.is_some_and(|item| item.is_file_or_link()) {
                announced.push(path.clone());
            }
        }
        Ok(announced)
    }

    fn commit(&mut self, entry: &Entry, tree: &str, patch: &Patch, merged: bool) -> Result<(), Error> {
        let commit = Commit {
            tree: tree.to_owned(),
            parents: vec![self.built.tip.clone()],
            author: self.author(entry),
            committer: self.target.committer.clone().unwrap_or_default(),
            encoding: entry.encoding.clone(),
            message: entry.message.clone(),
        };
        let id = match self.target.sign {
            _ if self.options.exact && entry.commit.is_some() => self.exact(entry, tree, patch)?,
            true => signed(self.repo, self.bench.isolated, self.bench.objects, &commit, &patch.subject)?,
            false => self.bench.objects.write_commit(&commit)?,
        };
        let (name, mail) = (entry.author.name(), entry.author.email());
        self.built.commits.push(BuiltCommit {
            id: id.clone(),
            sandbox_id: entry.commit.as_ref().map(|id| id.to_string()),
            subject: patch.subject.clone(),
            author: bstr::concat([name.as_bytes(), b" <", mail.as_bytes(), b">"]).into(),
            merged,
            was_merge: entry.parents.len() > 1,
        });
        self.built.tip = id;
        Ok(())
    }

    /// The commit as it was in the sandbox.
    fn exact(&self, entry: &Entry, tree: &str, patch: &Patch) -> Result<String, Error> {
        let (previous, is_first) = (Some(self.built.tip.as_str()), self.built.commits.is_empty());
        let step = Step { index: patch.index, entry, subject: &patch.subject, previous, is_first, tree };
        step.commit(self.bench.objects)
    }

    /// The author as the capture has it; at the committer's time when a mail has none that can be read.
    fn author(&self, entry: &Entry) -> BString {
        let committer = Identity(self.target.committer.clone().unwrap_or_default());
        match (entry.author.seconds(), committer.seconds()) {
            (None, Some(now)) => {
                let (name, mail) = (entry.author.name(), entry.author.email());
                bstr::concat([
                    name.as_bytes(),
                    b" <",
                    mail.as_bytes(),
                    format!("> {now} {}", committer.offset()).as_bytes(),
                ])
                .into()
            }
            _ => entry.author.0.clone(),
        }
    }

    fn finish(mut self, series: &Series) -> Result<Built, Error> {
        if self.options.commit_worktree && self.built.stop.is_none() && self.built.worktree_tree != self.built.tip_tree
        {
            self.commit_uncommitted(series)?;
        }
        let unfinished = self.built.stop.is_some() || !self.built.rejects.is_empty() || self.options.rest;
        if !unfinished {
            self.built.proof = self.comparison.conclude(self.repo, series, &self.target.base_tree)?;
        }
        self.built.secrets = self.bench.search.into_found();
        Ok(self.built)
    }

    /// One commit of all that was not committed in the sandbox, by the person who applies.
    fn commit_uncommitted(&mut self, series: &Series) -> Result<(), Error> {
        let subject = BString::from("Uncommitted work of the session");
        let committer = self.target.committer.clone().unwrap_or_default();
        let message = format!("{subject}\n\nSession: {}\n", series.id);
        let entry = Entry::new(Kind::Commit, Identity(committer), message.into());
        let tree = self.built.worktree_tree.clone();
        let patch = Patch { index: series.len(), subject, diff: b"", files: Vec::new(), preimages: Arc::default() };
        self.commit(&entry, &tree, &patch, false)?;
        self.built.tip_tree = tree.clone();
        self.built.index_tree = tree;
        self.built.intent_to_add.clear();
        Ok(())
    }
}
