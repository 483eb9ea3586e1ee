//! What the series changes, counted and measured before any diff is made: a blob that alone is over the cap must not be
//! read for a diff, and a capture that is over the cap has to name what made it so.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader};

use bstr::{BString, ByteSlice};

use super::worktree::WorktreeState;
use super::{Counts, Findings, Large, Series, Workspace, diffs, lfs};
use crate::git::Error;
use crate::mbox::Kind;

/// What the series changes.
pub(super) struct Survey {
    /// By kind of entry.
    pub(super) counts: Counts,
    /// Every new content with its path and size in bytes.
    pub(super) contents: Vec<Large>,
    /// Those of them that are over the cap by themselves and are not in the series.
    pub(super) is_over: bool,
    /// The first step that cannot be written, because it holds a blob over the cap.
    pub(super) stop_before: Option<usize>,
}

impl Survey {
    /// Looks at every changed path of the series, not at contents.
    pub(super) fn of(
        workspace: &Workspace,
        series: &Series,
        tree: &WorktreeState,
        cap: u64,
        findings: &mut Findings,
    ) -> Result<Survey, Error> {
        let mut counts = Counts::default();
        let mut first_seen: HashMap<String, (BString, usize)> = HashMap::new();
        let mut submodules: BTreeSet<BString> = tree.moved_submodules.iter().cloned().collect();
        diffs::raw(workspace, &series.pairs(), |number, change| {
            match series.steps.get(number).map(|step| step.entry.kind) {
                Some(Kind::Index) => counts.staged += 1,
                Some(Kind::Worktree) if change.old.is_none() => counts.untracked += 1,
                Some(Kind::Worktree) => counts.unstaged += 1,
                _ => {}
            }
            match change.new {
                Some(new) if new.is_gitlink() => drop(submodules.insert(change.path)),
                Some(new) => drop(first_seen.entry(new.id).or_insert((change.path, number))),
                None => {}
            }
        })?;
        counts.commits = series.steps.iter().filter(|step| step.entry.kind == Kind::Commit).count();
        let submodules: Vec<BString> = submodules.into_iter().collect();
        findings.about("submodule-commits", &submodules, |names| {
            format!("a submodule's commit changed; the commit itself is not captured: {names}")
        });
        let ids: Vec<String> = first_seen.keys().cloned().collect();
        let mut survey = Survey { counts, contents: Vec::new(), is_over: false, stop_before: None };
        let mut small = Vec::new();
        for (id, size) in sizes(workspace, &ids)? {
            let Some((path, number)) = first_seen.remove(&id) else { continue };
            if size > cap {
                survey.is_over = true;
                survey.stop_before = Some(survey.stop_before.map_or(number, |other| other.min(number)));
            }
            if size <= lfs::LARGEST_POINTER && series.steps.get(number).is_some_and(|s| s.entry.kind != Kind::Worktree)
            {
                small.push((path.clone(), id));
            }
            survey.contents.push(Large { path, size });
        }
        survey.is_over |= !tree.over_cap.is_empty();
        survey.contents.extend(tree.over_cap.iter().map(|(path, size)| Large { path: path.clone(), size: *size }));
        lfs::tell_committed(workspace, small, findings)?;
        Ok(survey)
    }
}

/// The sizes in bytes of those objects that are there.
pub(super) fn sizes(workspace: &Workspace, ids: &[String]) -> Result<Vec<(String, u64)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut input = ids.join("\n").into_bytes();
    input.push(b'\n');
    let command = workspace.desk.git("cat-file").arg("--batch-check=%(objectname) %(objectsize)").input(input);
    let running = BufReader::new(command.spawn()?);
    let mut sizes = Vec::with_capacity(ids.len());
    for line in running.lines() {
        let line = line.map_err(Error::NotStarted)?;
        if let Some((id, size)) = line.split_once(' ')
            && let Ok(size) = size.parse()
        {
            sizes.push((id.to_owned(), size));
        }
    }
    Ok(sizes)
}

/// Whether anything of `path` is not plain enough for a pathspec as it is.
pub(super) fn is_plain(path: &BString) -> bool {
    !path.starts_with(b":") && path.find_byteset(b"*?[\\").is_none()
}
