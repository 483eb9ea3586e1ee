//! An entry of which parts cannot be placed, nor merged: what fits goes in, file by file and hunk by hunk, the rest is kept.
//!
//! `git apply --cached --reject` would write nothing at all, so that each file's part of the diff is placed on its own, and
//! one that does not fit as a whole on a copy of that file.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use bstr::{BString, ByteSlice};

use super::Error;
use super::place::{Bench, Conflict, Patch, Reject};
use crate::git::{Error as GitError, TreeItem};
use crate::patch::FileChange;

impl Bench<'_> {
    /// Places what fits on `tree` and keeps the rest as rejects.
    pub fn reject(&mut self, tree: &str, patch: &Patch) -> Result<Conflict, Error> {
        self.hold(tree)?;
        self.holds = None;
        let folder = self.isolated.path()?.join(format!("rejects-{}", patch.index));
        fs::create_dir_all(&folder).map_err(GitError::io("cannot make", &folder))?;
        let mut rejects = Vec::new();
        for (number, change) in patch.changes.iter().enumerate() {
            let part = section(patch, number)?;
            let file = folder.join("part.diff");
            fs::write(&file, &part).map_err(GitError::io("cannot write", &file))?;
            let placed = self.isolated.git("apply").args(["--cached", "--whitespace=nowarn"]).arg(&file).finish()?;
            if placed.code != Some(0) {
                let hunks = self.hunks(tree, change, &folder.join(number.to_string()), &file)?;
                rejects.push(Reject { path: target(change), hunks: hunks.unwrap_or(part) });
            }
        }
        Ok(Conflict { tree: self.isolated.write_tree()?, stages: Vec::new(), rejects })
    }

    /// Places the hunks that fit on a copy of one file; those that do not. `None` when nothing of it can be placed.
    fn hunks(&self, tree: &str, change: &FileChange, folder: &Path, part: &Path) -> Result<Option<Vec<u8>>, Error> {
        let (Some(old), Some(new)) = (&change.old_path, &change.new_path) else { return Ok(None) };
        let item = self.objects.entry(tree, old.as_bstr())?.filter(|item| item.mode & 0o170_000 == 0o100_000);
        let (Some(item), true) = (item, old == new && !change.binary) else { return Ok(None) };
        let Ok(path) = new.to_path() else { return Ok(None) };
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(GitError::io("cannot make", parent))?;
        fs::write(&file, self.objects.blob(&item.id)?).map_err(GitError::io("cannot write", &file))?;
        // An index of nothing, so that no attributes in it convert anything.
        let apply = self.isolated.git_on("apply", folder).env("GIT_INDEX_FILE", folder.join("no-index"));
        apply.args(["--reject", "--whitespace=nowarn"]).arg(part).finish()?;
        let mut rejected = file.clone().into_os_string();
        rejected.push(".rej");
        let Ok(hunks) = fs::read(&rejected) else { return Ok(None) };
        let bytes = fs::read(&file).map_err(GitError::io("cannot read", &file))?;
        let item = TreeItem { mode: change.new_mode.unwrap_or(item.mode), id: self.objects.write_blob(&bytes)? };
        self.isolated.set_entries([(new.as_bstr(), Some(&item))])?;
        Ok(Some(hunks))
    }
}

/// The path that a change is about.
fn target(change: &FileChange) -> BString {
    change.new_path.as_ref().or(change.old_path.as_ref()).cloned().unwrap_or_default()
}

/// The part of the diff that speaks of one file: up to where the next one's begins.
fn section(patch: &Patch, number: usize) -> Result<Vec<u8>, Error> {
    let io = || GitError::io("cannot read", patch.diff);
    let mut file = fs::File::open(patch.diff).map_err(io())?;
    let start = patch.changes[number].offset;
    let end = patch.changes.get(number + 1).map_or(u64::MAX, |next| next.offset);
    file.seek(SeekFrom::Start(start)).map_err(io())?;
    let mut bytes = Vec::new();
    file.take(end.saturating_sub(start)).read_to_end(&mut bytes).map_err(io())?;
    Ok(bytes)
}
