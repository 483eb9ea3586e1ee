//! What we ask of git, in one place: finding a repository, running the `git` program, and a private git directory in
//! which neither the repository's configuration nor its hooks, attributes or filters exist.
//!
//! Left to others: what the answers mean. Nothing here knows of captures, sessions or mail.

mod blob_pack;
mod blocking;
mod command;
mod commit;
mod config;
mod database;
mod deflate;
mod delta;
mod discover;
mod entries;
mod identity;
pub mod index;
mod isolated;
mod loose;
mod new_objects;
mod object_files;
mod objects;
mod pack;
mod pack_file;
mod pack_index;
mod packs;
#[cfg(all(test, unix))]
pub(crate) mod place;
mod process;
mod read_at;
mod recent;
mod reflog;
mod refs;
mod repo;
mod segment;
mod settings;
mod transaction;
mod tree_changes;
mod trees;

pub use blob_pack::BlobPack;
pub use command::{Command, Output, Running};
pub use commit::Commit;
pub use config::{Config, Durable};
pub use entries::{Entries, Entry, Malformed, canonical_mode};
pub use gix::ObjectId;
pub use gix::objs::Kind;
pub use isolated::{Isolated, Outside};
pub use objects::{Base, Objects};
pub use process::{Undisturbed, catch_signals, is_alive, signal};
pub use read_at::{fill_at, read_at};
pub use recent::Bytes;
pub use refs::is_ref_name;
pub use repo::{InProgress, ObjectFormat, Repo};
pub use transaction::RefMove;
pub use trees::{TreeChange, TreeItem, is_executable_file, raw_changes};

use std::path::PathBuf;

/// What can go wrong between us and git.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `git` program on the PATH, or it cannot be started.
    #[error("cannot run git: {0}")]
    NotStarted(#[source] std::io::Error),
    /// git ran and said no.
    #[error("`git {command}` failed ({status}){}", said(.stderr))]
    Failed {
        /// The subcommand and its arguments, as they would be typed.
        command: String,
        /// The exit status, or the signal that ended it.
        status: String,
        /// What git wrote on standard error.
        stderr: String,
    },
    /// The program was asked to end (Ctrl-C, SIGTERM, SIGHUP) before anything was changed.
    #[error("interrupted")]
    Interrupted,
    /// git's output is not of the documented form.
    #[error("`git {command}` gave an answer that makes no sense: {answer}")]
    Nonsense {
        /// The subcommand and its arguments.
        command: String,
        /// What it answered, shortened.
        answer: String,
    },
    /// Reading from or writing to git, or to a file of a git directory.
    #[error("{what} {}: {source}", .path.display())]
    Io {
        /// What was being done: "cannot read", "cannot write".
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// An object that must be there is missing or damaged.
    #[error("object {id}: {reason}")]
    Object {
        /// The object's id in hex.
        id: String,
        /// What the object database said.
        reason: String,
    },
}

impl Error {
    /// An [`Error::Io`] made in passing: `.map_err(Error::io("cannot read", path))`.
    pub fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }
}

fn said(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}
