//! `git glue-diff`: Print a session's whole patch.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::diff::Args>()
}
