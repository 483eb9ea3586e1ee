//! A capture on its way into the store: as a session of its own, or as the later state of one that is there.
//!
//! That the mbox can be read at all is checked by the caller before anything is taken in.

use std::fs::File;

use jiff::Timestamp;

use super::export::copy_of;
use super::{Capture, Error, Meta, Session, Sidecar, Source, Store, atomic, minted_at, new_id, now, tame_id};
use crate::mbox::{Entry, Kind, Mbox};

/// A capture that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The session that holds it.
    pub session: Session,
    /// What became of it.
    pub arrival: Arrival,
    /// The id that the capture names, where it belongs to another session here.
    pub taken: Option<String>,
}

/// What became of a capture that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It made a session.
    New,
    /// The session has it, or one that found the same: nothing was written.
    AlreadyThere,
    /// It took the place of the session's capture, which is `runtime.mbox.previous` now.
    Replaced {
        /// Although it was captured before that one.
        older: bool,
    },
}

impl Store {
    /// Takes a capture in. Without a session of the id that it names, it becomes one, whole or not at all. When the one
    /// that is there has the same origin (id, bootstrap, sandbox and directory), it is a later state of it and replaces
    /// its capture. When that one comes from elsewhere, it gets an id made of its hash, so that taking it in again finds
    /// it.
    ///
    /// # Errors
    /// [`Error::Outdated`] for a capture older than the session's, unless `force`; when the store cannot be written.
    pub fn import(&self, capture: &mut Capture, force: bool) -> Result<Imported, Error> {
        let sidecar = capture.described()?;
        match self.place_for(&sidecar) {
            Place::Held(session) => {
                complete(&session, capture, &sidecar)?;
                Ok(Imported { session, arrival: Arrival::AlreadyThere, taken: None })
            }
            Place::Earlier(session) => {
                let arrival = replace(&session, capture, &sidecar, force)?;
                Ok(Imported { session, arrival, taken: None })
            }
            Place::Free { id, taken } => {
                let session = self.create_with(&id, capture, &sidecar)?;
                Ok(Imported { session, arrival: Arrival::New, taken })
            }
        }
    }

    fn create_with(&self, id: &str, capture: &mut Capture, sidecar: &Sidecar) -> Result<Session, Error> {
        let staged = self.stage()?;
        let session = staged.session();
        let path = session.path("meta.json");
        atomic::write(&path, &meta_of(id, sidecar).to_json()).map_err(Error::io("write", path))?;
        fill(&session, capture, sidecar)?;
        staged.place(id)
    }

    fn place_for(&self, sidecar: &Sidecar) -> Place {
        let hash: String = sidecar.sha256.iter().flat_map(|hash| hash.chars()).take(12).collect();
        let named = sidecar.session_id.as_deref().filter(|id| !id.is_empty());
        let wanted = named.and_then(tame_id).filter(|id| !id.starts_with('.'));
        let wanted = wanted.unwrap_or_else(|| format!("import-{hash}"));
        let other = format!("{wanted}-{hash}");
        for (id, taken) in [(&wanted, None), (&other, Some(&wanted))] {
            match self.session(id) {
                None => return Place::Free { id: id.clone(), taken: taken.cloned() },
                Some(session) if holds(&session, sidecar) => return Place::Held(session),
                Some(session) if has_origin(&session, sidecar) => return Place::Earlier(session),
                Some(_) => {}
            }
        }
        Place::Free { id: new_id(), taken: Some(wanted) }
    }
}

enum Place {
    /// The capture is here already, to the byte.
    Held(Session),
    /// The session that it is another state of.
    Earlier(Session),
    /// The id that it gets, and the one that it names when another session has that.
    Free { id: String, taken: Option<String> },
}

/// Whether the session's capture is the one that the sidecar describes.
fn holds(session: &Session, sidecar: &Sidecar) -> bool {
    let hash = || -> Option<String> {
        let path = session.capture_file().filter(|file| file.size == sidecar.size_bytes)?.path;
        super::capture::hash(&mut File::open(path).ok()?).ok()
    };
    hash().is_some_and(|hash| sidecar.sha256.as_ref() == Some(&hash))
}

/// Whether the session is of the same id, from the same place, and started from the same commit. Its last capture says
/// so, else its meta.json.
fn has_origin(session: &Session, sidecar: &Sidecar) -> bool {
    let Some(id) = sidecar.session_id.as_deref() else { return false };
    let captured = || Capture::open(Source::Session(session.clone())).ok()?.sidecar;
    if let Some(held) = session.sidecar().or_else(captured) {
        return held.session_id.as_deref().unwrap_or(session.id()) == id
            && held.bootstrap_sha == sidecar.bootstrap_sha
            && held.sandbox_id == sidecar.sandbox_id
            && held.runtime_cwd == sidecar.runtime_cwd;
    }
    session.capture_file().is_none()
        && session.meta().is_ok_and(|meta| {
            meta.id == id
                && meta.runtime_bootstrap_sha == sidecar.bootstrap_sha
                && meta.sandbox_id == sidecar.sandbox_id
                && meta.cwd == sidecar.runtime_cwd
        })
}

/// The session goes on: what it had is kept, unless it is the same.
fn replace(session: &Session, capture: &mut Capture, sidecar: &Sidecar, force: bool) -> Result<Arrival, Error> {
    let mut older = false;
    if let Ok(held) = Capture::open(Source::Session(session.clone())) {
        if found_the_same(&held, capture) {
            return Ok(Arrival::AlreadyThere);
        }
        let kept = held.sidecar.map(|held| held.captured_at).unwrap_or_default();
        let time = |text: &str| text.parse::<Timestamp>().ok();
        older = time(&sidecar.captured_at).zip(time(&kept)).is_some_and(|(this, that)| this < that);
        if older && !force {
            let (id, offered) = (session.id().to_owned(), sidecar.captured_at.clone());
            return Err(Error::Outdated { id, kept, offered });
        }
    }
    session.keep_capture()?;
    fill(session, capture, sidecar)?;
    if let (Some(title), Ok(None)) = (&sidecar.title, session.meta().map(|meta| meta.title)) {
        // The capture is saved; a meta.json that cannot be written is no reason to fail.
        let _ = session.update_meta(|meta| meta.title = Some(title.clone()));
    }
    Ok(Arrival::Replaced { older })
}

/// The capture is here, but its bundle may not have come with it the first time.
fn complete(session: &Session, capture: &mut Capture, sidecar: &Sidecar) -> Result<(), Error> {
    let has = |capture: &Capture| capture.bundle().is_ok_and(|bundle| bundle.is_some());
    let held = Capture::open(Source::Session(session.clone()));
    if has(capture) && !held.is_ok_and(|held| has(&held)) {
        fill(session, capture, sidecar)?;
    }
    Ok(())
}

/// Whether two captures tell the same of the same work: the same entries with the same trees, only at another time.
/// Entries that name no tree could differ in anything.
fn found_the_same(held: &Capture, offered: &Capture) -> bool {
    let of = |capture: &Capture| -> Option<_> {
        let bundle = capture.bundle().is_ok_and(|bundle| bundle.is_some());
        let told = capture.sidecar.as_ref();
        let told = told.map(|told| (told.warnings.clone(), told.truncated, told.older.clone(), bundle));
        let entries = Mbox::open(capture.file.try_clone().ok()?).ok().filter(|mbox| mbox.missing() == 0)?.entries;
        entries.into_iter().map(|located| timeless(located.entry)).collect::<Option<Vec<_>>>().zip(told)
    };
    of(held).zip(of(offered)).is_some_and(|(held, offered)| held == offered)
}

/// What is not committed has nobody's time but that of the capture.
fn timeless(mut entry: Entry) -> Option<Entry> {
    entry.tree.as_ref()?;
    if entry.kind != Kind::Commit {
        entry.author.0.clear();
    }
    Some(entry)
}

fn fill(session: &Session, capture: &mut Capture, sidecar: &Sidecar) -> Result<(), Error> {
    let mbox = capture.copied_into(session.dir())?;
    // One that did not come along is the caller's to tell of.
    let bundle = capture.bundle().ok().flatten();
    let bundle = bundle.map(|mut bundle| copy_of(&mut bundle, session.dir())).transpose()?;
    session.save_with_bundle(mbox, bundle, sidecar)?;
    if let Some(older) = &sidecar.older {
        session.mark_capture_older(&older.reason)?;
    }
    Ok(())
}

/// What the sidecar knows about the session. It is over as far as this store is concerned.
fn meta_of(id: &str, sidecar: &Sidecar) -> Meta {
    let minted = minted_at(id).and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let started = minted.or_else(|| sidecar.captured_at.parse().ok());
    let mut meta = Meta::new(id, sidecar.runtime_cwd.clone());
    meta.start_time = started.map(|time| format!("{time:.3}")).or(meta.start_time);
    meta.end_time = Some(now());
    meta.termination_status = Some("completed".into());
    meta.title = sidecar.title.clone();
    meta.runtime_id = Some(sidecar.runtime_id.clone()).filter(|id| !id.is_empty());
    meta.sandbox_id = sidecar.sandbox_id.clone();
    meta.runtime_bootstrap_sha = sidecar.bootstrap_sha.clone();
    meta.runtime_remote_url = sidecar.remote_url.clone();
    meta
}
