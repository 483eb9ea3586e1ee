//! `git glue-prune`: Remove old sessions from the store.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::prune::Args>()
}
