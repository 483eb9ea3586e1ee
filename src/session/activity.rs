//! When something happened in a session for the last time.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom};

use jiff::{SignedDuration, Timestamp};

use super::meta::parse_time;
use super::store::open_regular;
use super::{CONVERSATION, Event, Meta, Rows, Session, lock, presence};

impl Session {
    /// When something happened in it for the last time, as far as can be told: the latest of its last events, its end, and
    /// when its capture was made and applied; else its start, and for want of all that when its files were written.
    /// Copying a store changes the last, so what the files say goes first.
    pub fn last_activity(&self) -> Option<Timestamp> {
        let (meta, sidecar) = (self.meta().ok(), self.sidecar());
        let time = |text: Option<&String>| parse_time(text?);
        let told = [
            self.last_event(),
            time(meta.as_ref().and_then(|meta| meta.end_time.as_ref())),
            time(sidecar.as_ref().map(|sidecar| &sidecar.captured_at)),
            time(sidecar.as_ref().and_then(|sidecar| sidecar.applied_at.as_ref())),
        ];
        let started = || meta.as_ref().and_then(Meta::started);
        told.into_iter().max().flatten().or_else(started).or_else(|| self.last_write())
    }

    /// The same, for those who ask whether it is still needed: what was written within a day is at work, whatever time
    /// its rows give. Later, a copy of a store is as old as what is in it.
    pub(super) fn last_use(&self) -> Option<Timestamp> {
        self.last_activity().max(self.last_write().filter(|time| is_recent(*time)))
    }

    /// When one of its files was written for the last time; that of the directory where there are none. To lock it is not
    /// to write it.
    pub fn last_write(&self) -> Option<Timestamp> {
        let entries = fs::read_dir(self.dir()).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.file_name() != lock::FILE && entry.file_name() != presence::FILE);
        let last = files.filter_map(|entry| written(&entry.metadata().ok()?)).max();
        last.or_else(|| written(&fs::metadata(self.dir()).ok()?))
    }

    /// The latest time of the last events: one alone may have a time from elsewhere. Only the end of the conversation is
    /// read, as far back as needed.
    fn last_event(&self) -> Option<Timestamp> {
        const TRIED: [u64; 3] = [64 << 10, 1 << 20, 16 << 20];
        let mut file = open_regular(&self.path(CONVERSATION)).ok()?;
        let length = file.metadata().ok()?.len();
        TRIED.into_iter().find_map(|tried| last_time(&mut file, length.saturating_sub(tried)))
    }
}

/// When a file was written for the last time.
pub(super) fn written(about: &fs::Metadata) -> Option<Timestamp> {
    Timestamp::try_from(about.modified().ok()?).ok()
}

/// Whether that was within a day.
pub(super) fn is_recent(time: Timestamp) -> bool {
    Timestamp::now().duration_since(time) < SignedDuration::from_hours(24)
}

/// The first row may be cut in the middle: then it is no event.
fn last_time(file: &mut File, offset: u64) -> Option<Timestamp> {
    const LONGEST: usize = 16 << 20;
    const LAST: usize = 8;
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut rows = Rows::new(file, offset, LONGEST);
    let mut last = VecDeque::with_capacity(LAST + 1);
    while let Ok(Some(row)) = rows.advance() {
        last.extend(Event::parse(row.bytes).and_then(|event| event.at()));
        if last.len() > LAST {
            last.pop_front();
        }
    }
    last.into_iter().max()
}
