//! `git glue-log`: Show, record and check what was said and done in a session.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::log::Args>()
}
