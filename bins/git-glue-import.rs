//! `git glue-import`: Take a capture from a file or a pipe into the session store.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::import::Args>()
}
