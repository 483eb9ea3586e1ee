//! Finds a conversation and opens it: a session's, a file, a pipe.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::{LONGEST_ROW, Rows};
use crate::git::read_at;
use crate::session::store::open_regular;
use crate::session::{Error, Session, Source, atomic};

/// The file of a session's conversation.
pub const CONVERSATION: &str = "conversation.jsonl";

/// An open conversation.
#[derive(Debug)]
pub struct Conversation {
    /// The session that it belongs to; none for a lone file and a pipe.
    pub session: Option<Session>,
    /// Where it is; none for a pipe.
    pub path: Option<PathBuf>,
    /// The file, at its start. A pipe has been spooled to a temporary file.
    pub file: File,
}

/// What has become of a conversation's file since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is there, and has what has been read of it.
    Same,
    /// Another file has its name now, or it has been written anew.
    Replaced,
    /// It is shorter than what has been read of it.
    Cut,
    /// No file has its name any more. What it was can still be read.
    Gone,
}

/// A file from somewhere on, whoever else reads it.
#[derive(Debug)]
pub struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> At<'a> {
    /// What is in `file` from `offset` on, in bytes.
    pub fn new(file: &'a File, offset: u64) -> At<'a> {
        At { file, offset }
    }
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_at(self.file, buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl Conversation {
    /// Opens the conversation of `source`. The file `conversation.jsonl` beside a `meta.json` is that session's.
    ///
    /// # Errors
    /// [`Error::NoConversation`], [`Error::NoFile`], or it cannot be read.
    pub fn open(source: Source) -> Result<Conversation, Error> {
        match source {
            Source::Session(session) => {
                let path = session.path(CONVERSATION);
                match open_regular(&path) {
                    Ok(file) => Ok(Conversation { session: Some(session), path: Some(path), file }),
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {
                        Err(Error::NoConversation { id: session.id().to_owned() })
                    }
                    Err(e) => Err(Error::io("read", path)(e)),
                }
            }
            Source::Path(path) => {
                let above = path.parent().filter(|_| path.file_name().is_some_and(|name| name == CONVERSATION));
                let above = above.map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above });
                if let Some(above) = above.filter(|above| above.join("meta.json").exists()) {
                    return Conversation::open(Source::Session(Session::at(above)));
                }
                let file = open_regular(&path).map_err(|e| match e.kind() {
                    io::ErrorKind::NotFound => Error::NoFile { path: path.clone() },
                    _ => Error::Io { action: "read", path: path.clone(), source: e },
                })?;
                Ok(Conversation { session: None, path: Some(path), file })
            }
            Source::Stdin => Conversation::spool(io::stdin().lock()),
        }
    }

    /// A session's conversation as it is while none of our programs writes to it: the file, where it is, and how much of
    /// it there is.
    ///
    /// # Errors
    /// As [`Conversation::open`].
    pub fn settled(session: &Session) -> Result<(File, PathBuf, u64), Error> {
        atomic::undisturbed(session.dir(), || {
            let conversation = Conversation::open(Source::Session(session.clone()))?;
            let path = session.path(CONVERSATION);
            let length = conversation.file.metadata().map_err(Error::io("read", &path))?.len();
            Ok((conversation.file, path, length))
        })
    }

    /// Reads a pipe to its end, into a temporary file that nobody else sees.
    ///
    /// # Errors
    /// When the pipe or the temporary file fails.
    pub fn spool(mut pipe: impl Read) -> Result<Conversation, Error> {
        let mut file = tempfile::tempfile().map_err(Error::io("create", std::env::temp_dir()))?;
        io::copy(&mut pipe, &mut file).map_err(Error::io("read", "standard input"))?;
        file.rewind().map_err(Error::io("read", "standard input"))?;
        Ok(Conversation { session: None, path: None, file })
    }

    /// Its rows, from the first.
    pub fn rows(&self) -> Rows<At<'_>> {
        self.rows_from(0)
    }

    /// Its rows, from the one that starts at `offset`, in bytes. Several may be read at once.
    pub fn rows_from(&self, offset: u64) -> Rows<At<'_>> {
        Rows::new(At::new(&self.file, offset), offset, LONGEST_ROW)
    }

    /// How long it is now, in bytes.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// What is right [before] a place in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn before(&self, offset: u64) -> io::Result<Vec<u8>> {
        before(&self.file, offset)
    }

    /// What has become of it, of which `read` bytes have been read; `last` is what was [before] that place then.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn fate(&self, read: u64, last: &[u8]) -> io::Result<Fate> {
        let Some(path) = &self.path else { return Ok(Fate::Same) };
        let here = self.file.metadata()?;
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Fate::Gone),
            Err(error) => Err(error),
            Ok(there) if atomic::identity(&here) != atomic::identity(&there) => Ok(Fate::Replaced),
            Ok(there) if there.len() < read => Ok(Fate::Cut),
            Ok(_) if self.before(read)? != last => Ok(Fate::Replaced),
            Ok(_) => Ok(Fate::Same),
        }
    }

    /// Opens the file that has its name now.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn reopen(&mut self) -> io::Result<()> {
        if let Some(path) = &self.path {
            self.file = open_regular(path)?;
        }
        Ok(())
    }

    /// What to call it in messages.
    pub fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }
}

/// What is right before a place in a file, in bytes from its start: where the same is still there, what comes behind it is new,
/// whatever file it is.
///
/// # Errors
/// When it cannot be read.
pub fn before(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    const KNOT: u64 = 4 << 10;
    let start = offset.saturating_sub(KNOT);
    let mut bytes = Vec::new();
    At::new(file, start).take(offset - start).read_to_end(&mut bytes)?;
    Ok(bytes)
}
