//! The commit that the agent started from, and what was uncommitted at that moment.

use bstr::{BString, ByteSlice};

use super::baseline::Baseline;
use super::runtime::variable;
use super::session::Chosen;
use super::worktree::Known;
use super::{Error, Options, Workspace};
use crate::git::Commit;
use crate::patch::{quote, unquote};

/// Where a capture starts.
#[derive(Debug, Clone)]
pub(super) struct Bootstrap {
    /// The commit that the host can have; `None` when the agent started on a branch without commits.
    pub(super) commit: Option<String>,
    /// Its tree, or the empty one: the first of the chain.
    pub(super) tree: String,
    /// It has no parent: a sandbox runtime may have made it, so that the host has no object of it.
    pub(super) is_root: bool,
    /// The commit that recorded the uncommitted state, and that state.
    pub(super) snapshot: Option<(String, Baseline)>,
    left_out: Vec<Known>,
}

impl Bootstrap {
    /// What was asked for, else GLUE_BOOTSTRAP_SHA, else what `--begin` recorded, else what the session's meta.json says.
    pub(super) fn find(workspace: &Workspace, options: &Options, session: &Chosen) -> Result<Option<Bootstrap>, Error> {
        let recorded = || session.meta.as_ref().and_then(|meta| meta.runtime_bootstrap_sha.clone());
        let revision =
            options.base.clone().or_else(|| variable("GLUE_BOOTSTRAP_SHA")).or_else(|| session.begun.clone());
        let Some(revision) = revision.or_else(|| recorded().filter(|sha| !sha.is_empty())) else { return Ok(None) };
        let Some(commit) = workspace.repo.resolve(&format!("{revision}^{{commit}}"))? else {
            return Err(Error::NoSuchBootstrap { revision });
        };
        Bootstrap::at(workspace, &commit).map(Some)
    }

    /// The bootstrap at a commit, which may be one that [`snapshot_message`] describes.
    pub(super) fn at(workspace: &Workspace, id: &str) -> Result<Bootstrap, Error> {
        let commit = workspace.objects.commit(id)?;
        let Some(begin) = Begin::parse(&commit) else {
            let is_root = commit.parents.is_empty();
            return Ok(Bootstrap {
                commit: Some(id.to_owned()),
                tree: commit.tree,
                is_root,
                snapshot: None,
                left_out: Vec::new(),
            });
        };
        let head_tree = match &begin.head {
            Some(head) => workspace.tree_of(head)?,
            None => workspace.desk.format().empty_tree().to_owned(),
        };
        let is_root = match &begin.head {
            Some(head) => workspace.objects.commit(head)?.parents.is_empty(),
            None => true,
        };
        let baseline =
            Baseline { head_tree: head_tree.clone(), index_tree: begin.index_tree, worktree_tree: commit.tree };
        let snapshot = Some((id.to_owned(), baseline));
        Ok(Bootstrap { commit: begin.head, tree: head_tree, is_root, snapshot, left_out: begin.left_out })
    }

    /// The uncommitted state at the beginning, if there was any.
    pub(super) fn baseline(&self) -> Option<&Baseline> {
        self.snapshot.as_ref().map(|(_, baseline)| baseline)
    }

    /// Files that were there at the beginning, too large to be recorded.
    pub(super) fn left_out(&self) -> &[Known] {
        &self.left_out
    }
}

/// What a snapshot commit says in its message.
struct Begin {
    head: Option<String>,
    index_tree: String,
    left_out: Vec<Known>,
}

const TITLE: &str = "git-glue: the work tree as it was when the session began";

/// The message of a snapshot commit. Its tree is the work tree's; the rest is here, where no walk over parents can
/// mistake it for history.
pub(super) fn snapshot_message(head: Option<&str>, index_tree: &str, left_out: &[Known]) -> BString {
    let mut message =
        format!("{TITLE}\n\nGlue-Head: {}\nGlue-Index: {index_tree}\n", head.unwrap_or("none")).into_bytes();
    for (path, size, time) in left_out {
        message.extend_from_slice(format!("Glue-Left-Out: {size} {time} ").as_bytes());
        message.extend_from_slice(&quote(path.as_bstr()));
        message.push(b'\n');
    }
    message.into()
}

impl Begin {
    fn parse(commit: &Commit) -> Option<Begin> {
        let mut lines = commit.message.lines();
        if lines.next()? != TITLE.as_bytes() {
            return None;
        }
        let (mut head, mut index_tree, mut left_out) = (None, None, Vec::new());
        for line in lines.filter(|line| !line.is_empty()) {
            match line.split_once_str(": ")? {
                (b"Glue-Head", b"none") => {}
                (b"Glue-Head", id) => head = Some(id.to_str().ok()?.to_owned()),
                (b"Glue-Index", id) => index_tree = Some(id.to_str().ok()?.to_owned()),
                (b"Glue-Left-Out", value) => left_out.push(known(value)?),
                _ => {}
            }
        }
        Some(Begin { head, index_tree: index_tree?, left_out })
    }
}

/// `<size> <time> <path>`
fn known(value: &[u8]) -> Option<Known> {
    let (size, rest) = value.split_once_str(" ")?;
    let (time, path) = rest.split_once_str(" ")?;
    let path = unquote(path.as_bstr())?.into_owned();
    Some((path, size.to_str().ok()?.parse().ok()?, time.to_str().ok()?.parse().ok()?))
}
