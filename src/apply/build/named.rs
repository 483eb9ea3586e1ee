//! The paths that an entry's headers name: how to write them, what to announce. A claim of the capture's, to be checked.

use bstr::BString;

use crate::apply::Error;
use crate::apply::place::Patch;
use crate::mbox::Entry;

/// Refuses an entry that says of a path how it shall land, and does not change that path: it may be a file of the person's.
pub(in crate::apply) fn check(entry: &Entry, patch: &Patch) -> Result<(), Error> {
    let changes = || patch.files.iter().map(|file| &file.change);
    let is_own = |path: &&BString| changes().any(|change| change.new_path.as_ref() == Some(*path));
    let is_new = |path: &&BString| {
        let mut own = changes().filter(|change| change.new_path.as_ref() == Some(*path));
        own.any(|change| change.old_path != change.new_path)
    };
    let foreign = entry.verbatim.iter().find(|path| !is_own(path));
    let not_new = entry.intent_to_add.iter().find(|path| !is_new(path));
    let reason = match (foreign, not_new) {
        (None, None) => return Ok(()),
        (Some(path), _) => format!("says how to write '{path}', which it does not change"),
        (None, Some(path)) => format!("announces '{path}', which is no new file of it"),
    };
    Err(patch.corrupt(reason))
}
