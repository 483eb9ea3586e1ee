//! The git bundle beside a capture: where it lies, and that it is the one that the sidecar names.
//!
//! It holds the sandbox's commits as they were, for those that the capture itself cannot make again. Whoever has only the
//! mbox has all of the work, so a bundle that is gone is told of and no more. What is in it is for apply to judge.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::capture::hash;
use super::capture_files::{BUNDLE, PENDING_BUNDLE, WHOLE, with_ending};
use super::fields::Fields;
use super::store::open_regular;
use super::{Capture, Error, Session};

/// What the name of a bundle beside a capture file ends with.
pub const BUNDLE_ENDING: &str = ".bundle";

/// How a bundle can be told: in the sidecar of the capture that it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

impl Bundle {
    /// The one in a file, which is left at its start.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(file: &mut File) -> io::Result<Bundle> {
        Ok(Bundle { size_bytes: file.metadata()?.len(), sha256: hash(file)? })
    }

    /// The file, if it lies beside the capture at `path`; a capture that came through a pipe has none.
    ///
    /// # Errors
    /// [`Error::NoBundle`] when it is not there, or another one is.
    pub fn beside(&self, path: Option<&Path>) -> Result<File, Error> {
        let Some(path) = path else { return Err(Error::NoBundle { path: None, is_other: false }) };
        let mut is_other = false;
        for place in places(path) {
            let Ok(mut file) = open_regular(&place) else { continue };
            match Bundle::of(&mut file) {
                Ok(found) if found == *self => return Ok(file),
                _ => is_other = true,
            }
        }
        Err(Error::NoBundle { path: places(path).into_iter().next(), is_other })
    }

    pub(super) fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("size_bytes".into(), self.size_bytes.into());
        map.insert("sha256".into(), self.sha256.clone().into());
        map
    }

    pub(super) fn read(map: Map<String, Value>) -> Bundle {
        let mut fields = Fields::from(map);
        let sha256 = fields.string("sha256").unwrap_or_default().to_ascii_lowercase();
        Bundle { size_bytes: fields.integer("size_bytes").unwrap_or_default(), sha256 }
    }
}

impl Capture {
    /// The bundle of this capture, if it has one.
    ///
    /// # Errors
    /// [`Error::NoBundle`] when it has one that is not there.
    pub fn bundle(&self) -> Result<Option<File>, Error> {
        let named = self.sidecar.as_ref().and_then(|sidecar| sidecar.bundle.as_ref());
        named.map(|bundle| bundle.beside(self.path.as_deref())).transpose()
    }
}

impl Session {
    /// Where the bundle of the session's capture lies, if there is one.
    pub fn bundle_path(&self) -> PathBuf {
        self.path(BUNDLE)
    }
}

/// Where the bundle of a capture may be, best first.
fn places(capture: &Path) -> Vec<PathBuf> {
    let mut places = vec![with_ending(capture, BUNDLE_ENDING)];
    if capture.file_name().is_some_and(|name| name == WHOLE) {
        places.splice(0..0, [capture.with_file_name(BUNDLE), capture.with_file_name(PENDING_BUNDLE)]);
    }
    places
}
