//! Records events: fills in what the format wants, checks them, and adds them to a session's conversation for good.
//!
//! ```text
//! line -> event -> filled in -> checked -> a batch of rows, under the lock: written, synced, acknowledged
//! ```
//!
//! Several processes may record into one session. Each takes the lock for one batch at a time, and looks then at what the
//! others have added. A row that breaks off, because its writer was killed, stays as it is: the next batch begins with a
//! newline, so that nothing is glued to it.

mod event;
mod fill;
mod place;
mod tally;

use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::session::{CONVERSATION, Damage, Error, META_VERSION, Meta, Presence, Session, Store, atomic, now};
use event::Draft;
use fill::{Given, fill};
use place::Place;
pub(super) use place::newlines;
use tally::Tally;

/// What a recorder has to know beyond the events.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The directory that the session works in, for a new one.
    pub cwd: String,
    /// `provider/model`, for events that have to name one and do not.
    pub model: Option<String>,
    /// The title that the person gave.
    pub title: Option<String>,
}

/// Records into one session.
#[derive(Debug)]
pub struct Recorder {
    session: Session,
    /// The session's id in its rows.
    id: String,
    model: Option<String>,
    place: Option<Place>,
    /// The session had come to its end before.
    has_ended: bool,
    /// It has been written to all the same.
    is_reopened: bool,
    tally: Tally,
    /// It is not removed while it is recorded into, however long nothing happens.
    presence: Presence,
}

/// An event that is in the file for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its sequence number.
    pub sequence: u64,
    /// Its id.
    pub event_id: String,
}

/// What came of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The events that are in the file, in order.
    pub recorded: Vec<Recorded>,
    /// The first line that is none, by its place in the batch, and why. What follows it was not looked at.
    pub refused: Option<(usize, String)>,
}

impl Recorder {
    /// Opens the session with this id, and makes it when it is new.
    ///
    /// # Errors
    /// [`Error::NewerMeta`], [`Error::Damaged`], or the store cannot be written.
    pub fn open(store: &Store, id: &str, options: Options) -> Result<Recorder, Error> {
        let mut meta = Meta::new(id, options.cwd.clone());
        meta.message_count = Some(0);
        if let Some(model) = &options.model {
            meta.model_ref = Some(model.clone());
        }
        // It may be removed between the one and the other, as one that is over.
        patiently(|| Recorder::at(store.open_or_create(&meta)?, options.clone()))
    }

    /// Records into a session that is there.
    ///
    /// # Errors
    /// As [`Recorder::open`].
    pub fn at(session: Session, options: Options) -> Result<Recorder, Error> {
        let presence = session.enter()?;
        let path = session.path("meta.json");
        let meta = session.meta().map_err(|damage| Error::Damaged { path: path.clone(), damage })?;
        if meta.version() > META_VERSION {
            return Err(Error::NewerMeta { path, version: meta.version() });
        }
        atomic::sweep(session.dir());
        let id = if session.is_renamed(&meta) { session.id().to_owned() } else { meta.id.clone() };
        let known = Some(meta.model()).filter(|model| !is_unknown(model));
        let mut recorder = Recorder {
            id,
            model: options.model.or(known),
            place: None,
            has_ended: meta.end_time.is_some() || meta.status() != "running",
            is_reopened: false,
            tally: Tally::titled(options.title),
            presence,
            session,
        };
        recorder.tell_title();
        Ok(recorder)
    }

    /// Tells meta.json the title at once, if there is one to tell: lists go by it while the session is recorded. What
    /// cannot be told now is told at the end.
    fn tell_title(&mut self) {
        if self.tally.has_title() {
            let lock = self.session.lock();
            let told = lock.and_then(|_lock| self.session.update_meta(|meta| self.tally.put_title(meta)));
            self.tally.title_is_told(told.is_ok());
        }
    }

    /// The session's id, as its rows have it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Records events, each a line of JSON; blank lines are passed over. When this returns, those that are told as
    /// recorded stay whatever happens.
    ///
    /// # Errors
    /// [`Error::Locked`] while another program has the session open, or it cannot be written. Nothing was recorded then.
    pub fn record(&mut self, lines: &[&[u8]]) -> Result<Batch, Error> {
        let drafts: Vec<_> = lines.iter().map(|line| Draft::parse(line)).collect();
        let session = self.session.clone();
        if drafts.iter().all(|draft| matches!(draft, Ok(None))) {
            return Ok(Batch::default());
        }
        self.presence.begin();
        let batch = patiently(|| session.write_alone(|| self.write(&drafts)))?;
        if self.has_ended && !batch.recorded.is_empty() {
            // What has been recorded is told in any case; at the end, there is another try.
            self.has_ended = self.reopen().is_err();
            self.is_reopened = true;
        }
        self.tell_title();
        Ok(batch)
    }

    /// Brings meta.json up to date, and ends the session if `status` says how.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self, status: Option<&str>) -> Result<(), Error> {
        if self.has_ended && self.is_reopened {
            self.reopen()?;
        }
        let is_behind = self.presence.is_left_behind();
        if status.is_none() && self.tally.is_empty() && !is_behind {
            self.presence.end(false);
            return Ok(());
        }
        let all = if is_behind { Tally::of(&self.session)? } else { Tally::default() };
        let _lock = patiently(|| self.session.lock())?;
        self.session.update_meta(|meta| {
            self.tally.put(meta);
            all.mend(meta);
            if let Some(model) = self.model.filter(|_| is_unknown(&meta.model())) {
                meta.model_ref = Some(model);
            }
            if let Some(status) = status {
                meta.end_time = Some(now());
                meta.termination_status = (meta.version() >= META_VERSION).then(|| status.to_owned());
            }
        })?;
        self.presence.end(is_behind);
        Ok(())
    }

    /// A session that is written to has not ended.
    fn reopen(&self) -> Result<(), Error> {
        let _lock = patiently(|| self.session.lock())?;
        self.session.update_meta(|meta| {
            meta.end_time = None;
            if meta.termination_status.is_some() {
                meta.termination_status = Some("running".to_owned());
            }
        })
    }

    /// Fills in, checks and writes what there is, up to the first that is no event. The session is locked.
    fn write(&mut self, drafts: &[Result<Option<Draft>, String>]) -> Result<Batch, Error> {
        let path = self.session.path(CONVERSATION);
        let failed = |error: io::Error| Error::io("write", path.clone())(error);
        let mut file = atomic::open_to_add(&path).map_err(failed)?;
        let is_first = self.place.is_none();
        let mut place = Place::of(&file, self.place.take(), &self.id).map_err(failed)?;
        let (mut batch, mut rows, mut tally) = (Batch::default(), Vec::new(), Tally::default());
        if place.is_torn {
            rows.push(b'\n');
        }
        for (number, draft) in drafts.iter().enumerate() {
            let given = Given { id: &self.id, model: self.model.as_deref() };
            let filled = match draft {
                Ok(None) => continue,
                Ok(Some(draft)) => fill(draft, &given, &mut place.turn),
                Err(reason) => Err(reason.clone()),
            };
            match filled {
                Ok(row) => {
                    rows.extend_from_slice(row.text.as_bytes());
                    rows.push(b'\n');
                    tally.count(&row);
                    batch.recorded.push(Recorded { sequence: row.sequence, event_id: row.event_id });
                }
                Err(reason) => {
                    batch.refused = Some((number, reason));
                    break;
                }
            }
        }
        if !batch.recorded.is_empty() {
            put(&mut file, &rows, place.length).map_err(failed)?;
            // Whoever made the file may have been stopped before its name was on the disk.
            if is_first {
                atomic::sync_dir(self.session.dir()).map_err(failed)?;
            }
            place.passed(rows.len());
            self.tally.add(tally);
        }
        self.place = Some(place);
        Ok(batch)
    }
}

/// What a session says that nobody told its model.
fn is_unknown(model: &str) -> bool {
    model.ends_with("/unknown")
}

/// Tries again for a while when another process has the session open, since ours have it for moments only, or has just
/// removed it.
fn patiently<T>(mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    const PATIENCE: Duration = Duration::from_secs(1);
    /// A lock that says nothing counts no more by then.
    const MORE_PATIENCE: Duration = Duration::from_secs(3);
    let begun = Instant::now();
    loop {
        let done = work();
        let patience = match &done {
            Err(Error::Locked { pid: 0, .. }) => MORE_PATIENCE,
            Err(Error::Locked { .. } | Error::Damaged { damage: Damage::Missing, .. }) => PATIENCE,
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => PATIENCE,
            _ => return done,
        };
        if begun.elapsed() > patience {
            return done;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Adds rows to the end, at `length`, durably. When not all of them can be written, none is left half.
fn put(file: &mut File, rows: &[u8], length: u64) -> io::Result<()> {
    let mut written = 0;
    while written < rows.len() {
        match file.write(&rows[written..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(error) => {
                // Nobody was told of these rows. Where the file system has no locks, others may have added theirs.
                if file.metadata().is_ok_and(|about| about.len() == length + written as u64) {
                    let _ = file.set_len(length);
                }
                return Err(error);
            }
        }
    }
    file.sync_data()
}
