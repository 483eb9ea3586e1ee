//! Contents that a three-way merge at home needs and that the host may not have: what the agent changed in files that
//! were uncommitted when it began, or in a commit that a sandbox runtime made up.

use std::collections::{BTreeMap, HashSet};

use bstr::{BString, ByteSlice};

use super::kept::{Change, Kept, Packed, digest};
use super::{Bootstrap, Findings, Survey, Workspace};
use crate::git::{BlobPack, Error};

/// The most that is taken along, in bytes of content. More would make the first mail a burden for what only matters when
/// the host has changed the same files.
const MOST: u64 = 16 << 20;

/// Ids of what the host may lack, each with a path at which it was.
type Wanted<'a> = BTreeMap<&'a str, &'a BString>;

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
    let wanted = wanted(workspace, bootstrap, survey)?;
    if wanted.is_empty() {
        return Ok(None);
    }
    let ids = digest(wanted.keys());
    let packed = match kept.pack() {
        Some(packed) if packed.wanted == ids => packed,
        before => {
            let packed = packed(workspace, bootstrap, wanted.clone(), ids, before.as_ref())?;
            kept.put_pack(&packed);
            packed
        }
    };
    let left_out: Vec<BString> =
        packed.left_out.iter().filter_map(|id| wanted.get(id.as_str()).copied().cloned()).collect();
    findings.about("preimages-left-out", &left_out, |names| {
        format!("the files as they were at the beginning are too large to go along, so that a merge at home may need your own: {names}")
    });
    Ok(Some(packed.pack.bytes).filter(|pack| !pack.is_empty()))
}

/// What the agent changed and did not make. What a commit that the host has says of the same path is not wanted.
fn wanted<'a>(workspace: &Workspace, bootstrap: &Bootstrap, survey: &'a Survey) -> Result<Wanted<'a>, Error> {
    let (mut made, mut wanted) = (HashSet::new(), BTreeMap::new());
    for Change { change, .. } in survey.changes.iter().flatten() {
        if let Some(old) = change.old.as_ref().filter(|old| !old.is_gitlink() && !made.contains(old.id.as_str())) {
            wanted.entry(old.id.as_str()).or_insert(&change.path);
        }
        made.extend(change.new.as_ref().map(|new| new.id.as_str()));
    }
    if !bootstrap.is_root {
        for (id, path) in std::mem::take(&mut wanted) {
            let item = workspace.objects.entry(&bootstrap.tree, path.as_bstr())?;
            if item.is_none_or(|item| item.id != id) {
                wanted.insert(id, path);
            }
        }
    }
    Ok(wanted)
}

/// The pack of what is wanted and not in the bootstrap's tree under another name, the small ones first. What was in the one
/// before is taken from there.
fn packed(
    workspace: &Workspace,
    bootstrap: &Bootstrap,
    mut wanted: Wanted<'_>,
    ids: String,
    before: Option<&Packed>,
) -> Result<Packed, Error> {
    if !bootstrap.is_root {
        for change in workspace.desk.changes(workspace.desk.format().empty_tree(), &bootstrap.tree)? {
            if let Some(item) = &change.new {
                wanted.remove(item.id.as_str());
            }
        }
    }
    // One that is missing, as in a partial clone, cannot go along.
    let sizes = wanted.keys().filter_map(|id| Some((workspace.objects.size(id).ok()?, *id)));
    let mut sizes: Vec<(u64, &str)> = sizes.collect();
    sizes.sort_unstable();
    let mut total = 0;
    let fit = sizes.iter().take_while(|(size, _)| {
        total += size;
        total <= MOST
    });
    let (taken, left_out) = sizes.split_at(fit.count());
    let taken: Vec<&str> = taken.iter().map(|(_, id)| *id).collect();
    let before = before.map(|before| &before.pack);
    let pack = if taken.is_empty() { BlobPack::default() } else { workspace.objects.pack(&taken, before)? };
    Ok(Packed { wanted: ids, left_out: left_out.iter().map(|(_, id)| (*id).to_owned()).collect(), pack })
}
