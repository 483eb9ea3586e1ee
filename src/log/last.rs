//! The last rows that are wanted, found from the end of a file where that is possible.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::session::{Backwards, Row, Rows, Span};

/// Where the last `count` rows of the first `length` bytes are that are wanted, the first of them first. Looks no further
/// back than it must.
///
/// # Errors
/// When the file cannot be read.
pub fn last_spans(
    file: &File,
    length: u64,
    count: usize,
    longest: usize,
    wanted: &mut dyn FnMut(&[u8]) -> bool,
) -> io::Result<Vec<Span>> {
    let (mut spans, mut row) = (Vec::new(), Vec::new());
    for span in Backwards::new(file, length) {
        if spans.len() == count {
            break;
        }
        let span = span?;
        read_span(file, span, longest, &mut row)?;
        if wanted(&row) {
            spans.push(span);
        }
    }
    spans.reverse();
    Ok(spans)
}

/// The last `count` rows that are wanted, when they can only be read from the first on; `keep` says what is kept of each.
///
/// # Errors
/// When they cannot be read.
pub fn last_rows<T>(
    rows: &mut Rows<impl Read>,
    count: usize,
    wanted: &mut dyn FnMut(&[u8]) -> bool,
    keep: impl Fn(&Row) -> T,
) -> io::Result<VecDeque<T>> {
    let mut last = VecDeque::new();
    while let Some(row) = rows.advance()? {
        if wanted(row.bytes) && count > 0 {
            if last.len() == count {
                last.pop_front();
            }
            last.push_back(keep(&row));
        }
    }
    Ok(last)
}

/// Reads a row into `row`, without its newline. One that is longer than `longest` bytes gets shorter strings.
///
/// # Errors
/// When the file cannot be read.
pub fn read_span(mut file: &File, span: Span, longest: usize, row: &mut Vec<u8>) -> io::Result<()> {
    row.clear();
    file.seek(SeekFrom::Start(span.offset))?;
    let part = file.take(span.length);
    if span.length > longest as u64 {
        let mut rows = Rows::new(part, span.offset, longest).shortening();
        row.extend_from_slice(rows.advance()?.map_or(&[], |row| row.bytes));
    } else {
        { part }.read_to_end(row)?;
        row.truncate(row.len() - usize::from(span.is_ended && !row.is_empty()));
    }
    Ok(())
}

/// Counts lines, going on from where it stopped.
#[derive(Debug, Default)]
pub struct LineNumbers {
    offset: u64,
    lines: u64,
}

impl LineNumbers {
    /// The line of the row at `offset`, which is not before the last one that was asked for.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn at(&mut self, file: &File, offset: u64) -> io::Result<u64> {
        self.lines += super::append::newlines(file, self.offset, offset)?;
        self.offset = offset;
        Ok(self.lines + 1)
    }
}
