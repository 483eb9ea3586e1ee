//! A diff that does not fit is merged three ways by git, in the object database alone.
//!
//! As `git am --3way` does it: a base tree of nothing but the preimages that the diff names, "theirs" being the diff on
//! that base, "ours" the tree at hand. git's own merge then decides, renames followed. The three trees are wrapped in
//! commits, because a merge base cannot be given to the `merge-tree` of git before 2.40.

use std::path::Path;

use bstr::{BString, ByteSlice};

use super::Error;
use super::added::Search;
use super::fit::{Image, Stop, fit};
use super::overlay::{COMMIT, Edits, FOLDER, Item, Overlay};
use super::place::{Patch, Stage};
use crate::git::{Commit, Isolated, ObjectId, Objects, TreeItem, canonical_mode};
use crate::patch::{Contents, FileChange, FilePatch, LineKind};

/// What the merge says.
#[derive(Debug)]
pub enum Merge {
    /// It merges; the resulting tree.
    Clean(String),
    /// Both sides changed the same.
    Conflict {
        /// The tree with conflict markers.
        tree: String,
        /// The index entries of the paths in conflict.
        stages: Vec<Stage>,
    },
    /// A preimage is missing, or is not what the diff says: there is nothing to merge with.
    NoPreimages,
}

/// Merges `patch` into `ours`.
pub fn three_way(isolated: &Isolated, objects: &Objects, ours: &str, patch: &Patch) -> Result<Merge, Error> {
    match images(isolated, objects, ours, patch)? {
        Some((base, theirs)) => merge_trees(isolated, objects, [&base, ours, &theirs], &patch.subject),
        None => Ok(Merge::NoPreimages),
    }
}

/// A tree of the preimages that the diff names and one of its postimages; `None` when a preimage is missing.
fn images(
    isolated: &Isolated,
    objects: &Objects,
    ours: &str,
    patch: &Patch,
) -> Result<Option<(String, String)>, Error> {
    let Some(preimages) = preimages(isolated, objects, ours, patch)? else { return Ok(None) };
    let mut overlay = Overlay::on(ObjectId::empty_tree(isolated.format().hash()));
    if !overlay.has_room(objects, &preimages)? {
        return Ok(None);
    }
    let base = overlay.edit(objects, &preimages)?;
    let Some(fitted) = fit(objects, &mut overlay, patch, &mut Search::off())? else { return Ok(None) };
    let theirs = overlay.edit(objects, &fitted.edits)?;
    Ok(Some((base.to_string(), theirs.to_string())))
}

/// The preimages that the diff names, as a `git apply --build-fake-ancestor` would collect them: of a change that touches no
/// line, and names no id that is known, what `ours` has at the path.
fn preimages(isolated: &Isolated, objects: &Objects, ours: &str, patch: &Patch) -> Result<Option<Edits>, Error> {
    let mut edits = Edits::new();
    for file in &patch.files {
        let change = &file.change;
        let (Some(path), _) = patch.sides(file) else { continue };
        let mode = change.old_mode.map_or(0o100_644, canonical_mode);
        let id = match mode {
            COMMIT => submodule_commit(file),
            _ => named(isolated, objects, patch, change)?,
        };
        let id = match id {
            None if mode != COMMIT && change.added + change.removed == 0 => {
                let item = objects.entry(ours, path)?.and_then(|item| Item::of(&item));
                item.filter(|item| item.mode != FOLDER).map(|item| item.id)
            }
            id => id,
        };
        let Some(id) = id.filter(|id| mode == COMMIT || objects.contains(id)) else { return Ok(None) };
        edits.insert(path.to_owned(), Some(Item { mode, id }));
    }
    Ok(Some(edits))
}

/// The postimages of those changes of `patch` that were placed on something else than the preimages that the diff names: as
/// far as they can be made, because they are the preimages of entries to come.
pub fn postimages(isolated: &Isolated, objects: &Objects, patch: &Patch, changes: &[usize]) -> Result<(), Error> {
    for file in changes.iter().filter_map(|&number| patch.files.get(number)) {
        let mode = file.change.old_mode.map_or(0o100_644, canonical_mode);
        let Some(id) = named(isolated, objects, patch, &file.change)?.filter(|_| mode != COMMIT) else { continue };
        let image = Image::of(objects, file, Some(Item { mode, id }));
        Stop::into_answer(image.and_then(|image| image.store(objects, mode)))?;
    }
    Ok(())
}

/// As [`postimages`], of all changes.
pub fn all_postimages(isolated: &Isolated, objects: &Objects, patch: &Patch) -> Result<(), Error> {
    let all: Vec<usize> = (0..patch.files.len()).collect();
    postimages(isolated, objects, patch, &all)
}

/// The preimage that a change names. One that the repository does not have may be in the person's own files: when one hashes
/// to the id, it is it.
fn named(
    isolated: &Isolated,
    objects: &Objects,
    patch: &Patch,
    change: &FileChange,
) -> Result<Option<ObjectId>, Error> {
    let (Some(path), Some(hex)) = (&change.old_path, &change.old_id) else { return Ok(None) };
    patch.preimages.provide(objects, hex)?;
    let Ok(id) = ObjectId::from_hex(hex) else {
        return Ok(objects.find_blob(hex.as_bstr())?);
    };
    if let (false, Ok(path)) = (objects.contains(&id), path.to_path()) {
        adopt(isolated, objects, path, &id.to_string())?;
    }
    Ok(Some(id))
}

/// The commit of a submodule before the change: as the diff's one removed line has it, else its `index` line.
fn submodule_commit(file: &FilePatch) -> Option<ObjectId> {
    let named = file.change.old_id.as_ref();
    let line = match &file.contents {
        Contents::Hunks(hunks) if hunks.len() == 1 => hunks[0].lines().find(|line| line.kind == LineKind::Removed),
        _ => None,
    };
    let hex = line.and_then(|line| line.content.strip_prefix(b"Subproject commit ")?.strip_suffix(b"\n"));
    let hex = hex.filter(|hex| named.is_none_or(|named| hex.starts_with(named)));
    ObjectId::from_hex(hex.or(named.map(|named| named.as_slice()))?).ok()
}

/// Takes the content of a file in the work tree into the object database if it is what `id` names; whether it was. What
/// lies behind a link is no file of this work tree.
pub fn adopt(isolated: &Isolated, objects: &Objects, path: &Path, id: &str) -> Result<bool, Error> {
    let top = isolated.work_tree();
    let file = top.join(path);
    let mut folders = file.ancestors().skip(1).take_while(|folder| *folder != top);
    if !folders.all(|folder| folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())) {
        return Ok(false);
    }
    let Ok(metadata) = file.symlink_metadata() else { return Ok(false) };
    let bytes = if metadata.is_symlink() {
        std::fs::read_link(&file).map(|target| target.into_os_string().into_encoded_bytes())
    } else if metadata.is_file() {
        std::fs::read(&file)
    } else {
        return Ok(false);
    };
    match bytes {
        Ok(bytes) if objects.blob_id(&bytes)? == id => {
            objects.write_blob(&bytes)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn merge_trees(isolated: &Isolated, objects: &Objects, trees: [&str; 3], subject: &BString) -> Result<Merge, Error> {
    let [base, ours, theirs] = trees;
    let base = wrap(objects, base, None)?;
    let (ours, theirs) = (wrap(objects, ours, Some(&base))?, wrap(objects, theirs, Some(&base))?);
    // The names given to merge-tree are those that the person reads beside the conflict markers.
    let label = label(subject);
    write_ref(isolated, "HEAD", &ours)?;
    write_ref(isolated, &format!("refs/heads/{label}"), &theirs)?;
    // `git am` follows renamed files, but does not take a folder for renamed when most of what it held is elsewhere.
    let merge = isolated.git("merge-tree").env("GIT_CONFIG_PARAMETERS", "'merge.directoryRenames=false'");
    let merged = merge.args(["--write-tree", "-z", "--no-messages", "HEAD", &label]).finish()?;
    match merged.code {
        Some(0 | 1) => {}
        _ => return Err(merged.failure("merge-tree").into()),
    }
    let mut fields = merged.stdout.split(|&byte| byte == 0);
    let tree = fields.next().unwrap_or_default().to_str_lossy().into_owned();
    if merged.code == Some(0) {
        return Ok(Merge::Clean(tree));
    }
    let stages: Vec<Stage> = fields.map_while(stage).collect();
    Ok(Merge::Conflict { tree, stages })
}

fn wrap(objects: &Objects, tree: &str, parent: Option<&str>) -> Result<String, Error> {
    let nobody = BString::from("git-glue <> 0 +0000");
    let commit = Commit {
        tree: tree.to_owned(),
        parents: parent.map(str::to_owned).into_iter().collect(),
        author: nobody.clone(),
        committer: nobody,
        encoding: None,
        message: BString::default(),
    };
    Ok(objects.write_commit(&commit)?)
}

fn write_ref(isolated: &Isolated, name: &str, id: &str) -> Result<(), Error> {
    let file = isolated.path()?.join(name);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(crate::git::Error::io("cannot make", folder))?;
    }
    std::fs::write(&file, format!("{id}\n")).map_err(crate::git::Error::io("cannot write", file))?;
    Ok(())
}

/// A subject as a ref's name.
fn label(subject: &BString) -> String {
    let plain = |ch: char| if ch.is_ascii_alphanumeric() { ch } else { '-' };
    let label: String = subject.chars().map(plain).take(60).collect();
    let label = label.trim_matches('-');
    if label.is_empty() { "capture".to_owned() } else { label.to_owned() }
}

/// `<mode> <id> <stage>\t<path>`; `None` at the empty field that ends the list.
fn stage(field: &[u8]) -> Option<Stage> {
    let (head, path) = field.split_once_str("\t")?;
    let mut words = head.to_str().ok()?.split(' ');
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    let id = words.next()?.to_owned();
    let number = words.next()?.parse().ok()?;
    Some(Stage { path: path.into(), number, item: TreeItem { mode, id } })
}
