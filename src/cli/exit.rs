//! Exit statuses, and the one table that maps the library's errors to them.

use std::process::ExitCode;

/// How a program ends; the same for every program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; also: nothing to do.
    Done = 0,
    /// Refused or failed; nothing of the user's was changed.
    Failed = 1,
    /// Bad usage.
    Usage = 2,
    /// Applied up to a conflict, which is the user's to resolve.
    Conflict = 3,
    /// There is no capture, for one of the documented reasons.
    Unavailable = 4,
    /// The capture is over its size cap.
    OverCap = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// An error as the user gets it: what happened and where, and apart from it what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit status.
    pub exit: Exit,
    /// A stable word for programs, such as `not-a-repository`.
    pub kind: &'static str,
    /// What happened, where; in lower case, without a full stop. May hold hostile text: it is escaped when shown.
    pub message: String,
    /// What to do next, best the command to type.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, kind: &'static str, message: impl Into<String>) -> Failure {
        Failure { exit, kind, message: message.into(), hint: None }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// Writing the results failed. A reader that went away (`| head`) is no failure: [`Failure::is_quiet`].
    pub fn output(error: std::io::Error) -> Failure {
        let kind = if error.kind() == std::io::ErrorKind::BrokenPipe { BROKEN_PIPE } else { "output" };
        Failure::new(Exit::Failed, kind, format!("cannot write the result: {error}"))
    }

    /// Whether nobody is left to hear of it.
    pub fn is_quiet(&self) -> bool {
        self.kind == BROKEN_PIPE
    }
}

/// The kind of a failure that a signal asked for.
pub(super) const INTERRUPTED: &str = "interrupted";

const BROKEN_PIPE: &str = "broken-pipe";

impl From<crate::git::Error> for Failure {
    fn from(error: crate::git::Error) -> Failure {
        use crate::git::Error;
        let failure = |kind| Failure::new(Exit::Failed, kind, error.to_string());
        match &error {
            Error::NotStarted(_) => failure("no-git").hint("install git 2.38 or newer, or put it on the PATH"),
            Error::Failed { stderr, .. } if stderr.contains("dubious ownership") => {
                failure("ownership").hint("git config --global --add safe.directory <the directory named above>")
            }
            Error::Interrupted => failure(INTERRUPTED),
            Error::Failed { .. } | Error::Nonsense { .. } => failure("git-failed"),
            Error::Io { .. } => failure("io"),
            Error::Object { .. } => failure("object").hint("git fsck lists the objects that are missing or damaged"),
        }
    }
}

impl From<crate::session::Error> for Failure {
    fn from(error: crate::session::Error) -> Failure {
        use crate::session::Error;
        let (exit, kind) = match &error {
            Error::Io { .. } => (Exit::Failed, "io"),
            Error::NoHome => (Exit::Failed, "no-home"),
            Error::NotFound { .. } => (Exit::Failed, "session-not-found"),
            Error::NoFile { .. } => (Exit::Failed, "file-not-found"),
            Error::Ambiguous { .. } => (Exit::Usage, "ambiguous-id"),
            Error::NothingYet { .. } => (Exit::Failed, "no-session"),
            Error::NoCapture { .. } => (Exit::Failed, "no-capture"),
            Error::NoConversation { .. } => (Exit::Failed, "no-conversation"),
            Error::NothingArrived { .. } => (Exit::Unavailable, "executorDead"),
            Error::Corrupt { .. } => (Exit::Failed, "corrupt-capture"),
            Error::NoBundle { .. } => (Exit::Failed, "no-bundle"),
            Error::Truncated { .. } => (Exit::OverCap, "truncated"),
            Error::Locked { .. } => (Exit::Failed, "locked"),
            Error::Exists { .. } => (Exit::Failed, "session-exists"),
            Error::Outdated { .. } => (Exit::Failed, "outdated-capture"),
            Error::InTheWay { .. } => (Exit::Failed, "file-exists"),
            Error::Held { .. } => (Exit::Failed, "held"),
            Error::NewerMeta { .. } => (Exit::Failed, "newer-meta"),
            Error::Damaged { .. } => (Exit::Failed, "damaged-meta"),
        };
        let hint = error.hint();
        Failure { exit, kind, message: error.to_string(), hint }
    }
}
