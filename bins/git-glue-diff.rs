//! `git glue-diff`: Print a session's whole patch.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
