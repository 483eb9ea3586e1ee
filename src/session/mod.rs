//! The session store at rest: `<home>/sessions/<id>/` with what a session is about, and the capture of its work.
//!
//! ```text
//! sessions/<id>/                    0700
//!   meta.json                       what the session is about                        Meta
//!   conversation.jsonl              what was said and done, an event in a row               Conversation
//!   import.json                     where the conversation comes from, if another agent recorded it
//!   runtime.mbox                    the capture; runtime.mbox.truncated when it is over the cap
//!   runtime.mbox.meta.json          its sidecar, under this name in both cases       Sidecar
//!   runtime.bundle                  the commits themselves, as a git bundle, where that was asked for  Bundle
//!   runtime.mbox.previous           a capture that was set aside, and its sidecar
//!   .lock                           the pid of the process that has the session open Lock
//!   .open                           locked by those who record into it, for as long as they do  Presence
//! ```
//!
//! The layout is Glue's (<https://github.com/HelgeSverre/glue>), which shares the store: what it wrote is read, also
//! from its first days, and what is written here it can read. Every file is replaced atomically. A session is known by
//! the directory that it is in, whatever its meta.json says, and one that is damaged is shown as damaged, never hidden.
//!
//! Left to others: what the bytes of a capture mean ([`mbox`](crate::mbox)), writing and checking the conversation, printing.

mod activity;
pub(crate) mod atomic;
mod bundle;
mod capture;
mod capture_files;
mod conversation;
mod export;
mod fields;
mod id;
mod import;
mod leftovers;
mod lock;
mod meta;
mod newest;
mod presence;
mod prune;
mod resolve;
mod save;
mod sidecar;
mod size;
mod staged;
mod store;

pub use bundle::{BUNDLE_ENDING, Bundle};
pub use capture::{Capture, Problem};
pub use capture_files::CaptureFile;
pub(crate) use conversation::mended;
pub use conversation::{
    Access, At, Backwards, Body, CONVERSATION, Call, CallResult, Conversation, Event, Fate, LONGEST_ROW, Outcome, Row,
    Rows, Span, Spawned, Usage, before,
};
pub use export::Exported;
pub use id::{dir_name, minted_at, new_id, tame_id};
pub use import::{Arrival, Imported};
pub use leftovers::Leftover;
pub use lock::Lock;
pub(crate) use meta::parse_time;
pub use meta::{META_VERSION, Meta};
pub use newest::Newest;
pub use presence::Presence;
pub use prune::{Held, Removal};
pub use resolve::{Latest, Source};
pub use save::mark_verified;
pub use sidecar::{DEFAULT_CAP_BYTES, Older, Sidecar, Warning, now};
pub use size::{counted, size_text};
pub use store::{Damage, Session, Store};

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong with the store. The messages say what and where; [`Error::hint`] says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system said no.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried, in the infinitive.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Nothing says where the store should be.
    #[error("HOME is not set, so there is no session store")]
    NoHome,
    /// No session and no file is called that.
    #[error("no session `{spec}` in {}", .sessions.display())]
    NotFound {
        /// What was asked for.
        spec: String,
        /// Ids that look alike, best first.
        near: Vec<String>,
        /// Where was looked.
        sessions: PathBuf,
    },
    /// What is written as a path leads nowhere.
    #[error("{} does not exist", .path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// More than one session starts with that.
    #[error("`{spec}` is ambiguous: {}", listed(.candidates))]
    Ambiguous {
        /// What was asked for.
        spec: String,
        /// The ids that it could mean, newest first.
        candidates: Vec<String>,
    },
    /// `latest` of nothing.
    #[error("no session{} in {}", with(*.latest), .sessions.display())]
    NothingYet {
        /// Which sessions were asked for.
        latest: Latest,
        /// Where was looked.
        sessions: PathBuf,
    },
    /// The session is there, a capture of it is not.
    #[error("session {id} has no capture{}", if *.set_aside { ": the last time, nothing had changed" } else { "" })]
    NoCapture {
        /// The session.
        id: String,
        /// There was one, which was set aside when a later capture found no changes.
        set_aside: bool,
    },
    /// The session is there, a log of what was said and done in it is not.
    #[error("session {id} has no conversation")]
    NoConversation {
        /// The session.
        id: String,
    },
    /// The pipe or file that should hold a capture is empty: `executorDead`.
    #[error("nothing arrived on {from}: {}", if *.is_pipe { "the command at the other end of the pipe printed nothing" } else { "the file is empty" })]
    NothingArrived {
        /// What to call the pipe or file.
        from: String,
        /// It is a pipe.
        is_pipe: bool,
    },
    /// The file is not what its sidecar says it is.
    #[error("{} is corrupt: {reason}", .path.display())]
    Corrupt {
        /// The mbox.
        path: PathBuf,
        /// What does not fit.
        reason: Mismatch,
    },
    /// The capture has a bundle, which did not come along.
    #[error("{}", missing_bundle(.path.as_deref(), *.is_other))]
    NoBundle {
        /// Where it should be; `None` when the capture came through a pipe.
        path: Option<PathBuf>,
        /// There is one, but it is not the capture's.
        is_other: bool,
    },
    /// The capture went over its cap, so that it is not whole.
    #[error("the capture {} is truncated: it went over the cap of {}", .path.display(), size_text(*.cap_bytes))]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The cap, in bytes.
        cap_bytes: u64,
    },
    /// Another process has the session open.
    #[error("session {id} is {}", lock::open_in(*.pid))]
    Locked {
        /// The session.
        id: String,
        /// The process; 0 when it is not known which.
        pid: u32,
        /// The lock file.
        path: PathBuf,
    },
    /// A session of that id is there already.
    #[error("session {id} exists already")]
    Exists {
        /// The session.
        id: String,
    },
    /// A later capture of the session is there already.
    #[error("a later capture of {id} is in the store: that one is of {kept}, this one of {offered}")]
    Outdated {
        /// The session.
        id: String,
        /// When the one in the store was captured, as its sidecar says.
        kept: String,
        /// When the one that was to be taken in was captured.
        offered: String,
    },
    /// A file that was to be written is there already.
    #[error("{} exists already", .path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// Something holds a session that was to be removed.
    #[error("session {id} is not removed: {held}")]
    Held {
        /// The session.
        id: String,
        /// What holds it.
        held: Held,
    },
    /// meta.json was written by a newer program; writing it could lose what is not understood.
    #[error("{} has version {version}, newer than {META_VERSION}: not touched", .path.display())]
    NewerMeta {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// meta.json cannot be read, so it is not rewritten either.
    #[error("{}: {damage}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
}

/// How a capture differs from what its sidecar says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The file has another length.
    #[error("it has {actual} bytes, its sidecar says {expected}")]
    Size {
        /// Bytes according to the sidecar.
        expected: u64,
        /// Bytes of the file.
        actual: u64,
    },
    /// The file has other bytes.
    #[error("its SHA-256 is {actual}, its sidecar says {expected}")]
    Sha256 {
        /// Lower-case hex according to the sidecar.
        expected: String,
        /// Lower-case hex of the file.
        actual: String,
    },
}

impl Error {
    /// What to do next, best the command to type.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::NoHome => "set HOME, or GLUE_HOME to the directory of the store".into(),
            Error::NotFound { near, .. } if !near.is_empty() => format!("did you mean {}?", near.join(" or ")),
            Error::NotFound { .. } => "git glue-list shows all sessions".into(),
            Error::Ambiguous { .. } => "give more of the id".into(),
            Error::NothingYet { latest: Latest::WithConversation, .. } => RECORDS.into(),
            Error::NothingYet { .. } => "git glue-capture makes one, git glue-import takes one from elsewhere".into(),
            Error::NoCapture { id, set_aside: true } => {
                format!("the one before that is runtime.mbox.previous in the directory of {id}")
            }
            Error::NoCapture { .. } => "git glue-list shows which sessions have one".into(),
            Error::NoConversation { .. } => RECORDS.into(),
            Error::NothingArrived { .. } => {
                "look at what that command said; in a sandbox, at the output of git glue-capture".into()
            }
            Error::Corrupt { .. } => "capture or copy it again; to use it as it is, remove its .meta.json".into(),
            Error::Truncated { .. } => {
                "capture again inside the sandbox with a larger --cap, or with --exclude or --omit-larger-than".into()
            }
            Error::NoBundle { .. } => {
                "copy it along with the capture, as <path>.bundle beside <path>; git glue-export does so".into()
            }
            Error::Locked { path, .. } => {
                format!("if that process has nothing to do with the session, remove {}", path.display())
            }
            Error::Held { held: Held::Unapplied, .. } => {
                "git glue-apply lands it; --unapplied removes it all the same".into()
            }
            Error::Held { .. } => return None,
            Error::Outdated { .. } => "--force takes the older one in its place".into(),
            Error::InTheWay { .. } => "--force overwrites it".into(),
            Error::NewerMeta { .. } => "update git-glue".into(),
            Error::Io { .. } | Error::NoFile { .. } | Error::Exists { .. } | Error::Damaged { .. } => return None,
        })
    }

    /// An [`Error::Io`] made in passing: `.map_err(Error::io("read", path))`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { action, path, source }
    }
}

/// Where conversations come from.
const RECORDS: &str = "git glue-log append records one, git glue-import --from takes one from another agent";

fn with(latest: Latest) -> &'static str {
    match latest {
        Latest::Session => "",
        Latest::WithCapture => " with a capture",
        Latest::WithConversation => " with a conversation",
    }
}

fn missing_bundle(path: Option<&Path>, is_other: bool) -> String {
    match (path, is_other) {
        (Some(path), true) => format!("{} is not the bundle that the capture was made with", path.display()),
        (Some(path), false) => format!("the capture was made with a bundle, which is not at {}", path.display()),
        (None, _) => "the capture was made with a bundle, which a pipe does not carry".to_owned(),
    }
}

/// At most ten of them: a prefix of one digit would list the whole store.
fn listed(candidates: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut list = candidates.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if candidates.len() > SHOWN {
        list += &format!(" and {} more", candidates.len() - SHOWN);
    }
    list
}
