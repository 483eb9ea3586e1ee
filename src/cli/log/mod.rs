//! `git glue-log`: shows what was said and done in a session; its commands record that, and check it.

mod append;
mod block;
mod show;
mod validate;

use super::{Common, Exit, Failure, Program, Ui};

/// Show what was said and done in a session
///
/// Prints the events of a session's conversation, from the first: prompts, answers, calls of tools and what came of them. What is long is
/// shortened; a note says how much is left out. Events of a type that is not known are printed as they are, and so are
/// damaged rows. Times are UTC.
///
/// On a terminal, the result goes through git's pager. Everything is shown escaped there: it cannot move the cursor, nor
/// reorder what you read.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-log", bin_name = "git glue-log", version, subcommand_required = false)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    show: show::Args,

    #[command(flatten)]
    common: Common,
}

/// What it can do besides.
#[derive(Debug, clap::Subcommand)]
enum Command {
    Append(append::Args),
    Validate(validate::Args),
}

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.command.is_some() && !self.show.is_plain() {
            let message = "what comes before a command is for showing events: it has no meaning here";
            return Err(Failure::new(Exit::Usage, "usage", message).hint("options of the command come after its name"));
        }
        match self.command {
            Some(Command::Append(args)) => append::run(args, ui),
            Some(Command::Validate(args)) => validate::run(args, ui),
            None => show::run(self.show, ui),
        }
    }
}
