//! `git glue-capture`: capture what an agent did in this sandbox.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::capture::Args>()
}
