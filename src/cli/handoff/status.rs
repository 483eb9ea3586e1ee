//! `glue-handoff status`.

use serde_json::json;

use super::{Git, Root};
use crate::cli::{Exit, Failure, Ui};
use crate::handoff::{History, Status, drift};

/// Show where the last session stopped
///
/// The newest session, what is to be done first, which decisions stand, and whether the history is consistent; not the
/// handoff itself.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(super) struct Args {
    #[command(flatten)]
    root: Root,

    #[command(flatten)]
    git: Git,
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let history = History::of(&args.root.repo_root);
    if !history.is_there() {
        if ui.json {
            let message = format!("no .agent-history/ found at {}", history.folder().display());
            return Err(Failure::new(Exit::Failed, "no-history", message));
        }
        ui.line(format!("glue-handoff status: no .agent-history/ found at {}", history.folder().display()))?;
        return Ok(Exit::Failed);
    }
    let status = history.undisturbed(|| Status::of(&history));
    let git = match args.git.git {
        true => drift(history.root(), &status.current_branch, &status.head_commit),
        false => Vec::new(),
    };
    if ui.json {
        json_of(&status, &git, ui)?
    } else {
        text_of(&status, &git, ui)?
    }
    Ok(Exit::Done)
}

fn text_of(status: &Status, git: &[String], ui: &mut Ui) -> Result<(), Failure> {
    let or_unknown = |text: &str| if text.is_empty() { "(unknown)".to_owned() } else { text.to_owned() };
    let action = match status.is_done() {
        true => "none (session DONE)".to_owned(),
        false => or_unknown(&status.first_next_action),
    };
    ui.line(".agent-history: present")?;
    for (name, value) in [
        ("latest session", or_unknown(&status.latest_session)),
        ("latest file", or_unknown(&status.latest_file)),
        ("current branch", or_unknown(&status.current_branch)),
        ("head commit", or_unknown(&status.head_commit)),
        ("first next action", action),
        ("status", or_unknown(&status.status)),
        ("sessions", status.sessions.to_string()),
        ("decisions", status.decisions.to_string()),
    ] {
        ui.line(format!("{name}: {value}"))?;
    }
    if let Some(other) = &status.supersedes {
        ui.line(format!("lineage: {} <- supersedes {other}", or_unknown(&status.latest_session)))?;
    }
    if !status.standing.is_empty() {
        ui.line("standing:")?;
        status.standing.iter().try_for_each(|line| ui.line(format!("  {line}")))?;
    }
    match status.problems.len() {
        0 => ui.line("validation: OK")?,
        count => ui.line(format!("validation: {count} problem(s)"))?,
    }
    status.problems.iter().try_for_each(|problem| ui.line(format!("  - {problem}")))?;
    git.iter().try_for_each(|message| ui.line(format!("git: {message}")))
}

fn json_of(status: &Status, git: &[String], ui: &mut Ui) -> Result<(), Failure> {
    let or_null = |text: &str| if text.is_empty() { serde_json::Value::Null } else { text.into() };
    ui.object(json!({
        "latest_session": or_null(&status.latest_session),
        "latest_file": or_null(&status.latest_file),
        "current_branch": or_null(&status.current_branch),
        "head_commit": or_null(&status.head_commit),
        "first_next_action": or_null(&status.first_next_action),
        "status": or_null(&status.status),
        "sessions": status.sessions,
        "decisions": status.decisions,
        "supersedes": status.supersedes,
        "standing": status.standing,
        "problems": status.problems,
        "git": git,
    }))
}
