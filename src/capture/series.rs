//! The entries: one chain of trees from the bootstrap to the work tree, each entry the step to the next.

use std::collections::BTreeMap;

use bstr::{BStr, BString};

use super::baseline::{carried, overlaid};
use super::selection::LeftOut;
use super::worktree::WorktreeState;
use super::{Bootstrap, Findings, IndexState, Selection, Workspace, history};
use crate::git::{Commit, Error};
use crate::mbox::{Entry, Identity, Kind};
use crate::session::size_text;

/// One entry, and the trees that its diff is between.
pub(super) struct Step {
    pub(super) entry: Entry,
    pub(super) from: String,
    pub(super) to: String,
}

/// The entries of a capture, and the trees that a clean host reaches with them.
pub(super) struct Series {
    pub(super) steps: Vec<Step>,
    pub(super) head_tree: String,
    pub(super) index_tree: String,
    pub(super) worktree_tree: String,
}

impl Series {
    /// The chain. A capture without differences has no steps.
    pub(super) fn build(
        workspace: &Workspace,
        bootstrap: &Bootstrap,
        index: &IndexState,
        tree: &WorktreeState,
        selection: &Selection,
        findings: &mut Findings,
    ) -> Result<Series, Error> {
        let mut chain = Chain { workspace, selection, steps: Vec::new(), left_out: Vec::new() };
        let head_tree = chain.commits(bootstrap, findings)?;
        let from = match bootstrap.baseline() {
            Some(begin) => carried(workspace, &begin.head_tree, &begin.index_tree, &head_tree)?,
            None => head_tree.clone(),
        };
        let (index_tree, staged) = chain.step(from, &index.tree, head_tree.clone(), entry(Kind::Index))?;
        let from = match bootstrap.baseline() {
            Some(begin) => carried(workspace, &begin.index_tree, &begin.worktree_tree, &staged)?,
            None => index_tree.clone(),
        };
        let mut last = entry(Kind::Worktree);
        last.verbatim = tree.verbatim.clone();
        last.intent_to_add = tree.intent_to_add.clone();
        let (worktree_tree, _) = chain.step(from, &tree.tree, index_tree.clone(), last)?;
        let Chain { steps, left_out, .. } = chain;
        tell_of_left_out(left_out.iter().chain(&tree.left_out), findings);
        Ok(Series { steps, head_tree, index_tree, worktree_tree })
    }
}

struct Chain<'a> {
    workspace: &'a Workspace,
    selection: &'a Selection,
    steps: Vec<Step>,
    left_out: Vec<LeftOut>,
}

impl Chain<'_> {
    /// One step per commit since the bootstrap, in first-parent order; the tree that the last one reaches.
    fn commits(&mut self, bootstrap: &Bootstrap, findings: &mut Findings) -> Result<String, Error> {
        let (mut tree, mut previous) = (bootstrap.tree.clone(), bootstrap.commit.clone());
        let list = match history::straight(self.workspace, bootstrap)? {
            Some(list) => list,
            None => history::asked(self.workspace, bootstrap, findings)?,
        };
        for id in list {
            let object = self.workspace.objects.commit_object(&id)?;
            let damaged = || Error::Object { id: id.clone(), reason: "is not a well-formed commit".into() };
            let commit = Commit::parse(&object).ok_or_else(damaged)?;
            let (to, left_out) = self.selection.filtered(self.workspace, &tree, &commit.tree)?;
            self.left_out.extend(left_out);
            let is_next = commit.parents.len() == 1 && commit.parents.first() == previous.as_ref();
            let parents = if is_next { Vec::new() } else { commit.parents.into_iter().map(BString::from).collect() };
            let mut entry = Entry {
                encoding: commit.encoding,
                commit: Some(id.as_str().into()),
                tree: Some(to.as_str().into()),
                parents,
                ..Entry::new(Kind::Commit, Identity(commit.author), commit.message)
            };
            entry.carry(&object, previous.as_deref().map(BStr::new));
            self.steps.push(Step { entry, from: tree, to: to.clone() });
            (tree, previous) = (to, Some(id));
        }
        Ok(tree)
    }

    /// The step of the index or the work tree: from what is not the agent's to what is there. The tree that a host
    /// reaches which is at `reached`, and the tree that is there, without what is not wanted.
    fn step(&mut self, from: String, to: &str, reached: String, mut entry: Entry) -> Result<(String, String), Error> {
        let (to, left_out) = self.selection.filtered(self.workspace, &from, to)?;
        self.left_out.extend(left_out);
        if from == to {
            return Ok((reached, to));
        }
        let changes = self.workspace.desk.changes(&from, &to)?;
        let is_changed = |path: &BString| changes.iter().any(|change| change.path == *path);
        entry.verbatim.retain(is_changed);
        entry.intent_to_add.retain(is_changed);
        let reached = if from == reached {
            to.clone()
        } else {
            overlaid(self.workspace, &reached, &changes.iter().collect::<Vec<_>>())?
        };
        entry.tree = Some(reached.as_str().into());
        self.steps.push(Step { entry, from, to: to.clone() });
        Ok((reached, to))
    }
}

/// The entry of the index or the work tree. It has no author but this program, and the time of the capture.
fn entry(kind: Kind) -> Entry {
    let author = format!("git-glue <git-glue@invalid> {} +0000", jiff::Timestamp::now().as_second());
    Entry::new(kind, Identity(author.into()), BString::default())
}

/// What `--exclude` and `--omit-larger-than` took out of commits, the index and the work tree.
fn tell_of_left_out<'a>(left_out: impl Iterator<Item = &'a LeftOut>, findings: &mut Findings) {
    let paths: BTreeMap<&BString, Option<u64>> = left_out.map(|left| (&left.path, left.size)).collect();
    let (large, excluded): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(_, size)| size.is_some());
    let excluded: Vec<BString> = excluded.into_iter().map(|(path, _)| path.clone()).collect();
    findings.about("excluded", &excluded, |names| format!("left out by --exclude: {names}"));
    let bytes: u64 = large.iter().filter_map(|(_, size)| *size).sum();
    let large: Vec<BString> = large.into_iter().map(|(path, _)| path.clone()).collect();
    findings.about("omitted-large", &large, |names| {
        format!("larger than --omit-larger-than, so not captured ({} in all): {names}", size_text(bytes))
    });
}
