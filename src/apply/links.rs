//! The symbolic links that a capture makes, and that nothing of it may be written through.
//!
//! No tree can hold a file below a link, so that a capture whose diffs say so was not made from trees. What it would write
//! through a link of the person's own is a conflict like any other, and left to git's merge.

use std::collections::HashSet;

use bstr::{BString, ByteSlice};

use super::Error;
use super::place::Patch;
use crate::patch::{ChangeKind, FileChange};

const SYMLINK: Option<u32> = Some(0o120_000);

/// The links that the entries so far have made.
#[derive(Debug, Default)]
pub struct Links {
    made: HashSet<BString>,
}

impl Links {
    /// Goes through an entry: links come and go, and no path may lead through one.
    pub fn follow(&mut self, patch: &Patch) -> Result<(), Error> {
        let changes = || patch.files.iter().map(|file| &file.change);
        for path in changes().filter_map(left) {
            self.made.remove(path);
        }
        let made = changes().filter(|change| change.new_mode == SYMLINK);
        self.made.extend(made.filter_map(|change| change.new_path.clone()));
        if self.made.is_empty() {
            return Ok(());
        }
        for path in changes().filter_map(|change| change.new_path.as_ref()) {
            let mut folders = path.find_iter("/").map(|at| path[..at].as_bstr());
            if let Some(link) = folders.find(|folder| self.made.contains(folder.as_bytes().as_bstr())) {
                let (path, link) = (path.clone(), link.to_owned());
                return Err(Error::ThroughLink { entry: patch.index + 1, path, link });
            }
        }
        Ok(())
    }
}

/// The path at which nothing is left of what was there.
fn left(change: &FileChange) -> Option<&BString> {
    match change.kind {
        ChangeKind::Deleted | ChangeKind::Renamed { .. } => change.old_path.as_ref(),
        _ => None,
    }
}
