//! A patch as people see it: escaped, in the colours in which git shows a diff, without the long headers that only
//! programs read. In a pipe without colours it stays what it is, to the byte.

use std::io::{self, BufRead, BufReader, Read};

use bstr::ByteSlice;

use super::{Exit, Failure, Style, Ui};

/// Headers that hold base64, see git-glue(7).
const LONG_HEADERS: [&[u8]; 3] = [b"X-Glue-Capture:", b"X-Glue-Objects:", b"X-Glue-Message:"];

/// Everything that `from` holds, as a stream.
pub(super) fn print(ui: &mut Ui, from: &mut impl Read) -> Result<(), Failure> {
    if !ui.is_escaped() && !ui.is_colored() {
        return copy(ui, from);
    }
    let mut lines = BufReader::new(from);
    let (mut painter, mut cut) = (Painter::default(), None);
    let mut line = Vec::new();
    while next(&mut lines, &mut line)? {
        painter.advance(&line);
        if ui.is_escaped() {
            cut = match (painter.long_header(&line), cut) {
                (Some([]), Some(before)) => Some(Cut::more(before, &line)),
                (Some(header), before) => {
                    before.map_or(Ok(()), |before: Cut| before.show(ui))?;
                    Some(Cut::new(header, &line[header.len()..]))
                }
                (None, before) => {
                    before.map_or(Ok(()), |before| before.show(ui))?;
                    None
                }
            };
        }
        if cut.is_none() {
            painter.show(ui, &line)?;
        }
    }
    cut.map_or(Ok(()), |cut| cut.show(ui))
}

/// Which part of a series a line belongs to, as far as it matters to the eye.
#[derive(Default)]
pub(super) struct Painter {
    begun: bool,
    after_blank: bool,
    in_header: bool,
    in_long_header: bool,
    is_quoted_printable: bool,
    /// The line goes on in the next one: it was too long, or is quoted-printable with a soft break.
    goes_on: bool,
    place: Place,
    /// The style of the line, and for how many of its bytes.
    style: Option<(Style, usize)>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Place {
    /// Header, message, signature.
    #[default]
    Mail,
    /// From `diff --git` to the first hunk.
    Head,
    /// Between hunks, and in binary patches.
    Diff,
    /// In a hunk, with so many lines still to come of the old and of the new file.
    Hunk(u64, u64),
}

impl Painter {
    /// Takes the next line, with its newline if it has one.
    pub(super) fn advance(&mut self, line: &[u8]) {
        let text = line.trim_end_with(|c| c == '\n' || c == '\r');
        let continues = self.goes_on;
        self.goes_on = !line.ends_with(b"\n") || self.is_quoted_printable && !self.in_header && text.ends_with(b"=");
        if continues {
            self.style = self.style.map(|(style, _)| (style, text.len()));
            return;
        }
        let starts_mail = text.starts_with(b"From ") && (!self.begun || self.after_blank);
        if starts_mail && !matches!(self.place, Place::Hunk(..)) {
            *self = Painter { in_header: true, goes_on: self.goes_on, ..Painter::default() };
        }
        (self.begun, self.after_blank) = (true, text.is_empty());
        self.style = if self.in_header { self.header(text) } else { self.body(text) };
    }

    /// The name of the long header that the line begins; empty for a line that goes on with it.
    pub(super) fn long_header<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let name = LONG_HEADERS.iter().find(|name| line.starts_with(name)).map_or(0, |name| name.len());
        (self.in_header && self.in_long_header).then(|| &line[..name])
    }

    /// The line in its colour.
    pub(super) fn show(&self, ui: &mut Ui, line: &[u8]) -> Result<(), Failure> {
        let (text, end) = line.split_at(line.len() - usize::from(line.ends_with(b"\n")));
        let Some((style, length)) = self.style.filter(|(_, length)| *length > 0) else { return ui.raw(line) };
        let (styled, plain) = text.split_at(length.min(text.len()));
        ui.styled(style, styled)?;
        ui.raw(plain)?;
        ui.raw(end)
    }

    fn header(&mut self, text: &[u8]) -> Option<(Style, usize)> {
        self.in_header = !text.is_empty();
        if !text.starts_with_str(" ") && !text.starts_with_str("\t") {
            self.in_long_header = LONG_HEADERS.iter().any(|name| text.starts_with(name));
        }
        let lower = text.to_ascii_lowercase();
        self.is_quoted_printable |=
            lower.starts_with(b"content-transfer-encoding:") && lower.ends_with(b"quoted-printable");
        None
    }

    fn body(&mut self, text: &[u8]) -> Option<(Style, usize)> {
        const HEAD: [&[u8]; 10] = [
            b"index ",
            b"--- ",
            b"+++ ",
            b"old mode ",
            b"new mode ",
            b"new file ",
            b"deleted ",
            b"rename ",
            b"copy ",
            b"similarity ",
        ];
        if let Place::Hunk(old, new) = self.place {
            return self.hunk_line(text, old, new);
        }
        if text.starts_with(b"diff --git ") {
            self.place = Place::Head;
            return Some((Style::Bold, text.len()));
        }
        if self.place == Place::Head
            && (HEAD.iter().any(|word| text.starts_with(word)) || text.starts_with(b"dissimilarity "))
        {
            return Some((Style::Bold, text.len()));
        }
        if self.place == Place::Mail {
            return None;
        }
        let hunk = hunk_header(text);
        self.place = hunk.map_or(Place::Diff, |(old, new, _)| Place::Hunk(old, new));
        hunk.map(|(_, _, length)| (Style::Hunk, length))
    }

    fn hunk_line(&mut self, text: &[u8], old: u64, new: u64) -> Option<(Style, usize)> {
        let (old, new, style) = match text.first() {
            Some(b'+') => (old, new.saturating_sub(1), Some(Style::Good)),
            Some(b'-') => (old.saturating_sub(1), new, Some(Style::Bad)),
            Some(b'\\') => (old, new, None),
            _ => (old.saturating_sub(1), new.saturating_sub(1), None),
        };
        self.place = if (old, new) == (0, 0) { Place::Diff } else { Place::Hunk(old, new) };
        style.map(|style| (style, text.len()))
    }
}

/// `@@ -1,2 +3,4 @@ where`: the lines of the old and of the new file, and the length up to the second `@@`.
fn hunk_header(text: &[u8]) -> Option<(u64, u64, usize)> {
    let ranges = text.strip_prefix(b"@@ -")?;
    let end = ranges.find(b" @@")?;
    let (old, new) = ranges[..end].to_str().ok()?.split_once(" +")?;
    let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    Some((count(old)?, count(new)?, b"@@ -".len() + end + b" @@".len()))
}

/// The start of a long header, and how much there is of it.
struct Cut {
    shown: Vec<u8>,
    bytes: usize,
    is_whole: bool,
}

impl Cut {
    fn new(name: &[u8], value: &[u8]) -> Cut {
        const SHOWN: usize = 32;
        let value = value.trim();
        let start = &value[..value.len().min(SHOWN)];
        Cut { shown: [name, b" ", start].concat(), bytes: value.len(), is_whole: value.len() <= SHOWN }
    }

    fn more(self, line: &[u8]) -> Cut {
        let bytes = self.bytes + line.trim().len();
        Cut { bytes, is_whole: false, ..self }
    }

    fn show(self, ui: &mut Ui) -> Result<(), Failure> {
        ui.raw(&self.shown)?;
        ui.line(if self.is_whole { String::new() } else { format!("… ({} bytes)", self.bytes) })
    }
}

/// Reads a line, or a part of one that is very long. `false` at the end.
fn next(lines: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, Failure> {
    const LONGEST: u64 = 1 << 16;
    line.clear();
    lines.take(LONGEST).read_until(b'\n', line).map_err(failed)?;
    Ok(!line.is_empty())
}

fn copy(ui: &mut Ui, from: &mut impl Read) -> Result<(), Failure> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer).map_err(failed)? {
            0 => return Ok(()),
            read => ui.raw(&buffer[..read])?,
        }
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::new(Exit::Failed, "io", format!("cannot read the capture: {error}"))
}
