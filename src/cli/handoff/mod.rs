//! `glue-handoff`: the commands of the handoff protocol, one file each.

mod close;
mod create;
mod draft;
mod install;
mod resume_prompt;
mod skill;
mod status;
mod validate;

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{Common, Exit, Failure, Program, Ui};
use crate::handoff::Error;

/// Freeze a session, go on in the next one
///
/// Keeps handoffs in `.agent-history/` of a repository: what was done, what is next, what failed, so that a new session
/// goes on where a long one stopped, without its whole conversation.
#[derive(Debug, clap::Parser)]
#[command(name = "glue-handoff", bin_name = "glue-handoff", version, subcommand_required = false)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    common: Common,
}

/// What it can do.
#[derive(Debug, clap::Subcommand)]
enum Command {
    Draft(draft::Args),
    Create(create::Args),
    Validate(validate::Args),
    Status(status::Args),
    ResumePrompt(resume_prompt::Args),
    Close(close::Args),
    Install(install::Args),
    Skill(skill::Args),
}

/// Where the history is.
#[derive(Debug, clap::Args)]
struct Root {
    /// The root of the repository, in which `.agent-history` is
    #[arg(
        long,
        value_name = "dir",
        default_value = ".",
        value_hint = clap::ValueHint::DirPath,
        value_parser = directory()
    )]
    repo_root: PathBuf,
}

/// Whether to look at the repository, too.
#[derive(Debug, clap::Args)]
struct Git {
    /// Also say how the repository differs from what the handoff recorded
    ///
    /// That never changes the exit status.
    #[arg(long)]
    git: bool,
}

/// A directory by its path; the empty path is the current one.
fn directory() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(|path| PathBuf::from(if path.is_empty() { ".".into() } else { path }))
}

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        match self.command {
            Some(Command::Draft(args)) => draft::run(args, ui),
            Some(Command::Create(args)) => create::run(args, ui),
            Some(Command::Validate(args)) => validate::run(args, ui),
            Some(Command::Status(args)) => status::run(args, ui),
            Some(Command::ResumePrompt(args)) => resume_prompt::run(args, ui),
            Some(Command::Close(args)) => close::run(args, ui),
            Some(Command::Install(args)) => install::run(args, ui),
            Some(Command::Skill(args)) => skill::run(args, ui),
            None => {
                ui.raw(super::command::<Args>().render_long_help().to_string())?;
                Ok(Exit::Done)
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let (exit, kind, hint) = match &error {
            Error::Invalid(_) => (Exit::Usage, "invalid-handoff", None),
            Error::NotText(_) => (Exit::Usage, "invalid-handoff", None),
            Error::Problems(_) => {
                (Exit::Usage, "invalid-handoff", Some("nothing was written; mend these and run it again"))
            }
            Error::NoRoot(_) => (Exit::Failed, "no-root", Some("name the repository with --repo-root")),
            Error::Link(_) => (Exit::Failed, "symlink", None),
            Error::InTheWay(_) => (Exit::Failed, "in-the-way", Some("look at what it is, and move it away")),
            Error::Collision { .. } => (Exit::Failed, "collision", None),
            Error::Index { .. } => {
                (Exit::Failed, "index", Some("glue-handoff validate says what is wrong with the history"))
            }
            Error::NoIndex(_) => (Exit::Failed, "no-history", Some("glue-handoff create begins a history")),
            Error::NoTarget => (Exit::Failed, "no-session", Some("name one with --session")),
            Error::NoSession(_) => (Exit::Failed, "no-session", Some("glue-handoff status names the latest one")),
            Error::Io { .. } => (Exit::Failed, "io", None),
        };
        Failure { exit, kind, message: error.to_string(), hint: hint.map(str::to_owned) }
    }
}
