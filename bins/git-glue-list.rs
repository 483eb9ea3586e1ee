//! `git glue-list`: List the sessions of the store.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::list::Args>()
}
