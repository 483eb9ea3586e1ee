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

/// A line that tells of a missing newline is at least so long; its words are in the language of who made the diff.
const SHORTEST_MARK: usize = 11;

/// An empty line without newline is no line: git takes it for context that no file has.
const BLANK_MARKED: &str = "an empty line of a hunk that lacks its newline";

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
        // Its header is damaged, or missing: passed over, its changes would be lost.
        if ranges(line).is_some() {
            return Err(self.malformed("a hunk without a header"));
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
            // What follows at once on `diff --git` is not what that is the header of, to git.
            let is_alone = self.lines.number() == first_line + 1;
            if line.starts_with(b"@@ -") {
                if is_alone {
                    return Err(self.malformed("a hunk without a header"));
                }
                self.hunk(&mut header)?;
            } else if header.contents.any {
                self.lines.again();
                break;
            } else if line.trim_end() == b"GIT binary patch" {
                if is_alone {
                    return Err(self.malformed("a binary patch without a header"));
                }
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
        let count = self.hunk_lines(old.lines, new.lines)?;
        header.contents.added += count.added;
        header.contents.removed += count.removed;
        header.contents.old |= old.lines > 0;
        header.contents.new |= new.lines > 0;
        if self.lines.advance(LONGEST_HEADER)? {
            match self.lines.line().starts_with(b"\\ ") {
                true if count.blank => return Err(self.malformed(BLANK_MARKED)),
                true => {}
                false => self.lines.again(),
            }
        }
        let end = self.lines.position();
        if let Some(found) = &mut self.found {
            found.hunks.push(FoundHunk { old, new, start, body, end, trailing: count.trailing });
        }
        Ok(())
    }

    /// The lines of a hunk of `old` and `new` lines; whether the last of them is context.
    fn hunk_lines(&mut self, old: u64, new: u64) -> Result<HunkCount, Error> {
        let mut count = HunkCount { old, new, ..HunkCount::default() };
        loop {
            self.lines.pass(|line| count.takes(line))?;
            if count.old == 0 && count.new == 0 {
                break;
            }
            if !self.lines.advance(SHORTEST_MARK)? {
                return Err(self.truncated(Inside::Hunk));
            }
            let line = self.lines.line();
            match line.first() {
                Some(b'\\') if count.blank => {
                    return Err(self.malformed(BLANK_MARKED));
                }
                Some(b'\\') if line.starts_with(b"\\ ") && line.len() == SHORTEST_MARK => {}
                _ if !count.takes(line) => {
                    let is_line = matches!(line.first(), Some(b' ' | b'-' | b'+') | None);
                    let short = "a hunk that does not add up to its line counts";
                    return Err(self.malformed(if is_line { short } else { "a line that is no hunk line" }));
                }
                _ => {}
            }
            if !self.lines.is_terminated() {
                return Err(self.truncated(Inside::Hunk));
            }
        }
        if count.added == 0 && count.removed == 0 {
            return Err(self.malformed("a hunk that changes nothing"));
        }
        Ok(count)
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
                Some(letter) => *letter,
            };
            let Some(bytes) = line_length(letter) else {
                return Err(self.malformed("a line of a binary patch that does not start with its length"));
            };
            let expected = 1 + bytes.div_ceil(4) as u64 * 5;
            if self.lines.length() != expected {
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

/// The lines of a hunk: how many of either side are still to come, and what has been seen.
#[derive(Default)]
struct HunkCount {
    old: u64,
    new: u64,
    added: u64,
    removed: u64,
    /// Whether the last line is context.
    trailing: bool,
    /// Whether the last line is context that has lost its blank.
    blank: bool,
}

impl HunkCount {
    /// Counts a line. `false` when it is none of the hunk's, or one too many.
    #[inline]
    fn takes(&mut self, line: &[u8]) -> bool {
        let (old, new) = match line.first() {
            Some(b' ') | None => (1, 1),
            Some(b'-') => (1, 0),
            Some(b'+') => (0, 1),
            _ => return false,
        };
        if self.old < old || self.new < new {
            return false;
        }
        self.old -= old;
        self.new -= new;
        self.removed += u64::from(old > new);
        self.added += u64::from(new > old);
        self.trailing = old == new;
        self.blank = line.is_empty();
        true
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
