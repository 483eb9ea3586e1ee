//! When something happened in a session for the last time.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};

use jiff::Timestamp;

use super::meta::parse_time;
use super::store::open_regular;
use super::{CONVERSATION, Event, Rows, Session, lock, presence};

impl Session {
    /// When something happened in it for the last time, as far as can be told: the time of the last event of its
    /// conversation, the end or start in its meta.json, and for want of both when its files were written. Copying a
    /// store changes the last, so what the files say goes first.
    pub fn last_activity(&self) -> Option<Timestamp> {
        let told = || {
            let meta = self.meta().ok()?;
            meta.end_time.as_deref().and_then(parse_time).or_else(|| meta.started())
        };
        self.last_event().or_else(told).or_else(|| self.last_write())
    }

    /// When one of its files was written for the last time; that of the directory where there are none. To lock it is not
    /// to write it.
    pub fn last_write(&self) -> Option<Timestamp> {
        let entries = fs::read_dir(self.dir()).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.file_name() != lock::FILE && entry.file_name() != presence::FILE);
        let modified = |metadata: io::Result<fs::Metadata>| metadata.and_then(|metadata| metadata.modified()).ok();
        let last = files.filter_map(|entry| modified(entry.metadata())).max();
        last.or_else(|| modified(fs::metadata(self.dir()))).and_then(|time| Timestamp::try_from(time).ok())
    }

    /// The time of the last event that has one. Only the end of the conversation is read, as far back as needed.
    fn last_event(&self) -> Option<Timestamp> {
        const TRIED: [u64; 3] = [64 << 10, 1 << 20, 16 << 20];
        let mut file = open_regular(&self.path(CONVERSATION)).ok()?;
        let length = file.metadata().ok()?.len();
        TRIED.into_iter().find_map(|tried| last_time(&mut file, length.saturating_sub(tried)))
    }
}

/// The first row may be cut in the middle: then it is no event.
fn last_time(file: &mut File, offset: u64) -> Option<Timestamp> {
    const LONGEST: usize = 16 << 20;
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut rows = Rows::new(file, offset, LONGEST);
    let mut last = None;
    while let Ok(Some(row)) = rows.advance() {
        last = Event::parse(row.bytes).and_then(|event| event.at()).or(last);
    }
    last
}
