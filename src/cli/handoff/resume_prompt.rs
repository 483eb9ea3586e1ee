//! `glue-handoff resume-prompt`.

use bstr::ByteSlice;
use serde_json::json;

use super::Root;
use crate::cli::{Exit, Failure, Ui};
use crate::handoff::{History, PROMPT};

/// Print the prompt to paste into a new session
///
/// `RESUME_PROMPT.txt`, byte for byte.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(super) struct Args {
    #[command(flatten)]
    root: Root,
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let history = History::of(&args.root.repo_root);
    let prompt = history.undisturbed(|| history.read(PROMPT)).map_err(|error| {
        let message = format!("cannot read {}: {error}", history.path(PROMPT).display());
        Failure::new(Exit::Failed, "no-prompt", message).hint("glue-handoff create writes it with a handoff")
    })?;
    if ui.json {
        ui.object(json!({ "prompt": prompt.to_str_lossy() }))?;
    } else {
        ui.raw(prompt)?;
    }
    Ok(Exit::Done)
}
