//! The skill: a folder of files that an agent finds by itself, with all that it needs to freeze a session and to take
//! one over.
//!
//! ```text
//! agent, root -> Plan (everything that can be refused has been refused) -> carried out whole, or not at all
//! ```
//!
//! Only the files named here are ever written or removed. A folder that holds anything else is somebody's own work, and
//! left alone. Instruction files such as AGENTS.md are never touched.

mod change;
mod plan;

use std::io;
use std::path::{Component, Path, PathBuf};

pub use plan::Plan;

/// An agent that loads skills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// OpenAI Codex.
    Codex,
    /// Claude Code.
    Claude,
}

/// One file of a skill: its path below the skill's folder, and its text.
pub type File = (&'static str, &'static str);

const SKILL: File = ("SKILL.md", include_str!("assets/session-glue/SKILL.md"));
const OPENAI: File = ("agents/openai.yaml", include_str!("assets/session-glue/agents/openai.yaml"));
const PROTOCOL: File = ("references/protocol.md", include_str!("assets/session-glue/references/protocol.md"));

impl Agent {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Agent; 2] = [Agent::Codex, Agent::Claude];

    /// What the agent is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Agent::Codex => "codex",
            Agent::Claude => "claude",
        }
    }

    /// The files of its skill, sorted by path.
    pub fn files(self) -> &'static [File] {
        match self {
            Agent::Codex => &[SKILL, OPENAI, PROTOCOL],
            Agent::Claude => &[SKILL, PROTOCOL],
        }
    }

    /// The text that the agent reads first.
    pub fn skill(self) -> &'static str {
        SKILL.1
    }

    /// The folder of its skill: in a repository, or in a home directory.
    pub fn folder(self, root: &Path) -> PathBuf {
        let skills = match self {
            Agent::Codex => ".agents/skills",
            Agent::Claude => ".claude/skills",
        };
        let joined = root.join(skills).join("session-glue");
        joined.components().filter(|part| *part != Component::CurDir).collect()
    }
}

/// Why a skill was not installed or removed. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository, or the home directory, is not there.
    #[error("{} is not a directory", .path.display())]
    NoRoot {
        /// What was given.
        path: PathBuf,
    },
    /// A symbolic link where there has to be a folder or a file of the skill.
    #[error("{} is a symbolic link", .path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Something else where there has to be a folder.
    #[error("{} is not a directory", .path.display())]
    NotFolder {
        /// What is there.
        path: PathBuf,
    },
    /// Something else where there has to be a file of the skill.
    #[error("{} is not a file", .path.display())]
    NotFile {
        /// What is there.
        path: PathBuf,
    },
    /// The folder is there, and was not to be replaced.
    #[error("{} exists already", .target.display())]
    Exists {
        /// The folder.
        target: PathBuf,
    },
    /// The folder holds what is not part of the skill.
    #[error("{} holds unmanaged files: {}", .target.display(), listed(.paths))]
    Unmanaged {
        /// The folder.
        target: PathBuf,
        /// What else it holds, by path below the folder.
        paths: Vec<PathBuf>,
    },
    /// A symbolic link above the folder leads out of the repository, or of the home directory.
    #[error("{} lies outside {}: a symbolic link leads there", .target.display(), .root.display())]
    Outside {
        /// The folder.
        target: PathBuf,
        /// What it should lie in, without symbolic links.
        root: PathBuf,
    },
    /// The operating system said no.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried, in the infinitive.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::NoRoot { .. } => Some("check how it is spelled; it is not made here"),
            Error::Exists { .. } => Some("--replace puts the skill of this program in its place"),
            Error::Unmanaged { .. } => Some("move them elsewhere first"),
            Error::Link { .. } | Error::NotFolder { .. } | Error::NotFile { .. } | Error::Outside { .. } => {
                Some("move it out of the way first")
            }
            Error::Io { .. } => None,
        }
    }

    /// An [`Error::Io`] made in passing: `.map_err(Error::io("read", path))`.
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { action, path: path.to_owned(), source }
    }
}

/// At most ten of them.
fn listed(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 10;
    let mut list = paths.iter().take(SHOWN).map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    if paths.len() > SHOWN {
        list += &format!(" and {} more", paths.len() - SHOWN);
    }
    list
}
