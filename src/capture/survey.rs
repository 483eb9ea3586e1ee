//! What the series changes, counted and measured before any diff is made: a blob that alone is over the cap must not be
//! read for a diff, and a capture that is over the cap has to name what made it so.

use std::collections::{BTreeSet, HashSet};

use bstr::{BString, ByteSlice};

use super::kept::{Change, Kept};
use super::{Counts, Findings, Large, Series, Workspace, WorktreeState, lfs};
use crate::git::{Error, TreeChange};
use crate::mbox::Kind;

/// What the series changes.
pub(super) struct Survey {
    /// By kind of entry.
    pub(super) counts: Counts,
    /// The paths that each step changes.
    pub(super) changes: Vec<Vec<Change>>,
    /// Every new content with its path and size in bytes.
    pub(super) contents: Vec<Large>,
    /// Those of them that are over the cap by themselves and are not in the series.
    pub(super) is_over: bool,
    /// The first step that cannot be written, because it holds a blob over the cap.
    pub(super) stop_before: Option<usize>,
}

impl Survey {
    /// Looks at every changed path of the series, and at no more of the contents than their sizes need.
    pub(super) fn of(
        workspace: &Workspace,
        series: &Series,
        tree: &WorktreeState,
        cap: u64,
        kept: &mut Kept,
        findings: &mut Findings,
    ) -> Result<Survey, Error> {
        let mut survey = Survey {
            counts: Counts::default(),
            changes: Vec::with_capacity(series.steps.len()),
            contents: Vec::new(),
            is_over: !tree.over_cap.is_empty(),
            stop_before: None,
        };
        for step in &series.steps {
            survey.changes.push(changes(workspace, &step.from, &step.to, kept)?);
        }
        let mut submodules: BTreeSet<&BString> = tree.moved_submodules.iter().collect();
        let (mut seen, mut pointers) = (HashSet::new(), Vec::new());
        for (number, (step, changes)) in series.steps.iter().zip(&survey.changes).enumerate() {
            let kind = step.entry.kind;
            survey.counts.add(kind, changes);
            for Change { change, size, is_pointer } in changes {
                let Some(new) = &change.new else { continue };
                if new.is_gitlink() {
                    submodules.insert(&change.path);
                } else if let (true, Some(size)) = (seen.insert(&new.id), *size) {
                    if size > cap {
                        survey.is_over = true;
                        survey.stop_before.get_or_insert(number);
                    }
                    if *is_pointer && kind != Kind::Worktree {
                        pointers.push(change.path.clone());
                    }
                    survey.contents.push(Large { path: change.path.clone(), size });
                }
            }
        }
        let submodules: Vec<BString> = submodules.into_iter().cloned().collect();
        findings.about("submodule-commits", &submodules, |names| {
            format!("a submodule's commit changed; the commit itself is not captured: {names}")
        });
        survey.contents.extend(tree.over_cap.iter().map(|(path, size)| Large { path: path.clone(), size: *size }));
        lfs::tell_committed(workspace, pointers, findings)?;
        Ok(survey)
    }
}

impl Counts {
    /// Counts a step of this kind.
    fn add(&mut self, kind: Kind, changes: &[Change]) {
        let new = changes.iter().filter(|change| change.change.old.is_none()).count();
        match kind {
            Kind::Commit => self.commits += 1,
            Kind::Index => self.staged += changes.len(),
            Kind::Worktree => {
                self.untracked += new;
                self.unstaged += changes.len() - new;
            }
        }
    }
}

/// The paths that differ between two trees, with the sizes of their new contents.
fn changes(workspace: &Workspace, from: &str, to: &str, kept: &mut Kept) -> Result<Vec<Change>, Error> {
    if let Some(changes) = kept.changes(from, to) {
        return Ok(changes);
    }
    let changes = workspace.desk.changes(from, to)?.into_iter().map(|change| measured(workspace, change));
    let changes = changes.collect::<Result<Vec<Change>, Error>>()?;
    kept.put_changes(from, to, &changes);
    Ok(changes)
}

/// A content that is missing, as in a partial clone, has no size.
fn measured(workspace: &Workspace, change: TreeChange) -> Result<Change, Error> {
    let new = change.new.as_ref().filter(|new| !new.is_gitlink());
    let size = new.and_then(|new| workspace.objects.size(&new.id).ok());
    let is_pointer = match (new, size) {
        (Some(new), Some(..=lfs::LARGEST_POINTER)) => lfs::pointer(&workspace.objects.blob(&new.id)?).is_some(),
        _ => false,
    };
    Ok(Change { change, size, is_pointer })
}

/// Whether anything of `path` is not plain enough for a pathspec as it is.
pub(super) fn is_plain(path: &BString) -> bool {
    !path.starts_with(b":") && path.find_byteset(b"*?[\\").is_none()
}
