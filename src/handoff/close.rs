//! The status of a session, as the index has it.

use std::path::Path;

use super::history::{History, INDEX, Unreadable, text_of};
use super::stage::{Base, Decision};
use super::text::is_all_blank;
use super::{Error, index, stage};

/// Sets the status of a session, the latest if none is named; its id.
///
/// # Errors
/// [`Error`]; the index is as it was then.
pub fn close(root: &Path, session: Option<&str>, status: &str) -> Result<String, Error> {
    let history = History::of(root);
    history.refuse_links(&[INDEX])?;
    stage::land(history.folder(), || {
        let refused = |reason: String| Error::Index { path: history.path(INDEX), reason };
        let old = history.read(INDEX).map_err(Unreadable::of);
        let text = old.as_deref().map_err(Clone::clone).and_then(|old| text_of(old).ok_or_else(Unreadable::no_text));
        let text = text.map_err(|why| match why {
            Unreadable::Missing(_) => Error::NoIndex(history.path(INDEX)),
            Unreadable::Not(reason) => refused(reason),
        })?;
        let index = index::read(&text).map_err(|error| refused(error.to_string()))?;
        if index.list("sessions").is_none() {
            return Err(refused("has no list of sessions".to_owned()));
        }
        let id = session.or_else(|| index.scalar("latest_session")).filter(|id| !is_all_blank(id));
        let id = id.ok_or(Error::NoTarget)?.to_owned();
        let new = index::closed(&index, &id, status).ok_or_else(|| Error::NoSession(id.clone()))?;
        let files = vec![(INDEX.to_owned(), new.into_bytes())];
        Ok((Decision { files, base: Base::of(&old.unwrap_or_default()) }, id))
    })
}
