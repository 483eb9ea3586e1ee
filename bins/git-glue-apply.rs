//! `git glue-apply`: Land a captured session in this repository.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::apply::Args>()
}
