//! `git glue-replay`: Step through a session: what was said, what was called, what became of the files.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::replay::Args>()
}
