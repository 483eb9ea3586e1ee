//! A series of entries as mail: bytes to entries and back. No repository, no path on disk, no clock in sight.
//!
//! Holds the nouns that a reader must know: the entry, where it lies in the file, and why a file cannot be read. Writing is
//! `write`, reading is `read`; what a mail means to git is `mailinfo`; our own headers are `glue`. How a diff is applied is
//! left to `apply`, what it says about files to `patch`.

mod author;
mod glue;
mod header;
mod identity;
mod mailinfo;
mod multipart;
mod object;
mod read;
mod split;
mod survey;
mod text;
mod transfer;
mod write;

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use bstr::BString;

use crate::patch;
pub use crate::patch::Inside;
pub use identity::Identity;
pub use survey::{Surveyed, survey};
use transfer::Body;
pub use write::Writer;

/// What an entry is a change of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A commit of the sandbox.
    Commit,
    /// What was staged: the index against HEAD.
    Index,
    /// What was neither staged nor committed, untracked files included: the work tree against the index.
    Worktree,
}

/// One step of a series, without its diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the entry is a change of.
    pub kind: Kind,
    /// Who made the change, and when. Empty for a bare diff, without a time where the mail has none that can be read.
    pub author: Identity,
    /// The exact commit message. For the index and the work tree mostly empty: then the mail says what the entry is.
    pub message: BString,
    /// The commit's `encoding` header.
    pub encoding: Option<BString>,
    /// Who committed, and when. None where the capture does not carry it, and where `headers` is the whole head.
    pub committer: Option<Identity>,
    /// The lines of the commit object after its committer's, where they are others than `encoding`: a signature, say; or, when
    /// they start with `tree `, its whole head. See [`Entry::object`].
    pub headers: Option<BString>,
    /// The id in the sandbox, in hex.
    pub commit: Option<BString>,
    /// The id of the tree that this entry must reach, in hex.
    pub tree: Option<BString>,
    /// The parents' ids in hex; empty when the one parent is the previous commit entry.
    pub parents: Vec<BString>,
    /// Paths of the work tree whose bytes must land without any conversion of line ends or encoding.
    pub verbatim: Vec<BString>,
    /// Paths of the work tree that the index only announced (`git add -N`).
    pub intent_to_add: Vec<BString>,
}

impl Entry {
    /// An entry of which nothing else is known.
    pub fn new(kind: Kind, author: Identity, message: BString) -> Entry {
        Entry {
            kind,
            author,
            message,
            encoding: None,
            committer: None,
            headers: None,
            commit: None,
            tree: None,
            parents: Vec::new(),
            verbatim: Vec::new(),
            intent_to_add: Vec::new(),
        }
    }
}

/// What the first mail carries for the whole series, so that a lone file is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preamble {
    /// The sidecar's JSON.
    pub capture: Option<Vec<u8>>,
    /// A git pack with the preimages that the host may lack.
    pub objects: Option<Vec<u8>>,
}

/// Who wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// This program: ids, exact messages and exact authors are in headers.
    Glue,
    /// `git format-patch`, or anything else that `git am` takes.
    Mail,
    /// Glue's own: a bare diff after the last mail's signature, or a bare diff alone.
    Bare,
}

/// A range of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte, counted from 0.
    pub start: u64,
    /// The count of bytes.
    pub len: u64,
}

/// An entry and where it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The entry.
    pub entry: Entry,
    /// The diff, in bytes of the mail's decoded body; `Mbox::diff` reads it. Of length 0 for an empty commit.
    pub diff: Span,
    /// The raw mail, in bytes of the file; `Mbox::mail` reads it.
    pub mail: Span,
    /// Whether this program wrote the mail, so that message and author are those of the sandbox to the byte.
    pub exact: bool,
    /// The n of `[PATCH n/m]`.
    pub number: Option<u64>,
    body: Body,
}

/// Why a file is not a series that can be read. Mails are counted from 1, offsets are bytes from the start of the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source failed.
    #[error("cannot read the mailbox")]
    Read(#[from] io::Error),
    /// There is nothing but blanks.
    #[error("the mailbox is empty")]
    Empty,
    /// The file starts neither as a mail nor as a diff.
    #[error("not a mailbox: byte {offset} starts neither a mail nor a diff")]
    NotMail {
        /// Where the first line with text starts.
        offset: u64,
    },
    /// A mail breaks the format.
    #[error("mail {mail} is damaged at byte {offset}: {reason}")]
    Malformed {
        /// The mail.
        mail: u64,
        /// The line that breaks it, or where its encoded body starts.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A mail ends too early.
    #[error("mail {mail} is cut off at byte {offset}, inside its {inside}")]
    Truncated {
        /// The mail.
        mail: u64,
        /// Where it ends, or where its encoded body starts.
        offset: u64,
        /// What is not complete.
        inside: Inside,
    },
}

/// A series of mails, located but not held: memory does not grow with the diffs.
pub struct Mbox<R> {
    source: R,
    /// What the first mail carries for the whole series.
    pub preamble: Preamble,
    /// Who wrote the file.
    pub dialect: Dialect,
    /// The entries in their order.
    pub entries: Vec<Located>,
    /// How many entries the mails say there are: the m of `[PATCH n/m]`, or 0 for a capture that says that nothing changed.
    pub announced: Option<u64>,
}

/// What the first mail carries for the whole series, without reading on. Empty when the file is none of ours.
///
/// # Errors
/// When the source fails, or that mail's header is damaged.
pub fn preamble(source: &mut (impl Read + Seek)) -> Result<Preamble, Error> {
    source.rewind()?;
    let fields = header::Fields::read(&mut patch::Lines::new(BufReader::new(source)), 1, 0)?;
    let malformed = |reason| Error::Malformed { mail: 1, offset: 0, reason };
    match glue::read(&fields).map_err(malformed)? {
        Some(_) => glue::read_preamble(&fields).map_err(malformed),
        None => Ok(Preamble::default()),
    }
}

impl<R: Read + Seek> Mbox<R> {
    /// Reads through the source once for the mails and once for what is in them, and keeps everything but the diffs.
    ///
    /// # Errors
    /// When the source fails, is no mailbox, is damaged, or is cut inside a mail. That whole mails are missing is no error
    /// here: see [`Mbox::missing`].
    pub fn open(mut source: R) -> Result<Self, Error> {
        let spans = match split::split(&mut source)? {
            split::Form::Mails(spans) => spans,
            split::Form::Bare(span) => {
                let entries = vec![read::bare(&mut source, span)?];
                let preamble = Preamble::default();
                return Ok(Mbox { source, preamble, dialect: Dialect::Bare, entries, announced: None });
            }
        };
        let mut mbox = Mbox {
            source,
            preamble: Preamble::default(),
            dialect: Dialect::Mail,
            entries: Vec::new(),
            announced: None,
        };
        for (number, span) in (1..).zip(spans) {
            let mail = read::mail(&mut mbox.source, span, number)?;
            mbox.take(mail, number);
        }
        Ok(mbox)
    }

    fn take(&mut self, mail: read::Mail, number: u64) {
        if number == 1 {
            self.preamble = mail.preamble;
            self.announced = mail.total;
            if mail.glue {
                self.dialect = Dialect::Glue;
            }
        }
        self.entries.extend(mail.entry);
        if let Some(tail) = mail.tail {
            self.entries.push(tail);
            self.dialect = Dialect::Bare;
        }
    }

    /// How many entries that the mails announce are not there; 0 when nothing was announced. What others send is often a part
    /// of a series on purpose: only a capture of ours (`Dialect::Glue`) is damaged then.
    pub fn missing(&self) -> u64 {
        let present = self.entries.iter().filter(|located| located.number.is_some()).count() as u64;
        self.announced.unwrap_or(0).saturating_sub(present)
    }

    /// The diff of an entry, decoded, as the bytes that `git apply` would be fed.
    ///
    /// # Errors
    /// When there is no such entry, or the source fails.
    pub fn diff(&mut self, index: usize) -> io::Result<impl BufRead + '_> {
        let located = self.entries.get(index).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let (start, body) = (located.diff.start, located.body);
        let mut decoded = body.open(&mut self.source, start)?;
        io::copy(&mut decoded.by_ref().take(start - body.direct(start)), &mut io::sink())?;
        Ok(decoded.take(located.diff.len))
    }

    /// The raw bytes of the mail that carries an entry.
    ///
    /// # Errors
    /// When there is no such entry, or the source fails.
    pub fn mail(&mut self, index: usize) -> io::Result<impl BufRead + '_> {
        let located = self.entries.get(index).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        self.source.seek(SeekFrom::Start(located.mail.start))?;
        Ok(BufReader::new((&mut self.source).take(located.mail.len)))
    }
}

impl Error {
    /// A diff's error as one of the mail that holds it; in an encoded body all that is known is where that starts.
    fn of_diff(error: patch::Error, mail: u64, body: &Body) -> Error {
        match error {
            patch::Error::Read(error) => Error::Read(error),
            patch::Error::Malformed { offset, reason, .. } => {
                Error::Malformed { mail, offset: body.start + body.direct(offset), reason }
            }
            patch::Error::Truncated { offset, inside, .. } => {
                Error::Truncated { mail, offset: body.start + body.direct(offset), inside }
            }
        }
    }
}

#[cfg(test)]
mod tests;
