//! Contents that a three-way merge at home needs and that the host may not have: what the agent changed in files that
//! were uncommitted when it began, or in a commit that a sandbox runtime made up.

use std::collections::{BTreeMap, HashSet};

use bstr::{BString, ByteSlice};

use super::survey::sizes;
use super::{Bootstrap, Findings, Series, Workspace, diffs};
use crate::git::Error;

/// The most that is taken along, in bytes of content. More would make the first mail a burden for what only matters when
/// the host has changed the same files.
const MOST: u64 = 16 << 20;

/// A git pack with the preimages, if there are any.
pub(super) fn pack(
    workspace: &Workspace,
    bootstrap: &Bootstrap,
    series: &Series,
    findings: &mut Findings,
) -> Result<Option<Vec<u8>>, Error> {
    if !bootstrap.is_root && bootstrap.snapshot.is_none() {
        return Ok(None);
    }
    let mut known = if bootstrap.is_root { HashSet::new() } else { blobs(workspace, &bootstrap.tree)? };
    let mut wanted: BTreeMap<String, BString> = BTreeMap::new();
    diffs::raw(workspace, &series.pairs(), |_, change| {
        if let Some(old) = change.old.filter(|old| !old.is_gitlink() && !known.contains(&old.id)) {
            wanted.entry(old.id).or_insert(change.path);
        }
        if let Some(new) = change.new {
            known.insert(new.id);
        }
    })?;
    let ids: Vec<String> = wanted.keys().cloned().collect();
    let mut sizes = sizes(workspace, &ids)?;
    sizes.sort_by_key(|(_, size)| *size);
    let (mut total, mut taken, mut left) = (0, String::new(), Vec::new());
    for (id, size) in sizes {
        total += size;
        if total <= MOST {
            taken += &format!("{id}\n");
        } else {
            left.extend(wanted.get(&id).cloned());
        }
    }
    findings.about("preimages-left-out", &left, |names| {
        format!("the files as they were at the beginning are too large to go along, so that a merge at home may need your own: {names}")
    });
    if taken.is_empty() {
        return Ok(None);
    }
    let pack = workspace.desk.git("pack-objects").args(["--stdout", "-q", "--delta-base-offset"]).input(taken);
    pack.output().map(Some)
}

fn blobs(workspace: &Workspace, tree: &str) -> Result<HashSet<String>, Error> {
    let bytes = workspace.desk.git("ls-tree").args(["-r", "-z", "--full-tree", tree]).output()?;
    let ids = bytes.split(|&byte| byte == 0).filter_map(|record| record.fields().nth(2)?.to_str().ok());
    Ok(ids.map(str::to_owned).collect())
}
