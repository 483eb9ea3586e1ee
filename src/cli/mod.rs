//! The programs as a user meets them: arguments in, lines and an exit status out. The only folder that knows of
//! arguments, streams, colours and exit codes.
//!
//! Each program is one file: its arguments as a clap type whose doc comments are the help text, the man page and the
//! completion; and a [`Program::run`] that turns them into the library's options, calls one pipeline, and tells what
//! came out.

#![allow(rustdoc::invalid_html_tags, reason = "help texts write <dir> for what stands for a directory, as git does")]

mod ages;
pub mod apply;
pub mod capture;
pub mod diff;
mod diffstat;
mod exit;
pub mod export;
pub mod handoff;
pub mod import;
pub mod list;
pub mod log;
pub mod manual;
mod pager;
mod painted;
pub mod prune;
pub mod replay;
pub mod resume;
mod series;
pub mod show;
mod summary;
mod ui;

use exit::INTERRUPTED;
pub use exit::{Exit, Failure};
pub use ui::{ColorChoice, Style, Ui};

use std::path::PathBuf;
use std::process::ExitCode;

/// Options that every program has.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// Run as if started in <dir>
    #[arg(short = 'C', value_name = "dir", value_hint = clap::ValueHint::DirPath, global = true)]
    pub directory: Option<PathBuf>,

    /// Print one JSON object on standard output instead of text
    ///
    /// The object has a `schema_version`. An error is an object too: `{"error": {code, kind, message, hint}}`.
    #[arg(long, global = true)]
    pub json: bool,

    /// When to use colour
    ///
    /// Without it, `color.ui` of git's configuration and NO_COLOR decide.
    #[arg(long, value_name = "when", default_value = "auto", global = true)]
    pub color: ColorChoice,
}

/// A program: clap arguments that can be run.
pub trait Program: clap::Parser {
    /// The options that every program has.
    fn common(&self) -> &Common;

    /// Does the work. What it finds goes to [`Ui`], what it returns becomes the exit status.
    fn run(self, ui: &mut Ui) -> Result<Exit, Failure>;
}

/// The programs as clap sees them, in the order in which a user meets them: what `-h` prints, what man pages and
/// completions are made of.
pub fn programs() -> Vec<clap::Command> {
    vec![
        command::<capture::Args>(),
        command::<apply::Args>(),
        command::<list::Args>(),
        command::<show::Args>(),
        command::<diff::Args>(),
        command::<export::Args>(),
        command::<import::Args>(),
        command::<prune::Args>(),
        command::<log::Args>(),
        command::<resume::Args>(),
        command::<replay::Args>(),
        command::<handoff::Args>(),
    ]
}

fn command<P: clap::CommandFactory>() -> clap::Command {
    manual::complete(P::command())
}

/// Runs a program from the process's own arguments to its exit status.
pub fn main<P: Program>() -> ExitCode {
    let args = match parse::<P>() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let common = args.common().clone();
    let moved = common.directory.as_ref().map_or(Ok(()), |directory| {
        std::env::set_current_dir(directory).map_err(|error| {
            Failure::new(Exit::Usage, "directory", format!("cannot change to {}: {error}", directory.display()))
        })
    });
    let mut ui = Ui::new(&common);
    let result = moved.and_then(|()| args.run(&mut ui)).and_then(|exit| ui.flush().map(|()| exit));
    match result {
        Ok(exit) => {
            ui.close();
            exit.into()
        }
        Err(failure) => {
            let exit = ui.fail(&failure);
            if let (INTERRUPTED, Some(signal)) = (failure.kind, crate::git::signal()) {
                // Everything temporary is gone by now; whoever waits for us sees what ended us.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            exit.into()
        }
    }
}

fn parse<P: Program>() -> Result<P, clap::Error> {
    let mut command = command::<P>();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    P::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// What clap has to say: help and version on standard output with status 0, everything else is bad usage.
fn usage(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().take_while(|arg| arg != "--").any(|arg| arg == "--json");
    if error.use_stderr() && wants_json {
        let message = error.kind().to_string();
        let detail = error.to_string();
        let failure =
            Failure::new(Exit::Usage, "usage", detail.lines().next().unwrap_or(&message).trim_start_matches("error: "));
        return Ui::json_only().fail(&failure).into();
    }
    // A closed terminal is no reason to fail differently.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}
