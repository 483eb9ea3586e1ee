//! Looks over a diff before it is written: is it one that can be read back, and would mail software alter its bytes?

use std::io::{self, BufRead, BufReader, Read};

use bstr::ByteSlice;

use crate::patch::{self, Item, Lines, Scanner};

/// Mail software may break longer lines (RFC 5322 allows 998 characters).
const LONGEST_LINE: usize = 990;

/// What the writer has to know of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surveyed {
    /// Whether there is no change in it.
    pub is_empty: bool,
    /// Whether mail software would alter its bytes.
    pub is_fragile: bool,
}

/// Reads a diff through.
///
/// # Errors
/// `InvalidData` when it is not in git's format from its first byte to its last: then it could not be read back.
pub fn survey(diff: impl Read) -> io::Result<Surveyed> {
    let mut watch =
        Watch { inner: BufReader::with_capacity(64 * 1024, diff), fragility: Fragility::default(), consumed: 0 };
    let mut scanner = Scanner::new(Lines::new(&mut watch));
    let mut count = 0_u64;
    while let Some(item) = scanner.step().map_err(invalid)? {
        let offset = scanner.lines().start();
        match item {
            Item::Change(_) => count += 1,
            Item::Other => {
                let reason = "a line that belongs to no file";
                return Err(invalid(patch::Error::Malformed { line: scanner.lines().number(), offset, reason }));
            }
        }
    }
    let ends_well = count == 0 || scanner.lines().is_terminated() || scanner.lines().length() == 0;
    drop(scanner);
    if !ends_well {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the diff does not end with a newline"));
    }
    let is_fragile = watch.fragility.finish();
    Ok(Surveyed { is_empty: count == 0, is_fragile })
}

fn invalid(error: patch::Error) -> io::Error {
    match error {
        patch::Error::Read(error) => error,
        error => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}

/// Passes bytes on and looks at them.
struct Watch<R> {
    inner: R,
    fragility: Fragility,
    consumed: u64,
}

impl<R: BufRead> Read for Watch<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.fill_buf()?;
        let length = chunk.len().min(buffer.len());
        buffer[..length].copy_from_slice(&chunk[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Watch<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let chunk = self.inner.fill_buf()?;
        if self.consumed == 0 {
            self.fragility.chunk(chunk);
            self.consumed = chunk.len() as u64;
        }
        Ok(chunk)
    }

    fn consume(&mut self, amount: usize) {
        self.consumed = self.consumed.saturating_sub(amount as u64);
        self.inner.consume(amount);
    }
}

/// Whether bytes would not survive as an 8-bit mail of UTF-8 text.
#[derive(Default)]
pub(super) struct Fragility {
    fragile: bool,
    column: usize,
    /// The start of a character whose rest is in the next chunk.
    partial: Vec<u8>,
}

impl Fragility {
    pub(super) fn chunk(&mut self, chunk: &[u8]) {
        if self.fragile {
            return;
        }
        let is_control = |byte: &u8| *byte < b' ' && !b"\t\n\x0c".contains(byte) || *byte == 0x7f;
        self.fragile = chunk.iter().any(is_control) || self.has_long_line(chunk) || self.has_other_encoding(chunk);
    }

    pub(super) fn finish(self) -> bool {
        self.fragile || !self.partial.is_empty()
    }

    fn has_long_line(&mut self, chunk: &[u8]) -> bool {
        let mut longest = 0;
        for line in chunk.split_inclusive(|byte| *byte == b'\n') {
            self.column += line.len();
            longest = longest.max(self.column);
            if line.ends_with(b"\n") {
                self.column = 0;
            }
        }
        longest > LONGEST_LINE
    }

    fn has_other_encoding(&mut self, mut chunk: &[u8]) -> bool {
        while !self.partial.is_empty() && !chunk.is_empty() {
            self.partial.push(chunk[0]);
            chunk = &chunk[1..];
            match self.partial.to_str() {
                Ok(_) => self.partial.clear(),
                Err(error) if error.error_len().is_some() => return true,
                Err(_) => {}
            }
        }
        match chunk.to_str() {
            Ok(_) => false,
            Err(error) if error.error_len().is_some() => true,
            Err(error) => {
                self.partial = chunk[error.valid_up_to()..].to_vec();
                false
            }
        }
    }
}
