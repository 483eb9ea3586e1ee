//! A walk over the entries of an index that is in runs: what is left of the old file, and what stands between.

use super::entry::{Entries, Entry};
use super::{DAMAGED, HEADER, STRIDE, Unusual};
use crate::git::ObjectFormat;

/// Entries one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) bytes: &'a [u8],
    /// Where they begin in the old file; 0 for entries that are new.
    pub(super) at: usize,
    /// How many entries are before them in the old file.
    pub(super) first: u32,
    /// How many they are.
    pub(super) count: u32,
}

/// The walk. Where it stands, an entry comes next, unless it is at the end.
pub(super) struct Walk<'a, 'm> {
    runs: std::vec::IntoIter<Run<'a>>,
    marks: &'m [usize],
    format: ObjectFormat,
    run: Run<'a>,
    entries: Entries<'a>,
    /// How many entries of the run are behind, the next one among them.
    passed: u32,
    next: Option<Entry<'a>>,
}

impl<'a, 'm> Walk<'a, 'm> {
    /// `marks`: where in the old file every so many entries begin.
    pub(super) fn over(runs: Vec<Run<'a>>, marks: &'m [usize], format: ObjectFormat) -> Result<Walk<'a, 'm>, Unusual> {
        let run = Run { bytes: b"", at: 0, first: 0, count: 0 };
        let entries = Entries::new(b"", 0, None);
        let mut walk = Walk { runs: runs.into_iter(), marks, format, run, entries, passed: 0, next: None };
        walk.advance()?;
        Ok(walk)
    }

    /// The entry that comes next.
    pub(super) fn next(&self) -> Option<Entry<'a>> {
        self.next
    }

    pub(super) fn format(&self) -> ObjectFormat {
        self.format
    }

    /// Goes on by one entry.
    pub(super) fn advance(&mut self) -> Result<(), Unusual> {
        loop {
            if let Some(entry) = self.entries.next() {
                (self.next, self.passed) = (Some(entry?), self.passed + 1);
                return Ok(());
            }
            let Some(run) = self.runs.next() else {
                self.next = None;
                return Ok(());
            };
            self.enter(run, run.bytes, 0);
        }
    }

    fn enter(&mut self, run: Run<'a>, rest: &'a [u8], passed: u32) {
        self.entries = Entries::new(rest, self.format.hash().len_in_bytes(), None);
        (self.run, self.passed) = (run, passed);
    }

    /// Passes over the entries of a folder, and sees that they are all of it.
    pub(super) fn skip(&mut self, count: u32, prefix: &[u8]) -> Result<(), Unusual> {
        let is_inside = |entry: &Option<Entry>| entry.is_some_and(|entry| entry.path().starts_with(prefix));
        if let Some(before_last) = count.checked_sub(1) {
            self.pass(before_last)?;
            if !is_inside(&self.next) {
                return Err(DAMAGED);
            }
            self.advance()?;
        }
        if is_inside(&self.next) { Err(DAMAGED) } else { Ok(()) }
    }

    /// Goes on by so many entries, looking at few of them.
    fn pass(&mut self, mut count: u32) -> Result<(), Unusual> {
        while count > 0 {
            if self.next.is_none() {
                return Err(DAMAGED);
            }
            let left = self.run.count.saturating_sub(self.passed);
            if count > left {
                // To the first entry of the next run.
                self.enter(self.run, b"", self.run.count);
                count -= left + 1;
            } else {
                // To the entry before the one that is to come next.
                count -= self.leap(count - 1)?;
                count -= 1;
            }
            self.advance()?;
        }
        Ok(())
    }

    /// Leaps over at most so many entries of the run; over how many.
    fn leap(&mut self, most: u32) -> Result<u32, Unusual> {
        let goal = (self.run.first + self.passed + most) / STRIDE;
        let over = (goal * STRIDE).saturating_sub(self.run.first + self.passed);
        if over == 0 || self.run.at < HEADER {
            return Ok(0);
        }
        let mark = self.marks.get(goal as usize).ok_or(DAMAGED)?;
        let rest = mark.checked_sub(self.run.at).and_then(|at| self.run.bytes.get(at..)).ok_or(DAMAGED)?;
        self.enter(self.run, rest, self.passed + over);
        Ok(over)
    }
}
