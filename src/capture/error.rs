//! What can go wrong with a capture, apart from the reasons for which there is none.

use std::path::PathBuf;

use crate::{git, session};

/// A capture could not be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git failed, or could not be run.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The store failed.
    #[error(transparent)]
    Session(#[from] session::Error),
    /// A file could not be read or written.
    #[error("cannot {action} {}: {}", .path.display(), reason(.source))]
    Io {
        /// What was tried, in the infinitive.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// What should be the bootstrap is nothing that this repository has.
    #[error("the bootstrap `{revision}` is no commit in this repository")]
    NoSuchBootstrap {
        /// The revision, as it was given or recorded.
        revision: String,
    },
    /// The id of a session would not be the name of its directory: [`crate::session::dir_name`].
    #[error("`{id}` is not a session id")]
    BadSessionId {
        /// The id, as it was given.
        id: String,
    },
    /// The series could not be written as mail.
    #[error("cannot write entry {entry} of the capture: {source}")]
    Write {
        /// The entry, from 1.
        entry: usize,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    /// An [`Error::Io`] made in passing: `.map_err(Error::io("read", path))`.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { action, path, source }
    }
}

/// What the system says, without the number that it has for it and without a temporary file's name, which means nothing to
/// anybody.
fn reason(error: &std::io::Error) -> String {
    let mut text = error.to_string();
    for rest in [" at path ", " (os error "] {
        text.truncate(text.find(rest).unwrap_or(text.len()));
    }
    text
}
