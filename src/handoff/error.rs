//! Why a command of the handoff did nothing.

use std::io;
use std::path::{Path, PathBuf};

use super::frontmatter;

/// Why nothing was done. Whatever it is, the history is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is no document.
    #[error("invalid handoff: {0}")]
    Invalid(#[from] frontmatter::Error),
    /// The input is no text.
    #[error("invalid handoff: it is not UTF-8, at byte {0}")]
    NotText(usize),
    /// The input breaks rules, all of which are named.
    #[error("handoff failed validation:{}", bullets(.0))]
    Problems(Vec<String>),
    /// There is no such directory.
    #[error("the repository root is not a directory: {}", .0.display())]
    NoRoot(PathBuf),
    /// A symbolic link where the history's own belongs.
    #[error("refused: {} is a symbolic link, and would lead what is written somewhere else", .0.display())]
    Link(PathBuf),
    /// Something else than a file, or a folder, in the place of one.
    #[error("refused: {} is in the way", .0.display())]
    InTheWay(PathBuf),
    /// The archive of that name is another session's, or nobody can tell.
    #[error("refused: {} {reason}", .path.display())]
    Collision {
        /// The archive.
        path: PathBuf,
        /// Whose it is.
        reason: String,
    },
    /// There is no index that a session could be closed in.
    #[error("refused: {}: {reason}", .path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is no history, or none with an index, that a session could be closed in.
    #[error("refused: there is no {}", .0.display())]
    NoIndex(PathBuf),
    /// No session was named, and none is the latest.
    #[error("refused: no session to close: INDEX.yaml names no latest_session")]
    NoTarget,
    /// The index has no such session.
    #[error("refused: INDEX.yaml has no session {0}")]
    NoSession(String),
    /// The system refused.
    #[error("{what} {}: {source}", .path.display())]
    Io {
        /// What failed, with what.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// An error of the system on a path.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
        let path = path.to_owned();
        move |source| Error::Io { what, path, source }
    }
}

fn bullets(problems: &[String]) -> String {
    problems.iter().map(|problem| format!("\n  - {problem}")).collect()
}
