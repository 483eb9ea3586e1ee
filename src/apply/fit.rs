//! Whether an entry fits on a tree as it is, and what comes out: the verdict of `git apply --cached`, file by file.
//!
//! Renames and copies take what was there before the entry; another change of a path that the entry has changed already
//! takes what that made. All removals come before anything is created, as git orders them. Nothing of the overlay changes
//! here; objects are added as they are made, so that memory does not grow with the entry. Where a hunk goes is left to
//! `patch`, what to do with an entry that does not fit to `merge`.

mod image;
mod paths;

use bstr::{BStr, BString, ByteSlice};

use self::paths::Paths;
use super::Error;
use super::added::Search;
use super::overlay::{Edits, FOLDER, Item, Overlay};
use super::place::Patch;
use crate::git::{Objects, canonical_mode};
use crate::patch::{ChangeKind, Contents, FileChange, FilePatch};

pub use self::image::Image;

/// What an entry makes of a tree.
pub struct Fitted {
    /// What becomes of the paths.
    pub edits: Edits,
    /// Whether every file was the very preimage that the diff names, by full ids.
    pub exact: bool,
    /// The changes, by their place in the diff, of files that were something else than the preimage that it names.
    pub elsewhere: Vec<usize>,
    /// The first path that did not become the postimage that the diff names, although its preimage is the named one.
    pub wrong: Option<BString>,
}

/// Why a change goes no further.
pub enum Stop {
    /// It does not fit.
    Misfit,
    /// Something failed.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Failed(error.into())
    }
}

impl Stop {
    /// A misfit is no failure.
    pub fn into_answer<T>(placed: Result<T, Stop>) -> Result<Option<T>, Error> {
        match placed {
            Ok(placed) => Ok(Some(placed)),
            Err(Stop::Misfit) => Ok(None),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

/// Places all of `patch` on the overlay's tree; `None` when a part does not fit. The lines that it adds are looked through
/// by `search`.
pub fn fit(
    objects: &Objects,
    overlay: &mut Overlay,
    patch: &Patch,
    search: &mut Search,
) -> Result<Option<Fitted>, Error> {
    let paths = Paths::of(patch);
    let plan = Plan { objects, overlay, patch, search, paths, out: Outcome::default() };
    Stop::into_answer(plan.run())
}

/// An entry on its way.
struct Plan<'p, 'o> {
    objects: &'o Objects,
    overlay: &'o mut Overlay,
    patch: &'p Patch<'p>,
    search: &'o mut Search,
    paths: Paths<'p>,
    out: Outcome<'p>,
}

/// What it has come to.
#[derive(Default)]
struct Outcome<'p> {
    removed: Vec<&'p BStr>,
    created: Vec<(&'p BStr, Item)>,
    /// Changes for which nobody can tell by full ids whether the file was the named preimage and became the named postimage.
    inexact: bool,
    elsewhere: Vec<usize>,
    /// The first path that did not become what the diff says.
    wrong: Option<&'p BStr>,
}

impl<'p> Plan<'p, '_> {
    fn run(mut self) -> Result<Fitted, Stop> {
        let patch = self.patch;
        for (number, file) in patch.files.iter().enumerate() {
            self.file(number, file)?;
        }
        let Outcome { removed, created, inexact, elsewhere, wrong } = self.out;
        let mut edits: Edits = removed.into_iter().map(|path| (BString::from(path), None)).collect();
        edits.extend(created.into_iter().map(|(path, item)| (BString::from(path), Some(item))));
        if !self.overlay.has_room(self.objects, &edits)? {
            return Err(Stop::Misfit);
        }
        Ok(Fitted { edits, exact: !inexact, elsewhere, wrong: wrong.map(BString::from) })
    }

    fn file(&mut self, number: usize, file: &'p FilePatch<'p>) -> Result<(), Stop> {
        let change = &file.change;
        if !says_something(file) {
            return Err(Stop::Misfit);
        }
        let (old, new) = self.patch.sides(file);
        let before = self.preimage(file, old)?;
        let mode = mode(change, before, old.is_some(), new.is_some())?;
        if let Some(new) = new {
            self.check_place(change, new, before.is_none())?;
        }
        let mut image = Image::of(self.objects, file, before)?;
        let moves = matches!(change.kind, ChangeKind::Renamed { .. });
        if let Some(old) = old.filter(|_| moves || new.is_none()) {
            self.out.removed.push(old);
        }
        let Some(new) = new else {
            self.paths.is_gone(old);
            return if image.is_nothing() { Ok(()) } else { Err(Stop::Misfit) };
        };
        self.search.file(self.objects, file, new, &mut image)?;
        let item = image.store(self.objects, mode)?;
        self.compare(number, change, old, new, item)?;
        self.out.created.push((new, item));
        self.paths.holds(new, item);
        if moves {
            self.paths.is_gone(old);
        }
        Ok(())
    }

    /// What the change begins with; `None` for a file that it makes.
    fn preimage(&mut self, file: &FilePatch, old: Option<&'p BStr>) -> Result<Option<Item>, Stop> {
        let Some(path) = old else { return Ok(None) };
        // Renames and copies do not depend on the order.
        let moves = matches!(file.change.kind, ChangeKind::Renamed { .. } | ChangeKind::Copied { .. });
        if let Some(made) = self.paths.made(path).filter(|_| !moves) {
            return made.map(Some).ok_or(Stop::Misfit);
        }
        match self.there(path)? {
            Some(item) => Ok(Some(item)),
            None if self.patch.may_be_new(file) => Ok(None),
            None => Err(Stop::Misfit),
        }
    }

    /// Refuses a new file where one is, and any file beyond a symbolic link.
    fn check_place(&mut self, change: &FileChange, new: &BStr, is_new: bool) -> Result<(), Stop> {
        let is_new = is_new || matches!(change.kind, ChangeKind::Renamed { .. } | ChangeKind::Copied { .. });
        if is_new && !self.paths.leaves(new) && self.there(new)?.is_some() {
            return Err(Stop::Misfit);
        }
        let on_the_way = self.overlay.deepest(self.objects, new)?;
        if self.paths.leads_through_link(new, on_the_way) { Err(Stop::Misfit) } else { Ok(()) }
    }

    /// Holds the ids that the diff names against what came out: a file that was the named preimage must now be the named
    /// postimage, and a new file always.
    fn compare(
        &mut self,
        number: usize,
        change: &FileChange,
        old: Option<&BStr>,
        new: &'p BStr,
        item: Item,
    ) -> Result<(), Stop> {
        // A path that the diff makes twice names images that were never in a tree.
        let Some(new_id) = change.new_id.as_ref().filter(|_| self.paths.times_made(new) == 1) else { return Ok(()) };
        let was = match old {
            Some(path) => self.there(path)?,
            None => None,
        };
        let is_preimage = match (old, was) {
            (None, _) => true,
            (Some(_), Some(was)) => change.old_id.as_ref().is_some_and(|id| names(id.as_bstr(), &was)),
            (Some(_), None) => false,
        };
        if !is_preimage {
            self.out.elsewhere.push(number);
        }
        // Abbreviated ids name nothing for sure.
        let is_full = new_id.len() == item.id.kind().len_in_hex();
        self.out.inexact |= !is_full || !is_preimage;
        if is_full && is_preimage && !names(new_id.as_bstr(), &item) {
            self.out.wrong = self.out.wrong.or(Some(new));
        }
        Ok(())
    }

    /// What the tree before the entry has at a path, folders apart.
    fn there(&mut self, path: &BStr) -> Result<Option<Item>, Error> {
        Ok(self.overlay.item(self.objects, path)?.filter(|item| item.mode != FOLDER))
    }
}

/// The mode that comes out. One that differs from what the diff says is no reason to refuse, another type of file is.
pub fn mode(change: &FileChange, before: Option<Item>, has_old: bool, has_new: bool) -> Result<u32, Stop> {
    let says_old = change.old_mode.map(canonical_mode);
    // The mode of an `index` line is that of both sides, and git takes it for the old one alone.
    let says_new = change.new_mode.map(canonical_mode).filter(|mode| !has_old || says_old != Some(*mode));
    let Some(before) = before else { return Ok(says_new.or(says_old).unwrap_or(0o100_644)) };
    let old = says_old.unwrap_or(before.mode);
    let new = says_new.unwrap_or(before.mode);
    let is_other_type = |one: u32, other: u32| (one ^ other) & 0o170_000 != 0;
    match is_other_type(before.mode, old) || (has_new && is_other_type(old, new)) {
        true => Err(Stop::Misfit),
        false => Ok(new),
    }
}

/// Whether a change is one at all: git refuses a text diff that changes neither content nor anything else.
fn says_something(file: &FilePatch) -> bool {
    let change = &file.change;
    match change.kind {
        // Contradictions, such as a renamed file that is new.
        ChangeKind::Renamed { .. } | ChangeKind::Copied { .. } => {
            change.old_path.is_some() && change.new_path.is_some()
        }
        ChangeKind::Added | ChangeKind::Deleted => true,
        ChangeKind::Modified | ChangeKind::ModeChanged => {
            let modes = change.old_mode.zip(change.new_mode);
            !matches!(file.contents, Contents::None)
                || modes.is_some_and(|(old, new)| canonical_mode(old) != canonical_mode(new))
        }
    }
}

/// Whether an id of the diff, maybe abbreviated, names what is there.
fn names(id: &BStr, item: &Item) -> bool {
    let mut hex = gix::hash::Kind::hex_buf();
    item.id.hex_to_buf(&mut hex).as_bytes().starts_with(id)
}

#[cfg(test)]
mod tests;
