//! The lines that a series adds, entry by entry: also a secret that a later commit takes out again stays in the history.
//!
//! They are looked at while an entry is at hand, from the hunks as they were placed.

use std::collections::HashSet;

use bstr::{BStr, ByteSlice};

use super::Error;
use super::fit::{Image, Stop};
use super::overlay::Item;
use super::place::Patch;
use crate::audit::{Scanner, Secret};
use crate::git::{Objects, TreeChange};
use crate::patch::{ChangeKind, Contents, FilePatch, LineKind};

/// What of a line is looked at, in bytes: minified files have lines of many megabytes.
const LONGEST: usize = 64 * 1024;

/// The search for secrets ends at so many: more of them tell nobody more.
pub const MOST: usize = 1000;

/// A search for secrets, each reported once, and the first thousand only.
#[derive(Default)]
pub struct Search {
    scanner: Scanner,
    is_off: bool,
    found: Vec<Secret>,
    known: HashSet<Secret>,
    /// Those of the entry at hand, of which nobody knows yet whether it fits.
    pending: Vec<Secret>,
}

impl From<Vec<Secret>> for Search {
    /// One that goes on where another ended.
    fn from(found: Vec<Secret>) -> Search {
        Search { known: found.iter().cloned().collect(), found, ..Search::default() }
    }
}

impl Search {
    /// One that looks at nothing.
    pub fn off() -> Search {
        Search { is_off: true, ..Search::default() }
    }

    /// Looks at what a file's change adds. It counts once the entry was found to fit.
    pub fn file(&mut self, objects: &Objects, file: &FilePatch, path: &BStr, image: &mut Image) -> Result<(), Stop> {
        // git was asked for diffs without renames, in which a file that moved is a new one.
        let moved = matches!(file.change.kind, ChangeKind::Renamed { .. } | ChangeKind::Copied { .. });
        self.image(objects, path, image, moved)
    }

    /// Looks at what a step from one tree to the next adds that no diff describes, as after a merge.
    pub fn step(&mut self, objects: &Objects, changes: &[TreeChange]) -> Result<(), Error> {
        for change in changes {
            let item = |side: &Option<crate::git::TreeItem>| side.as_ref().and_then(Item::of);
            let Some(after) = item(&change.new) else { continue };
            let mut image = Image::between(item(&change.old), after);
            Stop::into_answer(self.image(objects, change.path.as_bstr(), &mut image, false))?;
        }
        self.keep();
        Ok(())
    }

    /// Looks at what an entry would add that was not placed.
    pub fn unplaced(&mut self, patch: &Patch) {
        for file in &patch.files {
            let (Some(path), Contents::Hunks(hunks)) = (&file.change.new_path, &file.contents) else { continue };
            for hunk in hunks {
                let lines = hunk.lines().filter(|line| line.kind != LineKind::Removed);
                let added = (hunk.new.start..).zip(lines).filter(|(_, line)| line.kind == LineKind::Added);
                added.for_each(|(number, line)| {
                    self.line(path.as_bstr(), number, line.content);
                });
            }
        }
        self.keep();
    }

    /// The entry fits: what was found in it counts.
    pub fn keep(&mut self) {
        self.pending.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        let known = &mut self.known;
        let new = self.pending.drain(..).filter(|secret| known.insert(secret.clone()));
        self.found.extend(new);
        self.found.truncate(MOST);
    }

    /// The entry does not fit: what was found in it is forgotten.
    pub fn forget(&mut self) {
        self.pending.clear();
    }

    /// What was found.
    pub fn into_found(self) -> Vec<Secret> {
        self.found
    }

    fn image(&mut self, objects: &Objects, path: &BStr, image: &mut Image, moved: bool) -> Result<(), Stop> {
        if self.is_off || self.found.len() >= MOST {
            return Ok(());
        }
        image.added_lines(objects, moved, |number, line| self.line(path, number, line))
    }

    /// Looks at a line; whether to go on.
    fn line(&mut self, path: &BStr, number: u64, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.pending.extend(self.scanner.line(path, number, &line[..line.len().min(LONGEST)]));
        self.pending.len() < MOST
    }
}
