//! `git glue-capture`: Capture what an agent did in this sandbox.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
