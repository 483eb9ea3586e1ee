//! Reads one mail: header, text, and where its diff lies.
//!
//! Streams: of the diff nothing is kept. What text and headers mean is left to `mailinfo` and `glue`.

use std::io::{Read, Seek};

use bstr::{BStr, BString, ByteSlice};

use super::glue::{self, Exact};
use super::header::Fields;
use super::mailinfo::{Line, MailInfo};
use super::transfer::{Body, Opened, Transfer};
use super::{Entry, Error, Identity, Inside, Kind, Located, Preamble, Span, multipart, text};
use crate::patch::{Item, Lines, Scanner};

/// A message of more bytes is none.
const LONGEST_TEXT: usize = 64 * 1024 * 1024;

/// What one mail holds.
pub(super) struct Mail {
    pub(super) entry: Option<Located>,
    /// A bare diff after the mail's signature.
    pub(super) tail: Option<Located>,
    /// Whether the mail is ours.
    pub(super) glue: bool,
    /// The m of `[PATCH n/m]`.
    pub(super) total: Option<u64>,
    pub(super) preamble: Preamble,
}

/// Reads the mail at `span`, the one with that number.
pub(super) fn mail(source: &mut (impl Read + Seek), span: Span, number: u64) -> Result<Mail, Error> {
    let whole = Body { start: span.start, end: span.start + span.len, transfer: Transfer::Plain, crlf: false };
    let mut lines = Lines::new(whole.open(source, 0)?);
    let fields = Fields::read(&mut lines, number, span.start)?;
    let body = Body { start: span.start + lines.position(), transfer: fields.transfer(), crlf: fields.crlf, ..whole };
    let malformed = |reason| Error::Malformed { mail: number, offset: span.start, reason };
    let exact = glue::read(&fields).map_err(malformed)?;
    let preamble = match (&exact, number) {
        (Some(_), 1) => glue::read_preamble(&fields).map_err(malformed)?,
        _ => Preamble::default(),
    };
    let mut info = MailInfo::new(&fields, exact.is_none());
    let numbers = series_numbers(info.raw_subject());
    let total =
        if exact.as_ref().is_some_and(|exact| exact.kind.is_none()) { Some(0) } else { numbers.map(|(_, m)| m) };
    let (body, parts) = match fields.content_type("boundary").filter(|_| exact.is_none()) {
        Some(boundary) => attached(source, number, &body, boundary.as_ref(), &mut info)?,
        None => (body, single(source, number, body, &mut info, exact.is_some())?),
    };
    if let Some(exact) = &exact {
        check_whole(exact, &parts, number, &body)?;
    }
    let glue = exact.is_some();
    let located = |entry, diff| Located { entry, diff, mail: span, exact: glue, number: numbers.map(|(n, _)| n), body };
    let mut tail = parts.tail.map(|diff| Located { number: None, ..located(bare_entry(), diff) });
    let mut diff = parts.diff;
    if exact.is_none() && !parts.separated && diff.len > 0 && ends_with_signature(info.log()) {
        // The diff of a mail without `---` that follows its signature was not the mail's.
        tail = Some(Located { number: None, ..located(bare_entry(), diff) });
        diff = Span::default();
    }
    let entry = match exact {
        Some(exact) => exact_entry(exact, &mut info),
        None => Some(foreign_entry(&mut info)),
    };
    Ok(Mail { entry: entry.map(|entry| located(entry, diff)), tail, glue, total, preamble })
}

/// Reads a body that is text and then a diff.
fn single(
    source: &mut (impl Read + Seek),
    mail: u64,
    body: Body,
    info: &mut MailInfo,
    ours: bool,
) -> Result<Parts, Error> {
    let mut reader = Reader { mail, body, lines: Lines::new(body.open(source, 0)?) };
    match reader.text(info)? {
        Some(first) => reader.diff(first, ours),
        None => Ok(Parts::default()),
    }
}

/// Reads a body of several parts, one after another as if they were one, and returns the part that the diff is in.
fn attached(
    source: &mut (impl Read + Seek),
    mail: u64,
    whole: &Body,
    boundary: &BStr,
    info: &mut MailInfo,
) -> Result<(Body, Parts), Error> {
    let mut found = (*whole, Parts::default());
    let mut in_text = true;
    for body in multipart::parts(source, mail, whole, boundary, info)? {
        let mut reader = Reader { mail, body, lines: Lines::new(body.open(source, 0)?) };
        let first = if in_text { reader.text(info)? } else { Some(Line::Separator) };
        let Some(first) = first else { continue };
        in_text = false;
        let parts = reader.diff(first, false)?;
        if parts.diff.len > 0 && found.1.diff.len > 0 {
            let reason = "diffs in more than one part";
            return Err(Error::Malformed { mail, offset: body.start, reason });
        }
        if parts.diff.len > 0 {
            found = (body, parts);
        }
    }
    Ok(found)
}

/// Reads a file that is one bare diff.
pub(super) fn bare(source: &mut (impl Read + Seek), span: Span) -> Result<Located, Error> {
    let body = Body { start: span.start, end: span.start + span.len, transfer: Transfer::Plain, crlf: false };
    let mut scanner = Scanner::new(Lines::new(body.open(source, 0)?));
    while scanner.step().map_err(|error| Error::of_diff(error, 1, &body))?.is_some() {}
    let diff = Span { start: 0, len: span.len };
    Ok(Located { entry: bare_entry(), diff, mail: span, exact: false, number: None, body })
}

fn bare_entry() -> Entry {
    Entry::new(Kind::Worktree, Identity::default(), BString::default())
}

fn foreign_entry(info: &mut MailInfo) -> Entry {
    Entry::new(Kind::Commit, info.author(), info.message())
}

fn exact_entry(exact: Exact, info: &mut MailInfo) -> Option<Entry> {
    let kind = exact.kind?;
    let author = exact.author.map_or_else(|| info.author(), Identity);
    let message = exact.message.unwrap_or_else(|| text::undo_default(kind, info.message()));
    Some(Entry { author, message, ..exact.fields })
}

/// A mail of ours ends with our signature, unless it says that it has no diff.
fn check_whole(exact: &Exact, parts: &Parts, mail: u64, body: &Body) -> Result<(), Error> {
    if exact.has_diff && !parts.signed {
        return Err(Error::Truncated { mail, offset: body.end, inside: Inside::Body });
    }
    if exact.has_diff == (parts.diff.len == 0) || parts.tail.is_some() {
        let reason = "a diff where the header says none, or none where it says one";
        return Err(Error::Malformed { mail, offset: body.start, reason });
    }
    Ok(())
}

/// What a body holds besides its text.
#[derive(Default)]
struct Parts {
    diff: Span,
    tail: Option<Span>,
    /// Whether `---` came before the diff.
    separated: bool,
    /// Whether our own signature came after it.
    signed: bool,
}

/// The body of one mail, being read.
struct Reader<'a, R> {
    mail: u64,
    body: Body,
    lines: Lines<Opened<'a, R>>,
}

impl<R: Read> Reader<'_, R> {
    /// Feeds the text, up to the line that starts the patch.
    fn text(&mut self, info: &mut MailInfo) -> Result<Option<Line>, Error> {
        while self.lines.advance(LONGEST_TEXT)? {
            match info.line(self.lines.line(), self.lines.is_terminated()) {
                Line::Text if info.length() > LONGEST_TEXT => {
                    let reason = "a message of more than 64 MiB";
                    return Err(Error::Malformed { mail: self.mail, offset: self.body.start, reason });
                }
                Line::Text => {}
                line => return Ok(Some(line)),
            }
        }
        Ok(None)
    }

    /// Finds where the diff starts and where it ends: its last file's last hunk, or the signature after it.
    fn diff(self, first: Line, ours: bool) -> Result<Parts, Error> {
        let Reader { mail, body, mut lines } = self;
        if first == Line::Diff {
            lines.again();
        }
        let mut parts = Parts { separated: first == Line::Separator, ..Parts::default() };
        let mut scanner = Scanner::new(lines);
        let (mut start, mut signature, mut tail) = (None, None, None);
        let mut end = 0;
        while let Some(item) = scanner.step().map_err(|error| Error::of_diff(error, mail, &body))? {
            let line = scanner.lines();
            match item {
                Item::Change(change) => {
                    let first = if signature.is_some() { &mut tail } else { &mut start };
                    first.get_or_insert(change.offset);
                    end = line.position();
                }
                Item::Other if signature.is_none() && is_signature(line.line()) => signature = Some(line.start()),
                Item::Other => {
                    let after = signature.is_some() && line.line().starts_with(glue::SIGNATURE.as_bytes());
                    parts.signed |= after && line.is_terminated();
                }
            }
        }
        let stop = match (signature, ours) {
            (Some(signature), _) => signature,
            _ => end,
        };
        if let Some(start) = start {
            parts.diff = Span { start, len: stop.saturating_sub(start) };
        }
        parts.tail = tail.map(|tail| Span { start: tail, len: end.saturating_sub(tail) });
        Ok(parts)
    }
}

fn is_signature(line: &BStr) -> bool {
    line == "-- "
}

/// Whether text ends with `-- ` and one more line, as `git format-patch` signs a mail.
fn ends_with_signature(log: &mut BString) -> bool {
    let Some(at) = log.rfind("\n-- \n") else { return false };
    let is_signed = log[at + 5..].trim().lines().count() == 1;
    if is_signed {
        log.truncate(at + 1);
    }
    is_signed
}

/// The n and m of a subject that starts with `[PATCH n/m]`.
fn series_numbers(subject: &BStr) -> Option<(u64, u64)> {
    let prefix = &subject.strip_prefix(b"[")?[..subject.find_byte(b']')?.checked_sub(1)?];
    let (n, m) = prefix.to_str().ok()?.rsplit(' ').next()?.split_once('/')?;
    Some((n.parse().ok()?, m.parse().ok()?))
}
