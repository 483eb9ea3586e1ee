//! Lines of bytes from a stream, of which only a wanted part is ever held in memory.
//!
//! Knows nothing of diffs or mails; both readers count and locate their lines with it.

use std::io::{self, BufRead};

use bstr::{BStr, ByteSlice};
use memchr::memmem;

/// Reads lines one after another; a line that is longer than asked for is counted, and its rest thrown away.
pub(crate) struct Lines<R> {
    inner: R,
    kept: Vec<u8>,
    start: u64,
    end: u64,
    number: u64,
    terminated: bool,
    again: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(inner: R) -> Self {
        Lines { inner, kept: Vec::new(), start: 0, end: 0, number: 0, terminated: false, again: false }
    }

    /// Goes to the next line and keeps its first `keep` bytes. `false` at the end of the stream.
    pub(crate) fn advance(&mut self, keep: usize) -> io::Result<bool> {
        if std::mem::take(&mut self.again) {
            return Ok(true);
        }
        self.kept.clear();
        self.start = self.end;
        self.terminated = false;
        while !self.terminated {
            let chunk = match self.inner.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            let (line, used) = match chunk.find_byte(b'\n') {
                Some(at) => (&chunk[..at], at + 1),
                None => (chunk, chunk.len()),
            };
            self.terminated = used > line.len();
            let room = keep.saturating_sub(self.kept.len()).min(line.len());
            self.kept.extend_from_slice(&line[..room]);
            self.end += used as u64;
            self.inner.consume(used);
        }
        let any = self.end > self.start;
        self.number += u64::from(any);
        Ok(any)
    }

    /// Passes over lines as long as `passes` takes them, and as they are at hand as a whole: what it is not given, and
    /// the line that it refuses, is still to come. One search goes on from newline to newline, where `advance` starts one
    /// for each line.
    pub(crate) fn pass(&mut self, mut passes: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
        if self.again {
            return Ok(());
        }
        let chunk = at_hand(&mut self.inner)?;
        let (mut last, mut used, mut count) = (0, 0, 0);
        for newline in memchr::memchr_iter(b'\n', chunk) {
            if !passes(&chunk[used..newline]) {
                break;
            }
            (last, used, count) = (used, newline + 1, count + 1);
        }
        if count > 0 {
            self.kept.clear();
            self.start = self.end + last as u64;
            self.end += used as u64;
            self.number += count;
            self.terminated = true;
            self.inner.consume(used);
        }
        Ok(())
    }

    /// Goes to the next line that starts with `prefix`, and keeps its first `keep` bytes. `false` at the end of the stream.
    pub(crate) fn advance_to(&mut self, prefix: &[u8], keep: usize) -> io::Result<bool> {
        let wanted = memmem::Finder::new(prefix);
        loop {
            self.pass_without(&wanted)?;
            if !self.advance(keep.max(prefix.len()))? {
                return Ok(false);
            }
            if self.line().starts_with(prefix) {
                return Ok(true);
            }
        }
    }

    /// Passes over lines that are at hand as a whole and do not start with what is wanted.
    fn pass_without(&mut self, wanted: &memmem::Finder) -> io::Result<()> {
        if self.again {
            return Ok(());
        }
        let chunk = at_hand(&mut self.inner)?;
        let starts_line = |at: &usize| *at == 0 || chunk[at - 1] == b'\n';
        let used = match wanted.find_iter(chunk).find(starts_line) {
            Some(at) => at,
            None => chunk.rfind_byte(b'\n').map_or(0, |newline| newline + 1),
        };
        self.number += memchr::memchr_iter(b'\n', &chunk[..used]).count() as u64;
        self.end += used as u64;
        self.inner.consume(used);
        Ok(())
    }

    /// Lets the next `advance` return the current line once more. Whoever does so has kept enough of it.
    pub(crate) fn again(&mut self) {
        self.again = true;
    }

    /// What was kept of the current line, without its newline.
    pub(crate) fn line(&self) -> &BStr {
        self.kept.as_bstr()
    }

    /// Where the current line starts, in bytes from the start of the stream.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Where the current line ends, its newline included.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Where the next `advance` will start.
    pub(crate) fn position(&self) -> u64 {
        if self.again { self.start } else { self.end }
    }

    /// The number of the current line, the first being 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether the current line ends with a newline, and not with the stream.
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated
    }

    /// The length of the whole line in bytes, without its newline.
    pub(crate) fn length(&self) -> u64 {
        self.end - self.start - u64::from(self.terminated)
    }

    /// Whether `line` is the whole line.
    pub(crate) fn is_whole(&self) -> bool {
        self.length() == self.kept.len() as u64
    }
}

/// The bytes that can be had without waiting for more; none at the end, and none for now when a signal came between.
fn at_hand(inner: &mut impl BufRead) -> io::Result<&[u8]> {
    match inner.fill_buf() {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(&[]),
        chunk => chunk,
    }
}
