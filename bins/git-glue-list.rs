//! `git glue-list`: List the sessions of the store.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
