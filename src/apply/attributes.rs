//! Whose attributes are in the work tree, and so whether filter programs may run on its files.

use super::Error;
use crate::git::{Command, Repo};

/// Whose attributes are in the work tree: they select filter programs of the person's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    /// The person's own: their filters may say which of their files are changed.
    Persons,
    /// A capture's, which has landed: no filter runs.
    Captures,
}

impl Attributes {
    /// A git command on the person's repository, to tell which of the files are changed.
    pub fn git(self, repo: &Repo, subcommand: &str) -> Result<Command, Error> {
        Ok(match self {
            Attributes::Persons => repo.git(subcommand),
            Attributes::Captures => repo.git_without_filters(subcommand)?,
        })
    }
}
