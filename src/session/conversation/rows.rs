//! Splits a conversation at its newlines, and at nothing else: U+2028 and a cut inside of a character belong to their row.

use std::io::{self, BufRead, BufReader, Read};

use super::Event;
use super::shorten::Shortener;

/// The longest row, in bytes, that the readers of events look into. The longest that are written hold a file twice.
pub const LONGEST_ROW: usize = 16 << 20;

/// The rows of a conversation, in their order.
#[derive(Debug)]
pub struct Rows<R> {
    reader: BufReader<R>,
    longest: usize,
    /// Where the next row starts.
    offset: u64,
    /// The line of the last row.
    number: u64,
    /// What is done about a row that is longer than that.
    shortens: bool,
    row: Vec<u8>,
}

/// One row. It may be blank, damaged, or no JSON at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its line: from 1, counted from where reading began.
    pub number: u64,
    /// Where it starts, in bytes from the start of the file.
    pub offset: u64,
    /// How much room it takes in the file, in bytes, with its newline.
    pub length: u64,
    /// Its content without the newline. When it [is cut](Row::is_cut), only the start of it, or all of it with
    /// [shortened strings](Rows::shortening).
    pub bytes: &'a [u8],
    /// Whether it is longer than was to be looked at.
    pub is_cut: bool,
    /// Whether a newline ends it. Without one it is torn, or still being written.
    pub is_ended: bool,
}

impl<R: Read> Rows<R> {
    /// Reads rows from `reader`, which stands at `offset` of its file. Of each row no more than `longest` bytes are kept.
    pub fn new(reader: R, offset: u64, longest: usize) -> Rows<R> {
        let reader = BufReader::with_capacity(128 << 10, reader);
        Rows { reader, longest, offset, number: 0, shortens: false, row: Vec::new() }
    }

    /// Of a row that is too long, the long strings are shortened, and what remains is JSON exactly if the row is. A row
    /// that is long without long strings is kept whole, up to a gigabyte.
    pub fn shortening(self) -> Rows<R> {
        Rows { shortens: true, ..self }
    }

    /// Counts the lines from the one after `number`.
    pub fn after(self, number: u64) -> Rows<R> {
        Rows { number, ..self }
    }

    /// The next row; `None` at the end, behind which there may be more later.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn advance(&mut self) -> io::Result<Option<Row<'_>>> {
        /// What one long row needed is not kept for all short ones.
        const KEPT: usize = 1 << 20;
        self.row.clear();
        self.row.shrink_to(KEPT);
        let mut length =
            self.reader.by_ref().take((self.longest as u64).saturating_add(1)).read_until(b'\n', &mut self.row)? as u64;
        if length == 0 {
            return Ok(None);
        }
        let mut is_ended = self.row.last() == Some(&b'\n');
        let is_cut = !is_ended && self.row.len() > self.longest;
        if is_cut {
            let mut shortener = self.shortens.then(Shortener::default);
            if let Some(shortener) = &mut shortener {
                let start = std::mem::take(&mut self.row);
                shortener.feed(&start, &mut self.row);
            } else {
                self.row.truncate(self.longest);
            }
            let (rest, found) = pass_row(&mut self.reader, |bytes| {
                if let Some(shortener) = &mut shortener {
                    shortener.feed(bytes, &mut self.row);
                }
            })?;
            (length, is_ended) = (length + rest, found);
        } else if is_ended {
            self.row.pop();
        }
        let offset = self.offset;
        self.offset += length;
        self.number += 1;
        Ok(Some(Row { number: self.number, offset, length, bytes: &self.row, is_cut, is_ended }))
    }

    /// Where the next row starts, in bytes from the start of the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl Row<'_> {
    /// Whether there is nothing but white space in it.
    pub fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }

    /// The event that it tells of; `None` when it is none, or too long without long strings.
    pub fn event(&self) -> Option<Event> {
        if self.bytes.len() > LONGEST_ROW { None } else { Event::parse(self.bytes) }
    }
}

/// Passes over the rest of a row, which `see` gets in parts: how many bytes it had, and whether a newline ended it.
fn pass_row(reader: &mut impl BufRead, mut see: impl FnMut(&[u8])) -> io::Result<(u64, bool)> {
    let mut passed = 0;
    loop {
        let buffer = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        if buffer.is_empty() {
            return Ok((passed, false));
        }
        let end = memchr::memchr(b'\n', buffer);
        see(&buffer[..end.unwrap_or(buffer.len())]);
        let length = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(length);
        passed += length as u64;
        if end.is_some() {
            return Ok((passed, true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Told = (u64, u64, u64, Vec<u8>, bool, bool);

    fn rows(bytes: &[u8], longest: usize) -> Vec<Told> {
        let (mut rows, mut told) = (Rows::new(bytes, 0, longest), Vec::new());
        while let Some(row) = rows.advance().unwrap() {
            told.push((row.number, row.offset, row.length, row.bytes.to_vec(), row.is_cut, row.is_ended));
        }
        told
    }

    #[test]
    fn a_row_ends_at_a_newline_only() {
        assert_eq!(rows(b"", 9), []);
        assert_eq!(
            rows(b"a\xe2\x80\xa8b\n\r\n\xc3", 9),
            [
                (1, 0, 6, "a\u{2028}b".into(), false, true),
                (2, 6, 2, b"\r".to_vec(), false, true),
                (3, 8, 1, b"\xc3".to_vec(), false, false)
            ]
        );
    }

    #[test]
    fn of_a_long_row_the_start_is_kept() {
        assert_eq!(
            rows(b"1234\n12345\n\n123456", 4),
            [
                (1, 0, 5, b"1234".to_vec(), false, true),
                (2, 5, 6, b"1234".to_vec(), true, true),
                (3, 11, 1, b"".to_vec(), false, true),
                (4, 12, 6, b"1234".to_vec(), true, false)
            ]
        );
    }

    #[test]
    fn of_a_long_row_the_strings_are_shortened() {
        let long = format!("{{\"text\":\"{}\"}}\n[]", "x".repeat(1 << 20));
        let mut rows = Rows::new(long.as_bytes(), 0, 1000).shortening().after(7);
        let row = rows.advance().unwrap().unwrap();
        assert!(row.is_cut && row.is_ended && row.bytes.len() < 100_000, "{}", row.bytes.len());
        assert_eq!((row.number, row.length), (8, long.len() as u64 - 2));
        let text: serde_json::Value = serde_json::from_slice(row.bytes).unwrap();
        assert!(text["text"].as_str().unwrap().ends_with("xx"));
        assert_eq!(rows.advance().unwrap().unwrap().bytes, b"[]");
    }

    proptest! {
        #[test]
        fn rows_are_what_lies_between_newlines(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200)) {
            let rows = rows(&bytes, 50);
            let mut wanted: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
            if wanted.last().is_some_and(|last| last.is_empty()) {
                wanted.pop();
            }
            prop_assert_eq!(rows.len(), wanted.len());
            let mut offset = 0;
            for (row, wanted) in rows.iter().zip(wanted) {
                prop_assert_eq!(row.1, offset);
                prop_assert_eq!(&row.3[..], &wanted[..wanted.len().min(50)]);
                prop_assert_eq!(row.4, wanted.len() > 50);
                offset += row.2;
            }
            prop_assert_eq!(offset, bytes.len() as u64);
        }
    }
}
