//! The attributes that count for the paths that change: those of the person and of the system, and every `.gitattributes` on
//! the way to such a path, as it is on disk, in the index, and in what is about to land.

use std::collections::BTreeSet;
use std::fs;

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

/// Whether attributes could make git write anything but the blobs. `known`: what the index has of them, where it does not
/// change.
pub(super) fn could_convert(
    steps: &[Step],
    known: &[(BString, ObjectId)],
    usual: &Usual,
    objects: &Objects,
    folders: &mut Folders,
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
    let mut above: BTreeSet<&BStr> =
        paths.clone().flat_map(|path| path.find_iter("/").map(|at| path[..at].as_bstr())).collect();
    above.insert(BStr::new(""));
    let mut blobs: Vec<(BString, ObjectId)> = known.to_vec();
    for step in steps {
        let Some(folder) = folder(step.path.as_bstr()) else { continue };
        for item in [&step.old, &step.staged, &step.file].into_iter().flatten() {
            blobs.push((folder.into(), id(&item.id)?));
        }
    }
    for (folder, id) in blobs.iter().filter(|(folder, _)| above.contains(folder.as_bstr())) {
        if converts(&objects.read_kind(*id, Kind::Blob)?, folder.as_bstr(), paths.clone()) {
            return Ok(true);
        }
    }
    Ok(above.into_iter().any(|folder| match folders.read(file_in(folder).as_bstr()) {
        Ok(text) => text.is_some_and(|text| converts(&text, folder, paths.clone())),
        // A link, which git does not follow; a folder: none of it is usual.
        Err(_) => true,
    }))
}

/// The folder for which a path is a file of attributes.
fn folder(path: &BStr) -> Option<&BStr> {
    let folder = path.strip_suffix(NAME)?;
    if folder.is_empty() { Some(folder.as_bstr()) } else { folder.strip_suffix(b"/").map(ByteSlice::as_bstr) }
}

fn file_in(folder: &BStr) -> BString {
    if folder.is_empty() { NAME.into() } else { bstr::concat([folder.as_bytes(), b"/", NAME]).into() }
}
