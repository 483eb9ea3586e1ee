//! Which files of a session's directory are its capture: names, precedence, and the sidecar that belongs to each.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::store::read_small;
use super::{Session, Sidecar};

/// The capture, whole.
pub(super) const WHOLE: &str = "runtime.mbox";
/// The capture, when it went over the cap.
pub(super) const TRUNCATED: &str = "runtime.mbox.truncated";
/// What Glue calls them, newest form first; the last two are from two days of May 2026.
pub(super) const NAMES: [&str; 4] = [WHOLE, TRUNCATED, "runtime.patch", "runtime.patch.truncated"];
/// The sidecar of [`WHOLE`] and of [`TRUNCATED`].
pub(super) const SIDECAR: &str = "runtime.mbox.meta.json";
/// The sidecar of a save that is under way, see [`super::save`].
pub(super) const PENDING: &str = ".runtime.mbox.meta.json.pending";
/// The git bundle that belongs to [`WHOLE`], if there is one; see [`super::bundle`].
pub(super) const BUNDLE: &str = "runtime.bundle";
/// The bundle of a save that is under way.
pub(super) const PENDING_BUNDLE: &str = ".runtime.bundle.pending";
/// Ending of what was set aside.
pub(super) const PREVIOUS: &str = ".previous";
const TRUNCATED_ENDING: &str = ".truncated";

/// A capture file, found but not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whether its name says that it is not whole.
    pub truncated: bool,
    /// Its length in bytes.
    pub size: u64,
}

impl Session {
    /// The capture of this session, if there is one: what the directory holds, else where meta.json says that Glue
    /// wrote it. (Not the other way round: the recorded path is absolute, and wrong once the store has moved.)
    pub fn capture_file(&self) -> Option<CaptureFile> {
        let find = |name: &str| CaptureFile::at(&self.path(name));
        if let (Some(whole), Some(truncated)) = (find(WHOLE), find(TRUNCATED)) {
            // Glue leaves an older one of the other kind in place; the sidecar is about the newer.
            let newer_is_truncated = self.sidecar().is_some_and(|sidecar| sidecar.truncated);
            return Some(if newer_is_truncated { truncated } else { whole });
        }
        NAMES.iter().find_map(|name| find(name)).or_else(|| self.recorded_elsewhere())
    }

    /// The sidecar of this session's capture, if it is there and can be read.
    pub fn sidecar(&self) -> Option<Sidecar> {
        Sidecar::parse(&read_small(&self.path(SIDECAR)).ok()?).ok()
    }

    /// Whether a capture was set aside because a later one found no changes.
    pub fn has_set_aside(&self) -> bool {
        NAMES.iter().any(|name| self.path(&format!("{name}{PREVIOUS}")).is_file())
    }

    /// A path in this directory was just looked at.
    fn recorded_elsewhere(&self) -> Option<CaptureFile> {
        let path = PathBuf::from(self.meta().ok()?.runtime_patch_path?);
        if path.parent() == Some(self.dir()) { None } else { CaptureFile::at(&path) }
    }
}

impl CaptureFile {
    fn at(path: &Path) -> Option<CaptureFile> {
        let size = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
        Some(CaptureFile { path: path.to_owned(), truncated: is_truncated_name(path), size })
    }
}

/// Whether a capture's file name says that it is not whole.
pub(super) fn is_truncated_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.ends_with(TRUNCATED_ENDING.as_bytes())
}

/// Where the sidecar of a capture file may be, best first. Glue calls it `runtime.mbox.meta.json` also beside
/// `runtime.mbox.truncated`.
pub(super) fn sidecar_paths(capture: &Path) -> Vec<PathBuf> {
    let mut paths = vec![with_ending(capture, ".meta.json")];
    if is_truncated_name(capture) {
        paths.push(with_ending(&capture.with_extension(""), ".meta.json"));
    }
    if capture.file_name().is_some_and(|name| name == WHOLE || name == TRUNCATED) {
        paths.push(capture.with_file_name(PENDING));
    }
    paths
}

/// The same path with something appended to its name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut whole = OsString::from(path);
    whole.push(ending);
    whole.into()
}
