//! The attributes that count for the paths that change: those of the person and of the system, and every `.gitattributes` on
//! the way to such a path, as it is on disk, in the index, and in what is about to land.

use std::{fs, io};

use bstr::{BStr, BString, ByteSlice};

use super::conversion::could_convert as converts;
use super::folders::Folders;
use super::usual::Usual;
use super::{Error, Step, id};
use crate::git::index::Entry;
use crate::git::{Kind, ObjectId, Objects};

const NAME: &[u8] = b".gitattributes";

/// The folder that an entry has attributes for, and their blob, if it is such a file.
pub(super) fn named_by(entry: &Entry) -> Option<(BString, ObjectId)> {
    Some((folder(entry.path())?.into(), entry.id()))
}

/// The texts of the files of attributes in the work tree, by their folders.
#[derive(Default)]
pub(super) struct OnDisk {
    texts: Vec<(BString, Vec<u8>)>,
    /// The folder that was looked at last; all above it were, too.
    last: Option<BString>,
}

impl OnDisk {
    /// Reads those on the way to a path. Costs least where the paths are sorted. An error where one is no file.
    pub(super) fn on_the_way(&mut self, path: &BStr, folders: &mut Folders) -> io::Result<()> {
        let folder = &path[..path.rfind_byte(b'/').unwrap_or(0)];
        let is_known = |last: &BString, above: &[u8]| {
            last.strip_prefix(above).is_some_and(|rest| above.is_empty() || rest.is_empty() || rest[0] == b'/')
        };
        let ends = folder.find_iter("/").chain(Some(folder.len()).filter(|length| *length > 0));
        for above in std::iter::once(0).chain(ends).map(|end| folder[..end].as_bstr()) {
            if !self.last.as_ref().is_some_and(|last| is_known(last, above)) {
                let text = folders.read(file_in(above).as_bstr())?;
                self.texts.extend(text.map(|text| (above.to_owned(), text)));
            }
        }
        self.last = Some(folder.into());
        Ok(())
    }
}

/// Whether attributes could make git write anything but the blobs. `known`: what the index has of them, where it does not
/// change.
pub(super) fn could_convert(
    steps: &[Step],
    known: &[(BString, ObjectId)],
    usual: &Usual,
    objects: &Objects,
    on_disk: &OnDisk,
) -> Result<bool, Error> {
    let paths = steps.iter().filter(|step| step.writes()).map(|step| step.path.as_bstr());
    for file in &usual.attributes {
        match fs::read(file) {
            Ok(text) if converts(&text, BStr::new(""), paths.clone()) => return Ok(true),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {}
            Err(_) => return Ok(true),
        }
    }
    let mut blobs: Vec<(BString, ObjectId)> = known.to_vec();
    for step in steps {
        let Some(folder) = folder(step.path.as_bstr()) else { continue };
        for item in [&step.old, &step.staged, &step.file].into_iter().flatten() {
            blobs.push((folder.into(), id(&item.id)?));
        }
    }
    let above = |folder: &BStr| paths.clone().any(|path| folder.is_empty() || is_below(path, folder));
    for (folder, id) in blobs.iter().filter(|(folder, _)| above(folder.as_bstr())) {
        if converts(&objects.read_kind(*id, Kind::Blob)?, folder.as_bstr(), paths.clone()) {
            return Ok(true);
        }
    }
    Ok(on_disk.texts.iter().any(|(folder, text)| converts(text, folder.as_bstr(), paths.clone())))
}

fn is_below(path: &BStr, folder: &BStr) -> bool {
    path.strip_prefix(folder.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}

/// The folder for which a path is a file of attributes.
fn folder(path: &BStr) -> Option<&BStr> {
    let folder = path.strip_suffix(NAME)?;
    if folder.is_empty() { Some(folder.as_bstr()) } else { folder.strip_suffix(b"/").map(ByteSlice::as_bstr) }
}

fn file_in(folder: &BStr) -> BString {
    if folder.is_empty() { NAME.into() } else { bstr::concat([folder.as_bytes(), b"/", NAME]).into() }
}
