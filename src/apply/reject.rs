//! An entry of which parts cannot be placed, nor merged: what fits goes in, file by file and hunk by hunk, the rest is kept.
//!
//! `git apply --cached --reject` would write nothing at all, so that each file's part of the diff is placed on its own, and
//! one that does not fit as a whole hunk by hunk.

use bstr::{BString, ByteSlice};

use super::Error;
use super::added::Search;
use super::fit::{fit, mode};
use super::overlay::{Edits, Item};
use super::place::{Bench, Conflict, Patch, Reject, tree_id};
use crate::git::{Base, Kind};
use crate::patch::{self, Contents, FileChange, FilePatch};

impl Bench<'_> {
    /// Places what fits on `tree` and keeps the rest as rejects.
    pub fn reject(&mut self, tree: &str, patch: &Patch) -> Result<Conflict, Error> {
        self.overlay.go_to(tree_id(tree)?);
        let mut tree = tree.to_owned();
        let mut rejects = Vec::new();
        for (number, file) in patch.files.iter().enumerate() {
            let (subject, preimages) = (patch.subject.clone(), patch.preimages.clone());
            let part = Patch { files: vec![file.clone()], subject, preimages, ..*patch };
            let (edits, rejected) = match fit(self.objects, &mut self.overlay, &part, &mut Search::off())? {
                Some(fitted) => (fitted.edits, None),
                None => match self.hunks(file)? {
                    Some((edits, hunks)) => (edits, Some(hunks)),
                    None => (Edits::new(), Some(patch.section(number).to_owned())),
                },
            };
            tree = self.overlay.edit(self.objects, &edits)?.to_string();
            rejects.extend(rejected.map(|hunks| Reject { path: target(&file.change), hunks }));
        }
        Ok(Conflict { tree, stages: Vec::new(), rejects })
    }

    /// Places the hunks that fit on one file; those that do not. `None` when nothing of it can be placed.
    fn hunks(&mut self, file: &FilePatch) -> Result<Option<(Edits, Vec<u8>)>, Error> {
        let change = &file.change;
        let (Some(old), Some(new), Contents::Hunks(hunks)) = (&change.old_path, &change.new_path, &file.contents)
        else {
            return Ok(None);
        };
        let item = self.overlay.item(self.objects, old.as_bstr())?;
        let Some(item) = item.filter(|item| old == new && item.mode & 0o170_000 == 0o100_000) else { return Ok(None) };
        let Ok(mode) = mode(change, Some(item), true, true) else { return Ok(None) };
        let before = self.objects.read_kind(item.id, Kind::Blob)?;
        let (placed, rejected) = patch::place_what_fits(hunks, &before);
        if rejected.is_empty() {
            return Ok(None);
        }
        let base = Base { id: item.id, edits: &placed.edits, base_len: before.len() };
        let id = self.objects.add(Kind::Blob, placed.postimage, Some(base))?;
        let edits = Edits::from([(new.clone(), Some(Item { mode, id }))]);
        Ok(Some((edits, patch::rejected(file, &rejected))))
    }
}

/// The path that a change is about.
fn target(change: &FileChange) -> BString {
    change.new_path.as_ref().or(change.old_path.as_ref()).cloned().unwrap_or_default()
}
