//! What other agents recorded, made into sessions of the store: a transcript's lines become the events of a
//! conversation, so that a session of any agent can be listed, looked at and resumed.
//!
//! ```text
//! find -> identify -> read lines -> write events -> place in the store
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `find` | the newest transcript of an agent for a directory |
//! | `claude`, `codex`, `gemini`, `opencode` | one agent's lines -> events |
//! | `sidechain` | what subagents of Claude Code did |
//! | `rewound` | what of Claude Code's lines the person took back |
//! | `edits` | files before and after an edit, where a transcript holds enough of both |
//! | `json` | reading what may have any shape |
//! | `writer` | events -> rows |
//! | `place` | into the store: as a session, or as the later state of one |
//!
//! None of these formats is documented, and all change; what is known of them is from transcripts and from the agents'
//! sources. So a line that cannot be read costs itself and is counted, and one of a kind that is not known is kept as
//! it came: a row without `schema_version` whose `type` is the agent's name, a dot and the line's own type, with the
//! line under `original`. So is a call without an id or a name, and a result without its call, with what is known of it.
//! Whatever is in a transcript, what is written passes [`validate`](super::validate_session). Transcripts are only read.

mod claude;
mod codex;
mod edits;
mod find;
mod gemini;
mod json;
mod opencode;
mod place;
mod rewound;
mod sidechain;
mod writer;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

pub use find::newest;
pub use place::{Arrived, Placed};
pub use writer::Told;

use crate::session::{Error as StoreError, Rows, Store, tame_id};
use writer::Writer;

/// Whose transcripts are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// Claude Code.
    Claude,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// OpenCode.
    OpenCode,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system said no.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The transcript.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no transcript of that agent for this directory.
    #[error("no transcript of {} for {} in {}", .agent.title(), .cwd.display(), .place.display())]
    NoneHere {
        /// Whose.
        agent: Agent,
        /// The directory.
        cwd: PathBuf,
        /// Where was looked.
        place: PathBuf,
    },
    /// It is OpenCode's database.
    #[error("{} is OpenCode's database, which is not read", .path.display())]
    Database {
        /// The database.
        path: PathBuf,
    },
    /// Nothing in it is of that agent.
    #[error("{} is no transcript of {}", .path.display(), .agent.title())]
    NotOne {
        /// The file.
        path: PathBuf,
        /// Whose it was to be.
        agent: Agent,
    },
    /// It would be one if its end were there.
    #[error("{} breaks off: {reason}", .path.display())]
    BreaksOff {
        /// The file.
        path: PathBuf,
        /// Where, and what is open there.
        reason: String,
    },
    /// It does not say which session it is.
    #[error("{} names no session: its `{key}` is empty", .path.display())]
    Nameless {
        /// The file.
        path: PathBuf,
        /// What should hold the session's id.
        key: &'static str,
    },
    /// It is one, in which nothing happens.
    #[error("in {} nothing was said", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The session is there, and has another history than the transcript.
    #[error("session {id} is there already, and {reason}")]
    Differs {
        /// The session.
        id: String,
        /// What differs.
        reason: &'static str,
    },
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is known of a transcript's session besides its events.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    cwd: String,
    /// The last title, and whether the person chose it.
    title: Option<String>,
    is_users_title: bool,
    branch: Option<String>,
    head_sha: Option<String>,
    repo_remote: Option<String>,
    /// The agent's own id of the session that this one was forked from.
    forked_from: Option<String>,
}

/// A transcript to be taken in.
#[derive(Debug)]
pub struct Transcript {
    agent: Agent,
    /// Where it is; for a pipe, what to call it.
    path: PathBuf,
    file: File,
    /// The agent's own id of the session.
    native_id: String,
}

/// The longest line that is looked into.
const LONGEST_LINE: usize = 64 << 20;

impl Agent {
    /// How it is called in rows, ids and options.
    pub fn name(self) -> &'static str {
        match self {
            Agent::Claude => "claude",
            Agent::Codex => "codex",
            Agent::Gemini => "gemini",
            Agent::OpenCode => "opencode",
        }
    }

    /// How it calls itself.
    pub fn title(self) -> &'static str {
        match self {
            Agent::Claude => "Claude Code",
            Agent::Codex => "Codex",
            Agent::Gemini => "Gemini CLI",
            Agent::OpenCode => "OpenCode",
        }
    }
}

impl Transcript {
    /// Opens the transcript at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is not one of that agent.
    pub fn open(agent: Agent, path: &Path) -> Result<Transcript, Error> {
        let error = |source| Error::Read { path: path.to_owned(), source };
        if !std::fs::metadata(path).map_err(error)?.is_file() {
            return Err(error(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")));
        }
        Transcript::of(agent, path.to_owned(), File::open(path).map_err(error)?)
    }

    /// Reads a transcript from a pipe to its end.
    ///
    /// # Errors
    /// As [`Transcript::open`].
    pub fn spool(agent: Agent, mut pipe: impl Read) -> Result<Transcript, Error> {
        let path = PathBuf::from("standard input");
        let error = |source| Error::Read { path: path.clone(), source };
        let mut file = tempfile::tempfile().map_err(error)?;
        io::copy(&mut pipe, &mut file).map_err(error)?;
        Transcript::of(agent, path, file)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The id that its session has in the store: always the same.
    pub fn session_id(&self) -> String {
        let id = format!("{}-{}", self.agent.name(), self.native_id);
        tame_id(&id).unwrap_or(id)
    }

    /// Takes it into the store.
    ///
    /// # Errors
    /// When it holds no event; [`Error::Differs`] when its session is there with another history, unless `force`; when
    /// the store cannot be written.
    pub fn import(self, store: &Store, force: bool) -> Result<Placed, Error> {
        place::place(self, store, force)
    }

    fn of(agent: Agent, path: PathBuf, mut file: File) -> Result<Transcript, Error> {
        let error = |source| Error::Read { path: path.clone(), source };
        file.rewind().map_err(error)?;
        if json::is_database(&mut file).map_err(error)? {
            return Err(Error::Database { path });
        }
        let native_id = match agent {
            Agent::Claude => claude::native_id(&mut file, &path),
            Agent::Codex => codex::native_id(&mut file, &path),
            Agent::Gemini => gemini::native_id(&mut file),
            Agent::OpenCode => opencode::native_id(&mut file, &path),
        }
        .map_err(error)?;
        match native_id {
            Some(native_id) => Ok(Transcript { agent, path, file, native_id }),
            None => Err(why_not(agent, &path, &mut file).map_err(error)?),
        }
    }

    /// The first time that is in it: what comes before it has none, and must come out the same each time.
    fn start(&self) -> io::Result<Timestamp> {
        let mut file = self.file.try_clone()?;
        let modified = || file.metadata().and_then(|metadata| metadata.modified()).ok();
        let modified = modified().and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(first_of(&mut file, |line| json::time(line.get("timestamp")?))?.unwrap_or(modified))
    }

    /// Writes its events.
    fn convert(&self, writer: &mut Writer) -> io::Result<Facts> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        match self.agent {
            Agent::Claude => claude::convert(file, &self.path, writer),
            Agent::Codex => codex::convert(file, writer),
            Agent::Gemini => gemini::convert(file, &self.path, writer),
            Agent::OpenCode => opencode::convert(file, &self.path, writer),
        }
    }
}

/// Why a file without an id is no transcript of an agent.
fn why_not(agent: Agent, path: &Path, file: &mut File) -> io::Result<Error> {
    let path = path.to_owned();
    let is_one_object = matches!(agent, Agent::Gemini | Agent::OpenCode);
    if let Some(reason) = json::breaks_off(file, is_one_object)? {
        return Ok(Error::BreaksOff { path, reason });
    }
    let key = match agent {
        Agent::Claude | Agent::Gemini => "sessionId",
        Agent::Codex | Agent::OpenCode => "id",
    };
    let is_nameless = |object: &Value| [object, &object["payload"], &object["info"]].iter().any(|at| at[key] == "");
    let is_nameless_line = first_of(file, |line| is_nameless(line).then_some(()))?.is_some();
    Ok(match is_nameless_line || is_one_object && json::whole(file)?.as_ref().is_some_and(is_nameless) {
        true => Error::Nameless { path, key },
        false => Error::NotOne { path, agent },
    })
}

/// The lines of a file that are JSON objects. What else there is is counted.
fn each_line(file: File, mut visit: impl FnMut(Value, &mut u64)) -> io::Result<u64> {
    let mut rows = Rows::new(file, 0, LONGEST_LINE);
    let mut skipped = 0;
    while let Some(row) = rows.advance()? {
        if row.is_blank() {
            continue;
        }
        match json::parse(row.bytes).filter(|value| !row.is_cut && value.is_object()) {
            Some(line) => visit(line, &mut skipped),
            None => skipped += 1,
        }
    }
    Ok(skipped)
}

/// The first of the first lines in which `find` finds something.
fn first_of<T>(file: &mut File, mut find: impl FnMut(&Value) -> Option<T>) -> io::Result<Option<T>> {
    const LOOKED_AT: usize = 200;
    file.rewind()?;
    let mut rows = Rows::new(file, 0, LONGEST_LINE);
    for _ in 0..LOOKED_AT {
        let Some(row) = rows.advance()? else { break };
        if let Some(found) = json::parse(row.bytes).and_then(|line| find(&line)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
