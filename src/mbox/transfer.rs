//! How a mail's body travels: as it is, quoted-printable or base64 (RFC 2045), decoded exactly as `git mailinfo` does.
//!
//! Streams both ways. Where a body starts and how it is encoded is for others to know.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take, Write};

use bstr::ByteSlice;

/// The encoding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    Plain,
    QuotedPrintable,
    Base64,
}

/// How much of a body is read in one go, in bytes.
const LARGEST: usize = 32 * 1024;

/// Where a mail's body lies in the file, and how to decode it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) transfer: Transfer,
    /// Whether transport made every line end CRLF.
    pub(super) crlf: bool,
}

impl Body {
    /// How much of an offset in the decoded body can be seeked to, because decoded bytes are the file's own.
    pub(super) fn direct(&self, offset: u64) -> u64 {
        if self.transfer == Transfer::Plain && !self.crlf { offset } else { 0 }
    }

    /// The same bytes, not decoded.
    pub(super) fn plain(&self) -> Body {
        Body { transfer: Transfer::Plain, crlf: false, ..*self }
    }

    /// The decoded body, from `direct(offset)` on.
    pub(super) fn open<'a, R: Read + Seek>(&self, source: &'a mut R, offset: u64) -> io::Result<Opened<'a, R>> {
        let start = self.start.saturating_add(self.direct(offset));
        source.seek(SeekFrom::Start(start))?;
        let length = self.end.saturating_sub(start);
        // Most mails are shorter.
        let room = usize::try_from(length).map_or(LARGEST, |length| length.min(LARGEST));
        let raw = BufReader::with_capacity(room, source.take(length));
        Ok(Decoder::new(raw, self.transfer, self.crlf))
    }
}

/// A decoded body of a source.
pub(super) type Opened<'a, R> = Decoder<BufReader<Take<&'a mut R>>>;

/// The decoded bytes of a stream.
pub(super) struct Decoder<R> {
    inner: R,
    state: State,
    /// Whether bytes pass through as they are.
    passes: bool,
    out: Vec<u8>,
    at: usize,
}

impl<R: BufRead> Decoder<R> {
    pub(super) fn new(inner: R, transfer: Transfer, crlf: bool) -> Self {
        let state = State { transfer, crlf, held: Vec::with_capacity(4), rest: 0, position: 0 };
        Decoder { inner, state, passes: transfer == Transfer::Plain && !crlf, out: Vec::new(), at: 0 }
    }
}

impl<R: BufRead> BufRead for Decoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.passes {
            return self.inner.fill_buf();
        }
        while self.at == self.out.len() {
            self.out.clear();
            self.at = 0;
            let chunk = self.inner.fill_buf()?;
            let length = chunk.len();
            if length == 0 {
                self.state.finish(&mut self.out);
                break;
            }
            self.state.bytes(chunk, &mut self.out);
            self.inner.consume(length);
        }
        Ok(&self.out[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        if self.passes { self.inner.consume(amount) } else { self.at = (self.at + amount).min(self.out.len()) }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.passes {
            return self.inner.read(buffer);
        }
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

/// The decoded bytes of a text that is at hand.
pub(super) fn decode(text: &[u8], transfer: Transfer) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    // Cannot fail: the source is memory.
    let _ = Decoder::new(text, transfer, false).read_to_end(&mut decoded);
    decoded
}

/// A decoder between two bytes.
struct State {
    transfer: Transfer,
    crlf: bool,
    /// Raw bytes that only the next one can explain: a CR, or `=` with a digit.
    held: Vec<u8>,
    /// The bits of base64 that do not fill a byte yet, and the place in its group of four.
    rest: u8,
    position: u8,
}

impl State {
    fn bytes(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if self.transfer != Transfer::Base64 && self.held.is_empty() {
                // Most bytes stand for themselves, and are passed on together.
                let special = bytes.find_byteset(b"=\r").unwrap_or(bytes.len());
                out.extend_from_slice(&bytes[..special]);
                bytes = &bytes[special..];
            }
            if let Some((&byte, rest)) = bytes.split_first() {
                self.byte(byte, out);
                bytes = rest;
            }
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.transfer {
            Transfer::Plain => self.plain(byte, out),
            Transfer::QuotedPrintable => self.quoted(byte, out),
            Transfer::Base64 => self.base64(byte, out),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        // A lone `=` at the end is a soft line break.
        if self.held != b"=" {
            out.append(&mut self.held);
        }
        self.held.clear();
    }

    fn plain(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte == b'\r' {
            out.append(&mut self.held);
            self.held.push(byte);
        } else {
            if byte != b'\n' {
                out.append(&mut self.held);
            }
            self.held.clear();
            out.push(byte);
        }
    }

    fn quoted(&mut self, byte: u8, out: &mut Vec<u8>) {
        match (self.held.as_slice(), byte) {
            ([], b'=') => self.held.push(byte),
            ([], b'\r') if self.crlf => self.held.push(byte),
            ([], _) => out.push(byte),
            ([b'\r'], b'\n') => self.replace(b"\n", out),
            ([b'='] | [b'=', b'\r'], b'\n') => self.replace(&[], out),
            ([b'='], b'\r') if self.crlf => self.held.push(byte),
            ([b'='], _) if byte.is_ascii_hexdigit() => self.held.push(byte),
            ([b'=', high], _) if high.is_ascii_hexdigit() && byte.is_ascii_hexdigit() => {
                let value = value_of(*high) << 4 | value_of(byte);
                self.replace(&[value], out);
            }
            _ => {
                // Not an escape after all: what was held stands for itself, and the byte starts anew.
                out.append(&mut self.held);
                self.quoted(byte, out);
            }
        }
    }

    fn replace(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.clear();
        out.extend_from_slice(bytes);
    }

    fn base64(&mut self, byte: u8, out: &mut Vec<u8>) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\n' => {
                // Git starts anew on every line.
                self.position = 0;
                return;
            }
            // Whatever else is there, padding too, counts for nothing.
            _ => return,
        };
        let (decoded, rest) = match self.position {
            0 => (None, value << 2),
            1 => (Some(self.rest | value >> 4), value << 4),
            2 => (Some(self.rest | value >> 2), value << 6),
            _ => (Some(self.rest | value), 0),
        };
        out.extend(decoded);
        self.rest = rest;
        self.position = (self.position + 1) % 4;
    }
}

fn value_of(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

/// Encodes what is written as quoted-printable.
///
/// Only a newline ends a line; a CR becomes `=0D`. No line of the result is longer than 76 characters, ends with a blank, or
/// starts with what mail software gives a meaning (`From `, a lone dot).
pub(super) struct QuotedPrintable<W> {
    inner: W,
    /// The line so far.
    line: Vec<u8>,
    /// A blank whose form depends on whether it ends the line.
    blank: Option<u8>,
}

impl<W: Write> QuotedPrintable<W> {
    pub(super) fn new(inner: W) -> Self {
        QuotedPrintable { inner, line: Vec::with_capacity(LONGEST + 2), blank: None }
    }

    /// Writes what is held back. The text should have ended with a newline.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if let Some(blank) = self.blank.take() {
            self.escape(blank)?;
        }
        self.inner.write_all(&self.line)
    }

    fn byte(&mut self, byte: u8) -> io::Result<()> {
        if let Some(blank) = self.blank.take() {
            if byte == b'\n' { self.escape(blank)? } else { self.put(&[blank])? }
        }
        match byte {
            b'\n' => self.end_line(b"\n"),
            b' ' | b'\t' => {
                self.blank = Some(byte);
                Ok(())
            }
            b'F' | b'.' if self.line.is_empty() || self.line.len() == LONGEST => self.escape(byte),
            b'!'..=b'~' if byte != b'=' => self.put(&[byte]),
            _ => self.escape(byte),
        }
    }

    fn escape(&mut self, byte: u8) -> io::Result<()> {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        self.put(&[b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
    }

    fn put(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.line.len() + piece.len() > LONGEST {
            self.end_line(b"=\n")?;
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    fn end_line(&mut self, end: &[u8]) -> io::Result<()> {
        self.line.extend_from_slice(end);
        self.inner.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

/// The longest line, without the `=` of a soft line break.
const LONGEST: usize = 75;

impl<W: Write> Write for QuotedPrintable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            self.byte(byte)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
