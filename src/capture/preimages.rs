//! Contents that a three-way merge at home needs and that the host may not have: what the agent changed in files that
//! were uncommitted when it began, or in a commit that a sandbox runtime made up.

use std::collections::{BTreeMap, HashSet};

use bstr::{BString, ByteSlice};

use super::kept::{Change, Kept};
use super::{Bootstrap, Findings, Survey, Workspace};
use crate::git::Error;

/// The most that is taken along, in bytes of content. More would make the first mail a burden for what only matters when
/// the host has changed the same files.
const MOST: u64 = 16 << 20;

/// A git pack with the preimages, if there are any.
pub(super) fn pack(
    workspace: &Workspace,
    bootstrap: &Bootstrap,
    survey: &Survey,
    kept: &mut Kept,
    findings: &mut Findings,
) -> Result<Option<Vec<u8>>, Error> {
    if !bootstrap.is_root && bootstrap.snapshot.is_none() {
        return Ok(None);
    }
    let mut known = if bootstrap.is_root { HashSet::new() } else { blobs(workspace, &bootstrap.tree)? };
    let mut wanted: BTreeMap<&str, &BString> = BTreeMap::new();
    for Change { change, .. } in survey.changes.iter().flatten() {
        if let Some(old) = change.old.as_ref().filter(|old| !old.is_gitlink() && !known.contains(&old.id)) {
            wanted.entry(&old.id).or_insert(&change.path);
        }
        if let Some(new) = &change.new {
            known.insert(new.id.clone());
        }
    }
    let mut all = String::new();
    wanted.keys().for_each(|id| all.extend([id, "\n"]));
    if let Some(pack) = kept.pack(&all) {
        return Ok(Some(pack));
    }
    // One that is missing, as in a partial clone, cannot go along.
    let sizes = wanted.keys().filter_map(|id| Some((workspace.objects.size(id).ok()?, *id)));
    let mut sizes: Vec<(u64, &str)> = sizes.collect();
    sizes.sort_unstable();
    let (mut total, mut taken, mut left) = (0, String::new(), Vec::new());
    for (size, id) in sizes {
        total += size;
        if total <= MOST {
            taken.extend([id, "\n"]);
        } else {
            left.extend(wanted.get(id).map(|path| (*path).clone()));
        }
    }
    findings.about("preimages-left-out", &left, |names| {
        format!("the files as they were at the beginning are too large to go along, so that a merge at home may need your own: {names}")
    });
    if taken.is_empty() {
        return Ok(None);
    }
    // These are different files, which make poor deltas of each other; a small file gets little smaller with more effort.
    let options = ["--stdout", "-q", "--delta-base-offset", "--window=0", "--compression=1"];
    let command = workspace.desk.git_without_files("pack-objects").args(options);
    let pack = command.input(taken).output()?;
    if left.is_empty() {
        kept.put_pack(&all, &pack);
    }
    Ok(Some(pack))
}

fn blobs(workspace: &Workspace, tree: &str) -> Result<HashSet<String>, Error> {
    let bytes = workspace.desk.git_without_files("ls-tree").args(["-r", "-z", "--full-tree", tree]).output()?;
    let ids = bytes.split(|&byte| byte == 0).filter_map(|record| record.fields().nth(2)?.to_str().ok());
    Ok(ids.map(str::to_owned).collect())
}
