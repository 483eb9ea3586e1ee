//! Writes a series: one mail per entry, in the form of `git format-patch`, with our exact headers where that form falls
//! short. Streams; what each header holds is left to `glue`, `author` and `text`.

use std::io::{self, BufWriter, IntoInnerError, Read, Seek, SeekFrom, Write};

use bstr::{BStr, ByteSlice};

use super::object::is_headers;
use super::survey::{Fragility, Surveyed, survey};
use super::text::{Readable, readable, subject_value};
use super::transfer::QuotedPrintable;
use super::{Entry, Identity, Kind, Preamble, author, glue};

/// The writer of one series. Buffers what it writes: only `finish` makes sure that all of it has arrived.
pub struct Writer<'a, W: Write> {
    out: BufWriter<W>,
    total: u64,
    written: u64,
    preamble: &'a Preamble,
}

impl<'a, W: Write> Writer<'a, W> {
    /// A series of `total` entries, which every mail announces. The first mail carries the preamble.
    pub fn new(out: W, total: u64, preamble: &'a Preamble) -> Self {
        Writer { out: BufWriter::with_capacity(64 * 1024, out), total, written: 0, preamble }
    }

    /// Where the mails go. What was written last may not have arrived yet.
    pub fn out(&mut self) -> &mut W {
        self.out.get_mut()
    }

    /// Writes one entry. The diff is read from where it stands, more than once.
    ///
    /// # Errors
    /// `InvalidData` when the diff is not in git's format, so that it could not be read back; `InvalidInput` for an id that
    /// is not one, an author of more than one line, or an entry more than announced. Then nothing is written.
    pub fn entry(&mut self, entry: &Entry, mut diff: impl Read + Seek) -> io::Result<()> {
        let start = diff.stream_position()?;
        let survey = survey(&mut diff)?;
        diff.seek(SeekFrom::Start(start))?;
        self.surveyed(entry, &survey, diff)
    }

    /// As [`Writer::entry`], for a diff of which [`survey`] has said this before.
    ///
    /// # Errors
    /// As [`Writer::entry`], but for a diff that is not in git's format.
    pub fn surveyed(&mut self, entry: &Entry, survey: &Surveyed, mut diff: impl Read) -> io::Result<()> {
        check(entry)?;
        if self.written == self.total {
            return Err(invalid_input("more entries than announced"));
        }
        let text = readable(entry.kind, entry.message.as_ref());
        let is_quoted = survey.is_fragile || is_fragile(&text.body);
        self.header(entry, &text, survey)?;
        self.written += 1;
        self.mime(if is_quoted { "quoted-printable" } else { "8bit" })?;
        if is_quoted {
            let mut quoted = QuotedPrintable::new(&mut self.out);
            body(&mut quoted, &text.body, survey, &mut diff)?;
            quoted.finish()?;
        } else {
            body(&mut self.out, &text.body, survey, &mut diff)?;
        }
        Ok(())
    }

    /// Ends the series. One of no entries becomes a single mail that says so.
    ///
    /// # Errors
    /// `InvalidInput` when entries are missing.
    pub fn finish(mut self) -> io::Result<W> {
        if self.written != self.total {
            return Err(invalid_input("fewer entries than announced"));
        }
        if self.total == 0 {
            let author = author::to_mail(&Identity::default());
            self.separator(None)?;
            writeln!(
                self.out,
                "From: git-glue <git-glue@invalid>\nDate: {}\nSubject: [PATCH 0/0] No changes",
                author.date
            )?;
            writeln!(self.out, "{}: {}", glue::ENTRY, glue::kind_name(None))?;
            self.preamble()?;
            self.mime("8bit")?;
            write!(self.out, "Nothing was changed in the sandbox.\n\n{}", signature())?;
        }
        self.out.into_inner().map_err(IntoInnerError::into_error)
    }

    fn header(&mut self, entry: &Entry, text: &Readable, survey: &Surveyed) -> io::Result<()> {
        self.separator(entry.commit.as_ref().map(AsRef::as_ref))?;
        let author = author::to_mail(&entry.author);
        let prefix = format!("[PATCH {}/{}]", self.written + 1, self.total);
        let out = &mut self.out;
        writeln!(out, "From: {}\nDate: {}", author.from, author.date)?;
        writeln!(out, "Subject: {}", subject_value(&prefix, &text.subject))?;
        writeln!(out, "{}: {}", glue::ENTRY, glue::kind_name(Some(entry.kind)))?;
        for (name, id) in [(glue::COMMIT, &entry.commit), (glue::TREE, &entry.tree)] {
            if let Some(id) = id {
                writeln!(out, "{name}: {id}")?;
            }
        }
        if !entry.parents.is_empty() {
            writeln!(out, "{}: {}", glue::PARENTS, bstr::join(" ", &entry.parents).as_bstr())?;
        }
        if let Some(encoding) = &entry.encoding {
            glue::write_quoted(out, glue::ENCODING, encoding.as_ref())?;
        }
        if let Some(committer) = &entry.committer {
            glue::write_quoted(out, glue::COMMITTER, committer.0.as_ref())?;
        }
        if let Some(headers) = &entry.headers {
            glue::write_base64(out, glue::HEADERS, headers)?;
        }
        if !author.exact {
            glue::write_base64(out, glue::AUTHOR, &entry.author.0)?;
        }
        // A mail without a diff has no signature: its text could be cut without a trace.
        if !text.exact || survey.is_empty {
            glue::write_base64(out, glue::MESSAGE, &entry.message)?;
        }
        if survey.is_empty {
            writeln!(out, "{}: none", glue::DIFF)?;
        }
        for path in &entry.verbatim {
            glue::write_quoted(out, glue::VERBATIM, path.as_ref())?;
        }
        for path in &entry.intent_to_add {
            glue::write_quoted(out, glue::INTENT_TO_ADD, path.as_ref())?;
        }
        if self.written == 0 { self.preamble() } else { Ok(()) }
    }

    /// The line that starts a mail; git tells it by its date.
    fn separator(&mut self, commit: Option<&BStr>) -> io::Result<()> {
        const NO_COMMIT: &[u8] = &[b'0'; 40];
        let id = commit.unwrap_or(NO_COMMIT.as_bstr());
        writeln!(self.out, "From {id} Mon Sep 17 00:00:00 2001")
    }

    fn preamble(&mut self) -> io::Result<()> {
        for (name, bytes) in [(glue::CAPTURE, &self.preamble.capture), (glue::OBJECTS, &self.preamble.objects)] {
            if let Some(bytes) = bytes {
                glue::write_base64(&mut self.out, name, bytes)?;
            }
        }
        Ok(())
    }

    fn mime(&mut self, transfer: &str) -> io::Result<()> {
        writeln!(self.out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8")?;
        writeln!(self.out, "Content-Transfer-Encoding: {transfer}\n")
    }
}

/// Text, separator, diff, signature. A mail without a diff has neither separator nor signature: `git am --empty=keep` would
/// take the one for a patch and the other for a part of the message.
fn body(out: &mut impl Write, text: &str, survey: &Surveyed, diff: &mut impl Read) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    if survey.is_empty {
        return writeln!(out);
    }
    write!(out, "---\n\n")?;
    io::copy(diff, out)?;
    write!(out, "{}", signature())
}

fn signature() -> String {
    format!("-- \n{}{}\n\n", glue::SIGNATURE, env!("CARGO_PKG_VERSION"))
}

fn is_fragile(text: &str) -> bool {
    let mut fragility = Fragility::default();
    fragility.chunk(text.as_bytes());
    fragility.finish()
}

fn check(entry: &Entry) -> io::Result<()> {
    let mut ids = entry.commit.iter().chain(&entry.tree).chain(&entry.parents);
    if !ids.all(|id| glue::is_id(id.as_ref())) {
        return Err(invalid_input("an object id that is not 40 or 64 hexadecimal digits"));
    }
    let committer = entry.committer.as_ref().map(|committer| &committer.0);
    let mut lines = std::iter::once(&entry.author.0).chain(committer).chain(&entry.encoding);
    if !lines.all(|value| glue::is_one_line(value.as_ref())) {
        return Err(invalid_input("an author, a committer or an encoding that holds a newline or a NUL"));
    }
    if entry.headers.as_ref().is_some_and(|headers| !is_headers(headers.as_bstr())) {
        return Err(invalid_input("headers of a commit that are no whole lines"));
    }
    if entry.kind != Kind::Commit && (entry.committer.is_some() || entry.headers.is_some()) {
        return Err(invalid_input("a committer, where there is no commit"));
    }
    if entry.kind == Kind::Commit && !(entry.verbatim.is_empty() && entry.intent_to_add.is_empty()) {
        return Err(invalid_input("paths that only the work tree can have, on a commit"));
    }
    Ok(())
}

fn invalid_input(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
