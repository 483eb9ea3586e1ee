//! What the person should know of what lands, computed from the trees that came out and not from the patch's text.

use bstr::{BString, ByteSlice};

use super::added::Search;
use super::built::Built;
use super::landing::paths;
use super::place::Patch;
use super::target::short;
use super::{Error, Options, Place, Report, Series, Target, Uncommitted};
use crate::audit::{self, Change, Finding, PathProblem};
use crate::git::{Isolated, Objects, Repo, TreeChange, TreeItem};
use crate::mbox::Kind;

/// Everything that can be said before it lands.
pub fn report(
    repo: &Repo,
    isolated: &Isolated,
    series: &mut Series,
    target: &Target,
    built: &Built,
    options: &Options,
) -> Result<Report, Error> {
    let changes = isolated.changes(&target.base_tree, &built.worktree_tree)?;
    let next = built.stop.as_ref().map_or(series.len(), |stop| stop.entry + 1);
    let mut runs_here = runs_here(repo, isolated.objects()?, &changes)?;
    let new = changes.iter().filter(|change| change.old.is_none());
    let mut path_warnings = path_warnings(new.map(|change| &change.path));
    let mut search = Search::from(built.secrets.clone());
    if let Some(stop) = &built.stop {
        to_come(repo, series, stop.entry, &mut runs_here, &mut path_warnings, &mut search)?;
    }
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
        runs_here,
        path_warnings,
        secrets: search.into_found(),
        spoofed: spoofed(series),
        stop: built.stop.clone(),
        left_out: built.left_out.iter().map(|&entry| series.subject(entry)).collect(),
        rejects: built.rejects.iter().map(|reject| reject.path.clone()).collect(),
        left_over,
        work_tree: None,
        undoable: false,
        exact: options.exact,
        newer: 0,
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

/// Those of the paths that other systems refuse, and why.
fn path_warnings<'a>(paths: impl Iterator<Item = &'a BString>) -> Vec<(BString, PathProblem)> {
    paths.filter_map(|path| Some((path.clone(), audit::path_warning(path.as_bstr())?))).collect()
}

/// What would run on this machine once this is checked out.
fn runs_here(repo: &Repo, objects: &Objects, changes: &[TreeChange]) -> Result<Vec<Finding>, Error> {
    let bytes = changes
        .iter()
        .map(|change| Ok((content(objects, change, &change.old)?, content(objects, change, &change.new)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    let changes = changes.iter().zip(&bytes).map(|(change, (old, new))| Change {
        path: change.path.as_bstr(),
        old_mode: change.old.as_ref().map(|item| item.mode),
        new_mode: change.new.as_ref().map(|item| item.mode),
        old: old.as_deref(),
        new: new.as_deref(),
    });
    Ok(audit::runs_here(changes, hooks_path(repo)?.as_ref().map(|path| path.as_bstr())))
}

/// Adds what the entry that does not fit, and those after it, would bring: `git am --continue` lands them without another look.
fn to_come(
    repo: &Repo,
    series: &mut Series,
    first: usize,
    findings: &mut Vec<Finding>,
    warnings: &mut Vec<(BString, PathProblem)>,
    search: &mut Search,
) -> Result<(), Error> {
    let hooks_path = hooks_path(repo)?;
    for index in first..series.len() {
        let diff = series.diff(index)?;
        let patch = Patch::read(series, index, &diff)?;
        let changes = patch.files.iter().filter_map(|file| {
            let change = &file.change;
            let path = change.new_path.as_ref()?.as_bstr();
            let new_mode = change.new_mode.or(change.old_mode).or(Some(0o100_644));
            Some(Change { path, old_mode: change.old_mode, new_mode, old: None, new: None })
        });
        let found = audit::runs_here(changes, hooks_path.as_ref().map(|path| path.as_bstr()));
        let is_new = |finding: &Finding| findings.iter().all(|known| known.path != finding.path);
        let found: Vec<Finding> = found.into_iter().filter(is_new).collect();
        findings.extend(found);
        let moved = patch.files.iter().map(|file| &file.change).filter(|change| change.old_path != change.new_path);
        let new = moved.filter_map(|change| change.new_path.as_ref());
        let found = path_warnings(new.filter(|path| warnings.iter().all(|(known, _)| known != *path)));
        warnings.extend(found);
        search.unplaced(&patch);
    }
    findings.sort();
    Ok(())
}

fn hooks_path(repo: &Repo) -> Result<Option<BString>, Error> {
    Ok(repo.config("core.hooksPath")?.and_then(|path| inside(repo, path)))
}

/// The bytes of one side, where the audit looks into them: links, and the few files whose content names programs.
fn content(objects: &Objects, change: &TreeChange, side: &Option<TreeItem>) -> Result<Option<Vec<u8>>, Error> {
    const LARGEST: u64 = 1 << 20;
    let Some(item) = side.as_ref().filter(|item| !item.is_gitlink()) else { return Ok(None) };
    let wanted = item.is_symlink() || audit::looks_into(change.path.as_bstr());
    if !wanted || objects.size(&item.id)? > LARGEST {
        return Ok(None);
    }
    Ok(Some(objects.blob(&item.id)?))
}

/// A path of the configuration relative to the top of the work tree, if it lies inside.
fn inside(repo: &Repo, path: BString) -> Option<BString> {
    let top = repo.work_tree.as_deref()?;
    let relative = match path.to_path().ok()? {
        absolute if absolute.is_absolute() => absolute.strip_prefix(top).ok()?.to_owned(),
        relative => relative.to_owned(),
    };
    Some(relative.into_os_string().into_encoded_bytes().into())
}

/// Authors and subjects that are not what they look like.
fn spoofed(series: &Series) -> Vec<String> {
    let mut found = Vec::new();
    for (index, entry) in series.entries().enumerate().filter(|(_, entry)| entry.kind == Kind::Commit) {
        let author = audit::spoofed_identity(entry.author.name(), entry.author.email());
        let subject = audit::spoofed(&series.subject(index));
        found.extend(author.map(|spoof| format!("the author of entry {} {spoof}", index + 1)));
        found.extend(subject.map(|spoof| format!("the subject of entry {} {spoof}", index + 1)));
    }
    found
}
