//! `glue-handoff close`.

use serde_json::json;

use super::Root;
use crate::cli::{Exit, Failure, Ui};
use crate::handoff;

/// Say how a session ended
///
/// Only the index changes; archived handoffs stay as they are. A session that is DONE has no next action.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(super) struct Args {
    /// How it ended
    #[arg(long, value_name = "status")]
    status: End,

    /// The session; without it, the latest
    #[arg(long, value_name = "id", allow_hyphen_values = true)]
    session: Option<String>,

    #[command(flatten)]
    root: Root,
}

/// How a session can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum End {
    /// Everything is done
    #[value(name = "DONE")]
    Done,
    /// It cannot go on
    #[value(name = "BLOCKED")]
    Blocked,
    /// Nobody will go on
    #[value(name = "ABANDONED")]
    Abandoned,
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let status = match args.status {
        End::Done => "DONE",
        End::Blocked => "BLOCKED",
        End::Abandoned => "ABANDONED",
    };
    let id = handoff::close(&args.root.repo_root, args.session.as_deref(), status)?;
    if ui.json {
        ui.object(json!({ "session_id": id, "status": status }))?;
    } else {
        ui.line(format!("glue-handoff close: set session {id} status to {status}"))?;
    }
    Ok(Exit::Done)
}
