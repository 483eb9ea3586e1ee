//! `glue-handoff`: Freeze a session, go on in the next one.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::handoff::Args>()
}
