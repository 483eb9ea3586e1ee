//! Finds where each mail of a file starts, by `git mailsplit`'s rule: a `From ` line that ends like a date.
//!
//! Knows nothing of what is inside a mail, and takes nothing back that other mailbox dialects quote (`>From`).

use std::io::{BufReader, Read, Seek, SeekFrom};

use bstr::{BStr, ByteSlice};

use super::{Error, Span};
use crate::patch::Lines;

/// Longer `From ` lines are none.
const LONGEST_LINE: usize = 4096;

/// A file of more mails than this is no series.
const MOST_MAILS: usize = 1_000_000;

/// What a file is made of.
pub(super) enum Form {
    /// Mails, one after another.
    Mails(Vec<Span>),
    /// One diff, and nothing around it.
    Bare(Span),
}

/// Locates the mails.
pub(super) fn split(source: &mut (impl Read + Seek)) -> Result<Form, Error> {
    source.seek(SeekFrom::Start(0))?;
    let mut lines = Lines::new(BufReader::with_capacity(64 * 1024, source));
    loop {
        if !lines.advance(LONGEST_LINE)? {
            return Err(Error::Empty);
        }
        if !lines.line().trim().is_empty() {
            break;
        }
    }
    let first = lines.start();
    let line = lines.line();
    if is_from_line(line) {
        return mails(lines);
    }
    let is_diff = line.starts_with(b"diff --git ") || line.starts_with(b"--- ");
    let is_header = is_header(&mut lines)?;
    while lines.advance(0)? {}
    let all = Span { start: first, len: lines.end() - first };
    match (is_diff, is_header) {
        (true, _) => Ok(Form::Bare(all)),
        (_, true) => Ok(Form::Mails(vec![all])),
        _ => Err(Error::NotMail { offset: first }),
    }
}

/// Whether the lines up to the first empty one are a mail's header. A mailbox with somebody's warning in front of it is none:
/// its first mails must not be taken for one.
fn is_header(lines: &mut Lines<impl std::io::BufRead>) -> Result<bool, Error> {
    let mut first = true;
    loop {
        let line = lines.line();
        let folded = !first && (line.starts_with(b" ") || line.starts_with(b"\t"));
        if line.trim().is_empty() && !folded {
            return Ok(true);
        }
        if !folded && !is_header_line(line) {
            return Ok(false);
        }
        first = false;
        if !lines.advance(LONGEST_LINE)? {
            return Ok(true);
        }
    }
}

fn mails(mut lines: Lines<impl std::io::BufRead>) -> Result<Form, Error> {
    let mut spans: Vec<Span> = Vec::new();
    let mut start = lines.start();
    while lines.advance_to(b"From ", LONGEST_LINE)? {
        if is_from_line(lines.line()) {
            spans.push(Span { start, len: lines.start() - start });
            start = lines.start();
            if spans.len() == MOST_MAILS {
                let reason = "more than 1,000,000 mails";
                return Err(Error::Malformed { mail: MOST_MAILS as u64 + 1, offset: start, reason });
            }
        }
    }
    spans.push(Span { start, len: lines.end() - start });
    Ok(Form::Mails(spans))
}

/// Whether a mail starts at this line: `From `, something, then a time of day and, after it, a year past 1990.
fn is_from_line(line: &BStr) -> bool {
    let line = line.trim_end();
    if line.len() < 19 || !line.starts_with(b"From ") {
        return false;
    }
    let Some(colon) = line.rfind_byte(b':') else { return false };
    let digit = |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(u8::is_ascii_digit);
    let around = [colon.checked_sub(4), colon.checked_sub(2), colon.checked_sub(1), Some(colon + 1), Some(colon + 2)];
    if colon < 9 || !around.into_iter().all(digit) {
        return false;
    }
    let year = line.get(colon + 3..).unwrap_or_default().trim_start();
    let digits = year.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // More digits than any year has are past 1990 as well.
    year[..digits].to_str().ok().is_some_and(|year| digits > 9 || year.parse::<u32>().is_ok_and(|year| year > 90))
}

/// Whether a line could be a mail's header line: a name of visible ASCII, then a colon.
pub(super) fn is_header_line(line: &BStr) -> bool {
    line.find_byte(b':').is_some_and(|colon| line[..colon].iter().all(u8::is_ascii_graphic))
}
