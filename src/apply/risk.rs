//! What the person should know of what lands, computed from the trees that came out and not from the patch's text.

use bstr::BString;

use super::build::Built;
use super::landing::paths;
use super::target::short;
use super::{Error, Options, Place, Report, Series, Target, Uncommitted};
use crate::git::{Isolated, TreeChange};
use crate::mbox::Kind;

/// Everything that can be said before it lands.
pub fn report(
    isolated: &Isolated,
    series: &Series,
    target: &Target,
    built: &Built,
    options: &Options,
) -> Result<Report, Error> {
    let changes = isolated.changes(&target.base_tree, &built.worktree_tree)?;
    let next = built.stop.as_ref().map_or(series.len(), |stop| stop.entry + 1);
    let left_over = (next..series.len()).any(|index| series.entry(index).kind != Kind::Commit);
    Ok(Report {
        id: series.id.clone(),
        branch: target.branch.as_deref().map(|branch| short(branch).to_owned()),
        branch_is_new: options.place != Place::InPlace,
        base: target.base.clone(),
        tip: built.tip.clone(),
        commits: built.commits.clone(),
        already: built.already.clone(),
        uncommitted: uncommitted(isolated, built)?,
        files: changes.len(),
        proof: built.proof.clone(),
        stop: built.stop.clone(),
        left_out: built.left_out.clone(),
        rejects: built.rejects.iter().map(|reject| reject.path.clone()).collect(),
        left_over,
        work_tree: None,
        notes: Vec::new(),
        undoable: false,
    })
}

/// What will be staged, unstaged and untracked.
fn uncommitted(isolated: &Isolated, built: &Built) -> Result<Uncommitted, Error> {
    if built.stop.is_some() {
        return Ok(Uncommitted::default());
    }
    let (tracked, new): (Vec<TreeChange>, Vec<TreeChange>) = isolated
        .changes(&built.index_tree, &built.worktree_tree)?
        .into_iter()
        .partition(|change| change.old.is_some() || built.intent_to_add.contains(&change.path));
    let staged: Vec<BString> = paths(&isolated.changes(&built.tip_tree, &built.index_tree)?);
    Ok(Uncommitted { staged, unstaged: paths(&tracked), untracked: paths(&new) })
}
