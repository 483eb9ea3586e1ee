//! `git glue-resume`: Print a session as context for the next agent.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::resume::Args>()
}
