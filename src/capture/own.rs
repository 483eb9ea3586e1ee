//! What in the work tree is git-glue's own, and so nobody's work: the session store, the file that this capture goes to,
//! the files that an earlier one went to.

use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::{Destination, Findings, Options, Workspace};
use crate::session::{BUNDLE_ENDING, Sidecar, Store};

/// What the name of a sidecar ends with.
pub(super) const SIDECAR: &str = ".meta.json";

/// Sidecars are smaller; a larger file, in bytes, is none.
const LARGEST_SIDECAR: u64 = 1 << 20;

/// The store and the file that the capture goes to, as far as they lie below `top`; from there.
pub(super) fn places(top: &Path, options: &Options, store: &Store) -> Vec<BString> {
    let mut places = vec![store.sessions(), store.cache()];
    if let Destination::File(path) = &options.destination {
        places.extend([path.clone(), with_ending(path, SIDECAR), with_ending(path, BUNDLE_ENDING)]);
    }
    places.iter().flat_map(|place| below(top, place)).collect()
}

/// Where `path` is below `top`: under its own name, and, for a directory, where a symbolic link
/// of that name leads. (A capture takes a link's place.)
pub(super) fn below(top: &Path, path: &Path) -> Vec<BString> {
    let Ok(top) = top.canonicalize() else { return Vec::new() };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = parent.canonicalize().ok().and_then(|parent| Some(parent.join(path.file_name()?)));
    let found = named.into_iter().chain(path.canonicalize().ok().filter(|path| path.is_dir()));
    let mut below: Vec<BString> = found
        .filter_map(|path| Some(BString::from(path.strip_prefix(&top).ok()?.as_os_str().as_encoded_bytes())))
        .filter(|path| !path.is_empty())
        .collect();
    below.dedup();
    below
}

/// Takes earlier captures out of the untracked `paths`, and says so: a file beside which lies the sidecar that describes
/// it.
pub(super) fn drop_captures(workspace: &Workspace, paths: &mut Vec<BString>, findings: &mut Findings) {
    let captures: Vec<BString> = paths
        .iter()
        .filter(|path| path.ends_with_str(SIDECAR))
        .filter(|path| is_capture(workspace, path))
        .map(|path| BString::from(&path[..path.len() - SIDECAR.len()]))
        .collect();
    paths.retain(|path| {
        let endings = [SIDECAR, BUNDLE_ENDING].map(str::as_bytes);
        let name = endings.iter().find_map(|ending| path.strip_suffix(*ending)).unwrap_or(path);
        !captures.iter().any(|capture| capture == name)
    });
    findings.about("earlier-capture", &captures, |names| format!("an earlier capture, so not captured: {names}"));
}

fn is_capture(workspace: &Workspace, sidecar: &BString) -> bool {
    let capture = BString::from(&sidecar[..sidecar.len() - SIDECAR.len()]);
    let size = |path: &BString| {
        let metadata = workspace.file(path.as_bstr()).symlink_metadata().ok()?;
        metadata.is_file().then_some(metadata.len())
    };
    let Some(bytes) = size(&capture).filter(|_| size(sidecar).is_some_and(|size| size <= LARGEST_SIDECAR)) else {
        return false;
    };
    let json = std::fs::read(workspace.file(sidecar.as_bstr())).unwrap_or_default();
    Sidecar::parse(&json).is_ok_and(|sidecar| {
        let is_ours = sidecar.glue_version.is_some() && sidecar.sha256.is_some();
        is_ours && sidecar.size_bytes == bytes
    })
}

/// The path with something appended to its last name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(ending);
    whole.into()
}
