//! Walks a diff line by line: headers are read, hunks and binary patches are counted and passed over.
//!
//! Tells where each file's change starts and ends, and hands back lines that belong to none, so that the mail reader can
//! find where a diff really ends. What header lines mean is left to `header`.

use std::io::BufRead;

use bstr::{BStr, ByteSlice};

use super::binary::{DeltaStart, line_length};
use super::header::Header;
use super::lines::Lines;
use super::{Error, FileChange, Inside, LineRange};

/// No header line that git writes for a path of 4,096 bytes is longer, quoted twice over.
const LONGEST_HEADER: usize = 64 * 1024;

/// One step of the walk.
pub(crate) enum Item {
    /// One file's change, seen to its end.
    Change(FileChange),
    /// A line outside of any change; `Scanner::lines` holds it.
    Other,
}

/// The walk over one diff.
pub(crate) struct Scanner<R> {
    lines: Lines<R>,
    /// Where the contents of the change are, for a reader that holds the diff; `None` where they are passed over.
    found: Option<Found>,
}

/// Where the contents of one change are, in bytes from the start of the diff.
#[derive(Default)]
pub(super) struct Found {
    pub(super) hunks: Vec<FoundHunk>,
    pub(super) blocks: Vec<FoundBlock>,
}

/// A hunk: its first byte, the first byte after its `@@` line, and the first byte after it.
pub(super) struct FoundHunk {
    pub(super) old: LineRange,
    pub(super) new: LineRange,
    pub(super) start: u64,
    pub(super) body: u64,
    pub(super) end: u64,
    pub(super) trailing: bool,
}

/// A block of a binary patch: its lines of base 85, without the one that ends them.
pub(super) struct FoundBlock {
    pub(super) is_delta: bool,
    pub(super) size: u64,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl<R: BufRead> Scanner<R> {
    /// Starts at the next line of `lines`.
    pub(crate) fn new(lines: Lines<R>) -> Self {
        Scanner { lines, found: None }
    }

    /// Has each change tell where its contents are.
    pub(super) fn locating(self) -> Self {
        Scanner { found: Some(Found::default()), ..self }
    }

    /// Where the contents of the last change are.
    pub(super) fn found(&mut self) -> Found {
        self.found.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The line that the scanner stands on.
    pub(crate) fn lines(&self) -> &Lines<R> {
        &self.lines
    }

    /// The next change or line. `None` at the end.
    pub(crate) fn step(&mut self) -> Result<Option<Item>, Error> {
        if !self.lines.advance(LONGEST_HEADER)? {
            return Ok(None);
        }
        let line = self.lines.line();
        if let Some(names) = line.strip_prefix(b"diff --git ") {
            let header = Header::of_git(self.lines.start(), names.as_bstr());
            self.check_length()?;
            return self.change(header).map(|change| Some(Item::Change(change)));
        }
        if line.starts_with(b"--- ") && self.lines.is_whole() {
            return self.plain();
        }
        Ok(Some(Item::Other))
    }

    /// A change without `diff --git`: `---`, `+++` and a hunk must follow each other, else the line means nothing.
    fn plain(&mut self) -> Result<Option<Item>, Error> {
        let mut header = Header::plain(self.lines.start());
        let minus = self.lines.line().to_owned();
        if !self.lines.advance(LONGEST_HEADER)? {
            return Ok(Some(Item::Other));
        }
        let plus = self.lines.line().to_owned();
        if !plus.starts_with(b"+++ ") || !self.lines.is_whole() {
            self.lines.again();
            return Ok(Some(Item::Other));
        }
        if !self.lines.advance(LONGEST_HEADER)? {
            return Ok(Some(Item::Other));
        }
        self.lines.again();
        if !self.lines.line().starts_with(b"@@ -") {
            return Ok(Some(Item::Other));
        }
        for line in [minus, plus] {
            header.line(line.as_ref()).map_err(|reason| self.malformed(reason))?;
        }
        self.change(header).map(|change| Some(Item::Change(change)))
    }

    /// Everything of one file: header lines, then hunks or a binary patch.
    fn change(&mut self, mut header: Header) -> Result<FileChange, Error> {
        let first_line = self.lines.number();
        loop {
            if !self.lines.advance(LONGEST_HEADER)? {
                break;
            }
            let line = self.lines.line();
            if line.starts_with(b"@@ -") {
                self.hunk(&mut header)?;
            } else if header.contents.any {
                self.lines.again();
                break;
            } else if line.trim_end() == b"GIT binary patch" {
                self.binary(&mut header)?;
            } else if is_binary_notice(line) {
                header.contents.any = true;
                header.contents.missing = true;
            } else if header.line(line).map_err(|reason| self.malformed(reason))? {
                self.check_length()?;
            } else {
                self.lines.again();
                break;
            }
        }
        let offset = header.offset;
        header.finish().map_err(|reason| Error::Malformed { line: first_line, offset, reason })
    }

    /// One hunk, by the numbers of its `@@` line, so that no content is ever taken for a header.
    fn hunk(&mut self, header: &mut Header) -> Result<(), Error> {
        let (old, new) = ranges(self.lines.line()).ok_or_else(|| self.malformed("a hunk without line counts"))?;
        let (start, body) = (self.lines.start(), self.lines.end());
        header.contents.any = true;
        let trailing = self.hunk_lines(header, old.lines, new.lines)?;
        if self.lines.advance(LONGEST_HEADER)? && !self.lines.line().starts_with(b"\\ ") {
            self.lines.again();
        }
        let end = self.lines.position();
        if let Some(found) = &mut self.found {
            found.hunks.push(FoundHunk { old, new, start, body, end, trailing });
        }
        Ok(())
    }

    /// The lines of a hunk of `old` and `new` lines; whether the last of them is context.
    fn hunk_lines(&mut self, header: &mut Header, mut old: u64, mut new: u64) -> Result<bool, Error> {
        let mut trailing = false;
        let mut blank = false;
        while old > 0 || new > 0 {
            if !self.lines.advance(1)? {
                return Err(self.truncated(Inside::Hunk));
            }
            let first = self.lines.line().first();
            let (takes_old, takes_new) = match first {
                Some(b' ') | None => (1, 1),
                Some(b'-') => (1, 0),
                Some(b'+') => (0, 1),
                Some(b'\\') if blank => return Err(self.malformed("an empty line of a hunk that lacks its newline")),
                Some(b'\\') => (0, 0),
                // An empty context line whose blank was lost, from a mail with CRLF.
                Some(b'\r') if self.lines.length() == 1 => (1, 1),
                Some(_) => return Err(self.malformed("a line that is no hunk line")),
            };
            blank = first.is_none();
            let short = || self.malformed("a hunk that does not add up to its line counts");
            old = old.checked_sub(takes_old).ok_or_else(short)?;
            new = new.checked_sub(takes_new).ok_or_else(short)?;
            header.contents.removed += u64::from(takes_old > takes_new);
            header.contents.added += u64::from(takes_new > takes_old);
            if takes_old + takes_new > 0 {
                trailing = takes_old == takes_new;
            }
            if !self.lines.is_terminated() {
                return Err(self.truncated(Inside::Hunk));
            }
        }
        Ok(trailing)
    }

    /// The blocks of a `GIT binary patch`: the new contents, then mostly the old ones, each ended by an empty line.
    fn binary(&mut self, header: &mut Header) -> Result<(), Error> {
        header.contents.any = true;
        header.contents.binary = true;
        for block in 0..2 {
            if !self.lines.advance(LONGEST_HEADER)? {
                return if block == 0 { Err(self.truncated(Inside::BinaryPatch)) } else { Ok(()) };
            }
            let line = self.lines.line();
            let literal = line.strip_prefix(b"literal ");
            let Some(size) = literal.or_else(|| line.strip_prefix(b"delta ")) else {
                if block == 0 {
                    return Err(self.malformed("a binary patch that is neither literal nor delta"));
                }
                self.lines.again();
                return Ok(());
            };
            let is_delta = literal.is_none();
            let (size, _) = number(size).ok_or_else(|| self.malformed("a binary patch without its size"))?;
            let (first, start) = (self.lines.start(), self.lines.end());
            let delta = self.binary_lines(is_delta)?;
            if let Some(found) = &mut self.found {
                found.blocks.push(FoundBlock { is_delta, size, start, end: self.lines.start() });
            }
            let result = match delta.result_size() {
                Some(result) if is_delta => result,
                None if is_delta => {
                    let reason = "a delta that does not begin with its sizes";
                    return Err(Error::Malformed { line: self.lines.number(), offset: first, reason });
                }
                _ => 0,
            };
            header.contents.inflated = header.contents.inflated.max(size).max(result);
        }
        Ok(())
    }

    /// Lines of base 85: a letter for the count of bytes, then five characters for every four of them.
    fn binary_lines(&mut self, is_delta: bool) -> Result<DeltaStart, Error> {
        /// Of a line's 52 bytes.
        const LONGEST: usize = 66;
        let mut start = DeltaStart::default();
        loop {
            if !self.lines.advance(if is_delta { LONGEST } else { 1 })? || !self.lines.is_terminated() {
                return Err(self.truncated(Inside::BinaryPatch));
            }
            let letter = match self.lines.line().first() {
                None => return Ok(start),
                Some(b'\r') if self.lines.length() == 1 => return Ok(start),
                Some(letter) => *letter,
            };
            let Some(bytes) = line_length(letter) else {
                return Err(self.malformed("a line of a binary patch that does not start with its length"));
            };
            let expected = 1 + bytes.div_ceil(4) as u64 * 5;
            // One more where line ends are CRLF.
            if self.lines.length() != expected && self.lines.length() != expected + 1 {
                return Err(self.malformed("a line of a binary patch that is not as long as it says"));
            }
            if is_delta {
                start.line(self.lines.line());
            }
        }
    }

    fn check_length(&self) -> Result<(), Error> {
        if self.lines.is_whole() { Ok(()) } else { Err(self.malformed("a header line of more than 65,536 bytes")) }
    }

    fn malformed(&self, reason: &'static str) -> Error {
        Error::Malformed { line: self.lines.number(), offset: self.lines.start(), reason }
    }

    fn truncated(&self, inside: Inside) -> Error {
        Error::Truncated { line: self.lines.number(), offset: self.lines.end(), inside }
    }
}

fn is_binary_notice(line: &BStr) -> bool {
    let line = line.trim_end();
    (line.starts_with(b"Binary files ") || line.starts_with(b"Files ")) && line.ends_with(b" differ")
}

/// The lines that `@@ -1,2 +3,4 @@` names; a count that is left out is one.
fn ranges(line: &BStr) -> Option<(LineRange, LineRange)> {
    let rest = line.strip_prefix(b"@@ -")?;
    let (old, rest) = range(rest)?;
    let (new, rest) = range(rest.strip_prefix(b" +")?)?;
    rest.starts_with(b" @@").then_some((old, new))
}

fn range(text: &[u8]) -> Option<(LineRange, &[u8])> {
    let (start, rest) = number(text)?;
    let (lines, rest) = match rest.strip_prefix(b",") {
        Some(rest) => number(rest)?,
        None => (1, rest),
    };
    Some((LineRange { start, lines }, rest))
}

fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..digits].to_str().ok()?.parse().ok()?;
    Some((value, &text[digits..]))
}
