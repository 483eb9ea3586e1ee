//! What `git mailinfo` and `git am` make of a mail: message and author from header and body (git-mailinfo(1), git-am(1)).
//!
//! The rules, never git's code. Our own exact headers are `glue`'s matter; diffs are the reader's.

use bstr::{BStr, BString, ByteSlice, ByteVec};

use super::header::{Fields, decode_words, to_utf8};
use super::{Identity, author};

/// The text of one mail, taken line by line.
pub(super) struct MailInfo {
    subject: Option<BString>,
    from: Option<BString>,
    date: Option<BString>,
    in_body: InBody,
    charset: BString,
    log: BString,
    has_patch: bool,
}

/// Header lines that open a body and stand for the mail's own.
#[derive(Default)]
struct InBody {
    /// Whether such lines can still come.
    open: bool,
    from: Option<BString>,
    subject: Option<BString>,
    date: Option<BString>,
    unfinished: BString,
}

/// What a line of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text,
    /// The bare `---`.
    Separator,
    /// The diff's own first line.
    Diff,
}

impl MailInfo {
    /// Starts from the header. With `in_body` header lines in the body count, as in foreign mails.
    pub(super) fn new(fields: &Fields, in_body: bool) -> MailInfo {
        let field = |name| fields.last(name).map(decode_words);
        MailInfo {
            subject: field("Subject"),
            from: field("From"),
            date: field("Date"),
            in_body: InBody { open: in_body, ..InBody::default() },
            charset: fields.content_type("charset").unwrap_or_default(),
            log: BString::default(),
            has_patch: false,
        }
    }

    /// Takes the charset of the text from its own part of the body.
    pub(super) fn set_charset(&mut self, charset: BString) {
        self.charset = charset;
    }

    /// Takes a line of the decoded body, without its newline, unless the text ends before it. `terminated` is whether there
    /// was a newline: at the very end of a mail, git takes `---` for text.
    pub(super) fn line(&mut self, line: &BStr, terminated: bool) -> Line {
        if self.in_body.open && self.in_body.take(line) {
            return Line::Text;
        }
        let line = to_utf8(line, &self.charset);
        let kind = if terminated || *line != *b"---" { kind_of(line.as_bstr()) } else { Line::Text };
        if kind == Line::Text {
            self.log.push_str(&line);
            self.log.push_byte(b'\n');
        } else {
            self.has_patch = true;
        }
        kind
    }

    /// Bytes of text held so far.
    pub(super) fn length(&self) -> usize {
        self.log.len() + self.in_body.unfinished.len()
    }

    /// The text so far.
    pub(super) fn log(&mut self) -> &mut BString {
        &mut self.log
    }

    /// The subject, before anything is stripped from it.
    pub(super) fn raw_subject(&self) -> &BStr {
        self.subject.as_ref().map(AsRef::as_ref).unwrap_or_default()
    }

    /// Who wrote it and when, as `git am` would commit it.
    pub(super) fn author(&mut self) -> Identity {
        self.in_body.flush();
        let (from, date) = match self.has_patch {
            // Git believes header lines in a body only where a patch follows.
            true => {
                (self.in_body.from.as_ref().or(self.from.as_ref()), self.in_body.date.as_ref().or(self.date.as_ref()))
            }
            false => (self.from.as_ref(), self.date.as_ref()),
        };
        author::from_mail(from.map(AsRef::as_ref).unwrap_or_default(), date.map(AsRef::as_ref).unwrap_or_default())
    }

    /// The commit message that `git am` would write.
    pub(super) fn message(&mut self) -> BString {
        self.in_body.flush();
        let subject = self.in_body.subject.as_ref().filter(|_| self.has_patch).or(self.subject.as_ref());
        let subject = subject.map(|subject| one_blank(clean_subject(subject.as_ref()).as_ref())).unwrap_or_default();
        let mut message = subject;
        message.push_str("\n\n");
        message.push_str(&self.log);
        clean_text(message.as_ref())
    }
}

impl InBody {
    /// Whether the line is no text: a header line, its continuation, or a blank before the text.
    fn take(&mut self, line: &BStr) -> bool {
        if line.is_empty() {
            if !self.unfinished.is_empty() {
                self.flush();
                self.open = false;
            }
            return true;
        }
        if !self.unfinished.is_empty() && matches!(line[0], b' ' | b'\t') {
            self.unfinished.push_str(line);
            return true;
        }
        self.flush();
        let is_separator = line.strip_prefix(b">").is_some_and(|line| is_separator(line.as_bstr()));
        if line.strip_prefix(b"[PATCH]").is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace)) {
            self.subject = Some(line.into());
        } else if [("From", &self.from), ("Subject", &self.subject), ("Date", &self.date)]
            .into_iter()
            .any(|(name, known)| known.is_none() && value_of(line, name).is_some())
        {
            self.unfinished = line.into();
        } else if !is_separator {
            self.open = false;
        }
        self.open
    }

    fn flush(&mut self) {
        let line = std::mem::take(&mut self.unfinished);
        for (name, known) in [("From", &mut self.from), ("Subject", &mut self.subject), ("Date", &mut self.date)] {
            if let (None, Some(value)) = (&known, value_of(line.as_ref(), name)) {
                *known = Some(decode_words(value));
            }
        }
    }
}

fn value_of<'a>(line: &'a BStr, name: &str) -> Option<&'a BStr> {
    let start = line.get(..name.len())?;
    let rest = line[name.len()..].strip_prefix(b":")?;
    start.eq_ignore_ascii_case(name.as_bytes()).then(|| rest.trim_start().as_bstr())
}

/// The line that `git format-patch` starts a mail with.
fn is_separator(line: &BStr) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    digits >= 40 && rest[digits..] == *b" Mon Sep 17 00:00:00 2001"
}

/// Whether a line ends the text, and how.
pub(super) fn kind_of(line: &BStr) -> Line {
    if line.starts_with(b"diff -") || line.starts_with(b"Index: ") {
        return Line::Diff;
    }
    match line.strip_prefix(b"---") {
        Some([b' ', next, ..]) if !is_space(*next) => Line::Diff,
        Some(rest) if rest.iter().all(|byte| is_space(*byte)) => Line::Separator,
        _ => Line::Text,
    }
}

/// A subject without what mail put in front of it: `Re:`, `[...]`, blanks and colons.
pub(super) fn clean_subject(subject: &BStr) -> BString {
    let mut rest = subject.as_bytes();
    loop {
        rest = match rest {
            [b'r' | b'R', b'e' | b'E', b':', after @ ..] if !after.is_empty() => after,
            [b' ' | b'\t' | b':', after @ ..] => after,
            [b'[', ..] => match rest.find_byte(b']') {
                Some(end) => &rest[end + 1..],
                None => break,
            },
            _ => break,
        };
    }
    trim(rest).into()
}

/// Text as `git stripspace` leaves it: no blanks at line ends, no empty lines at either end or after one another.
pub(super) fn clean_text(text: &BStr) -> BString {
    let mut cleaned = BString::default();
    let mut gap = false;
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.trim_end_with(|c| c.is_ascii() && is_space(c as u8));
        if line.is_empty() {
            gap = !cleaned.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            cleaned.push_byte(b'\n');
        }
        cleaned.push_str(line);
        cleaned.push_byte(b'\n');
    }
    cleaned
}

/// Text in which every run of blanks is one.
pub(super) fn one_blank(text: &BStr) -> BString {
    let mut result = BString::default();
    for &byte in text.iter() {
        if !is_space(byte) {
            result.push_byte(byte);
        } else if result.last() != Some(&b' ') {
            result.push_byte(b' ');
        }
    }
    result
}

pub(super) fn trim(text: &[u8]) -> &[u8] {
    text.trim_with(|c| c.is_ascii() && is_space(c as u8))
}

/// What git takes for a blank, whatever the locale.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
