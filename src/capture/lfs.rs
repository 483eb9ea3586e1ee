//! Git LFS: files whose committed content is a pointer (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).
//!
//! The LFS filter is a program that the sandbox's configuration names, so it does not run here. A file that still is what
//! its pointer says is unchanged; one that was changed is carried as it is. Content that only the LFS store holds does
//! not travel.

use std::fs::File;
use std::io;
use std::path::Path;

use bstr::{BString, ByteSlice};
use sha2::{Digest, Sha256};

use super::conversion::Attributes;
use super::{Findings, Workspace, conversion};
use crate::git::{Error, TreeChange};

/// No pointer is longer, in bytes.
pub(super) const LARGEST_POINTER: u64 = 1024;

/// Takes those paths out of `feed` that are exactly what the pointer in the index says.
pub(super) fn drop_unchanged(
    workspace: &Workspace,
    changed: &[TreeChange],
    attributes: &Attributes,
    feed: &mut Vec<BString>,
) -> Result<(), Error> {
    let mut same = Vec::new();
    for change in changed {
        let (Some(old), true) = (&change.old, is_lfs(attributes, &change.path)) else { continue };
        if workspace.objects.size(&old.id)? > LARGEST_POINTER {
            continue;
        }
        let blob = workspace.objects.blob(&old.id)?;
        let file = workspace.file(change.path.as_bstr());
        if pointer(&blob).is_some_and(|(id, size)| holds(&file, &id, size)) {
            same.push(change.path.clone());
        }
    }
    feed.retain(|path| !same.contains(path));
    Ok(())
}

/// Says which files go without LFS.
pub(super) fn tell(feed: &[BString], attributes: &Attributes, findings: &mut Findings) {
    let paths: Vec<BString> = feed.iter().filter(|path| is_lfs(attributes, path)).cloned().collect();
    findings.about("lfs", &paths, |names| {
        format!(
            "belongs to Git LFS, which does not run here: captured with its full content, not as a pointer: {names}"
        )
    });
}

/// Says which of these committed or staged pointers are LFS's: what they point to is in the LFS store of the sandbox.
pub(super) fn tell_committed(
    workspace: &Workspace,
    mut pointers: Vec<BString>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let attributes = conversion::attributes(workspace, &pointers)?;
    pointers.retain(|path| is_lfs(&attributes, path));
    pointers.sort();
    findings.about("lfs", &pointers, |names| {
        format!(
            "committed as a Git LFS pointer; the content stays in the sandbox unless `git lfs push` sends it: {names}"
        )
    });
    Ok(())
}

/// The sha256 in hex and the size in bytes that a pointer names; `None` for any other content.
pub(super) fn pointer(blob: &[u8]) -> Option<(String, u64)> {
    let mut lines = blob.lines();
    let version = lines.next()?;
    if !version.starts_with(b"version https://git-lfs.github.com/spec/") {
        return None;
    }
    let (mut id, mut size) = (None, None);
    for line in lines {
        match line.split_once_str(" ")? {
            (b"oid", value) => id = value.strip_prefix(b"sha256:")?.to_str().ok().map(str::to_owned),
            (b"size", value) => size = value.to_str().ok()?.parse().ok(),
            _ => {}
        }
    }
    Some((id?, size?))
}

/// Whether the attributes give this path to LFS.
pub(super) fn is_lfs(attributes: &Attributes, path: &BString) -> bool {
    attributes.get(path).is_some_and(|values| values.iter().any(|(name, value)| name == "filter" && value == "lfs"))
}

fn holds(file: &Path, id: &str, size: u64) -> bool {
    let hash = || -> io::Result<String> {
        let mut file = File::open(file)?;
        if file.metadata()?.len() != size {
            return Ok(String::new());
        }
        let mut hasher = Sha256::new();
        io::copy(&mut file, &mut hasher)?;
        Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    };
    hash().is_ok_and(|hash| hash == id)
}

#[cfg(test)]
mod tests {
    use super::pointer;

    #[test]
    fn a_pointer_is_told_from_text() {
        let text = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab12\nsize 7\n";
        assert_eq!(pointer(text), Some(("ab12".to_owned(), 7)));
        assert_eq!(pointer(b"version 1\n"), None);
        assert_eq!(pointer(b""), None);
    }
}
