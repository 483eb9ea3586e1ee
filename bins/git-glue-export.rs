//! `git glue-export`: Copy a session's capture and its sidecar to a path.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::export::Args>()
}
