//! What one file's change makes of its preimage, as bytes: from hunks, or from a binary patch.

use std::collections::HashSet;
use std::sync::Arc;

use bstr::{BString, ByteSlice};

use super::{Item, Stop};
use crate::apply::overlay::COMMIT;
use crate::git::{Base, Kind, ObjectId, Objects};
use crate::patch::{self, Binary, Contents, FileChange, FilePatch, Placement};

/// A postimage beside what it was made of.
pub struct Image {
    before: Option<Item>,
    /// The preimage's bytes, where they were needed.
    source: Option<Arc<Vec<u8>>>,
    after: After,
}

/// The postimage.
enum After {
    /// What was there, or nothing where nothing was.
    Same,
    /// An object that is there already.
    Stored(ObjectId),
    /// The preimage with hunks in it.
    Placed(Placement),
    /// The result of a binary patch.
    Made(Vec<u8>),
}

/// The text by which diffs show the commit of a submodule; the id follows, and a newline.
const SUBMODULE: &str = "Subproject commit ";

impl Image {
    /// Makes the postimage of `file` from what is there before.
    pub fn of(objects: &Objects, file: &FilePatch, before: Option<Item>) -> Result<Image, Stop> {
        let mut image = Image { before, source: None, after: After::Same };
        match &file.contents {
            Contents::None => {}
            Contents::Hunks(hunks) => {
                let source = image.source(objects)?;
                image.after = After::Placed(patch::place(hunks, &source).map_err(|_| Stop::Misfit)?);
            }
            Contents::Binary { forward, .. } => image.binary(objects, &file.change, Some(forward))?,
            Contents::Missing => image.binary(objects, &file.change, None)?,
        }
        Ok(image)
    }

    /// What a tree had at a path, and what another has there now.
    pub fn between(before: Option<Item>, after: Item) -> Image {
        let after = if after.mode == COMMIT { After::Same } else { After::Stored(after.id) };
        Image { before, source: None, after }
    }

    /// git wants both ids of a binary patch in full, the preimage to be the very one, and takes a postimage that it has.
    fn binary(&mut self, objects: &Objects, change: &FileChange, forward: Option<&Binary>) -> Result<(), Stop> {
        let full_id = |id: &Option<BString>| id.as_ref().and_then(|id| ObjectId::from_hex(id).ok());
        let ids = full_id(&change.old_id).zip(full_id(&change.new_id));
        let (old, new) = ids.filter(|(old, new)| old.kind() == new.kind()).ok_or(Stop::Misfit)?;
        if self.before.is_some_and(|before| before.id != old || before.mode == COMMIT) {
            return Err(Stop::Misfit);
        }
        self.after = if new.is_null() {
            After::Made(Vec::new())
        } else if objects.contains(&new) {
            objects.read_kind(new, Kind::Blob).map_err(|_| Stop::Misfit)?;
            After::Stored(new)
        } else {
            let forward = forward.ok_or(Stop::Misfit)?;
            let source = self.source(objects)?;
            let bytes = forward.apply(&source, change.inflated).map_err(|_| Stop::Misfit)?;
            if objects.id_of(Kind::Blob, &bytes)? != new {
                return Err(Stop::Misfit);
            }
            After::Made(bytes)
        };
        Ok(())
    }

    /// Whether there are no bytes, which is what a deletion must leave.
    pub fn is_nothing(&self) -> bool {
        match (&self.after, self.before) {
            (After::Placed(Placement { postimage: bytes, .. }) | After::Made(bytes), _) => bytes.is_empty(),
            (After::Stored(id), _) => id.is_empty_blob(),
            (After::Same, before) => before.is_none_or(|before| before.id.is_empty_blob()),
        }
    }

    /// Adds the postimage to the objects; what a tree says of it.
    pub fn store(self, objects: &Objects, mode: u32) -> Result<Item, Stop> {
        let Image { before, source, after } = self;
        if mode == COMMIT {
            return commit_of_submodule(before, &after).map(|id| Item { mode, id }).ok_or(Stop::Misfit);
        }
        let id = match after {
            After::Same => match before {
                Some(before) => before.id,
                None => objects.add(Kind::Blob, Vec::new(), None)?,
            },
            After::Stored(id) => id,
            After::Made(bytes) => objects.add(Kind::Blob, bytes, None)?,
            After::Placed(Placement { postimage, edits }) => {
                let base = before.filter(|before| before.mode != COMMIT).zip(source.as_ref());
                let base = base.map(|(before, source)| Base { id: before.id, edits: &edits, base_len: source.len() });
                objects.add(Kind::Blob, postimage, base)?
            }
        };
        Ok(Item { mode, id })
    }

    /// The lines that this adds to the file, without their newline, by their numbers from 1. Of a file that moved all of them:
    /// where it is now they are new.
    pub fn added_lines(
        &mut self,
        objects: &Objects,
        moved: bool,
        mut take: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Stop> {
        match &self.after {
            After::Placed(placement) if !moved => {
                let _ = placement.added_lines().all(|(number, line)| take(number, line));
            }
            After::Placed(placement) => lines_of(&placement.postimage, |_| false, take),
            After::Made(bytes) if moved || self.before.is_none() => lines_of(bytes, |_| false, take),
            After::Made(_) | After::Stored(_) => self.lines_unknown_before(objects, take)?,
            After::Same if moved && self.before.is_some_and(|item| item.mode != COMMIT) => {
                let bytes = self.source(objects)?;
                lines_of(&bytes, |_| false, take);
            }
            After::Same => {}
        }
        Ok(())
    }

    /// A binary patch does not say which lines it adds, where it is one of a text.
    fn lines_unknown_before(&mut self, objects: &Objects, take: impl FnMut(u64, &[u8]) -> bool) -> Result<(), Stop> {
        let before = self.source(objects)?;
        let known: HashSet<&[u8]> = text_lines(&before).collect();
        match &self.after {
            After::Made(bytes) => lines_of(bytes, |line| known.contains(line), take),
            After::Stored(id) => {
                lines_of(&objects.read_kind(*id, Kind::Blob)?, |line| known.contains(line), take);
            }
            After::Same | After::Placed(_) => {}
        }
        Ok(())
    }

    /// The bytes before; none where there was no file.
    pub fn source(&mut self, objects: &Objects) -> Result<Arc<Vec<u8>>, Stop> {
        if let Some(source) = &self.source {
            return Ok(source.clone());
        }
        let source = match self.before {
            None => Arc::default(),
            Some(item) if item.mode == COMMIT => Arc::new(format!("{SUBMODULE}{}\n", item.id).into_bytes()),
            // A clone may lack what nobody has asked for yet.
            Some(item) if !objects.contains(&item.id) => return Err(Stop::Misfit),
            Some(item) => objects.read_kind(item.id, Kind::Blob)?,
        };
        Ok(self.source.insert(source).clone())
    }
}

/// Hands over the lines of a text, but for those that are known, until that is enough.
fn lines_of(bytes: &[u8], known: impl Fn(&[u8]) -> bool, mut take: impl FnMut(u64, &[u8]) -> bool) {
    let _ = (1..).zip(text_lines(bytes)).filter(|(_, line)| !known(line)).all(|(number, line)| take(number, line));
}

/// The lines of a text; none of anything else, by git's measure.
fn text_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let start = &bytes[..bytes.len().min(8000)];
    let text = if start.contains(&0) { &bytes[..0] } else { bytes };
    text.lines_with_terminator().map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

fn commit_of_submodule(before: Option<Item>, after: &After) -> Option<ObjectId> {
    match after {
        After::Same => before.map(|before| before.id),
        After::Stored(_) => None,
        After::Placed(Placement { postimage: text, .. }) | After::Made(text) => {
            let rest = text.strip_prefix(SUBMODULE.as_bytes())?;
            let end = rest.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(rest.len());
            ObjectId::from_hex(&rest[..end]).ok()
        }
    }
}
