//! `git glue-show`: Show one session: what is known of it, a diffstat, the head of its patch.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_glue::cli::main::<git_glue::cli::show::Args>()
}
