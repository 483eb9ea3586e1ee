//! `glue-handoff draft`.

use std::ffi::OsString;

use serde_json::json;

use super::Root;
use crate::cli::{Exit, Failure, Ui};
use crate::handoff::draft;
use crate::session::{Latest, Source, Store};

/// Print a handoff to be completed
///
/// Branch, commit, directories and dates are filled in; with a session of the store, also its goal, the files that it
/// touched, and the commands that it ran with their results. What needs judgement is marked as a gap, and a handoff that
/// still has one is refused by `create`.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(super) struct Args {
    /// Fill in what is known of this session of the store
    #[arg(long, value_name = "id")]
    from_session: Option<OsString>,

    #[command(flatten)]
    root: Root,
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let session = match &args.from_session {
        None => None,
        Some(id) => match Store::from_env().resolve(id, Latest::Session)? {
            Source::Session(session) => Some(session),
            Source::Path(_) | Source::Stdin => {
                let message = format!("not a session: {}", id.to_string_lossy());
                return Err(Failure::new(Exit::Usage, "not-a-session", message).hint("git glue-list names them"));
            }
        },
    };
    let text = draft::draft(&args.root.repo_root, session.as_ref())
        .map_err(|error| Failure::new(Exit::Failed, "draft", error.to_string()).hint(error.hint()))?;
    if ui.json {
        ui.object(json!({ "draft": text }))?;
    } else {
        ui.raw(text)?;
    }
    Ok(Exit::Done)
}
