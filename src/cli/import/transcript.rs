//! `git glue-import --from`: what another agent recorded, as a session of the store.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::{Exit, Failure, Ui};
use crate::log::transcripts::{Agent, Arrived, Error, Placed, Transcript, newest};
use crate::session::{Store, counted};

/// An agent whose transcripts are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// Claude Code
    Claude,
    /// Codex
    Codex,
    /// Gemini CLI
    Gemini,
    /// OpenCode
    Opencode,
}

/// Takes the transcript at `path` in; `newest`, or no path, is the one of this directory that was written last.
pub(super) fn run(ui: &mut Ui, from: From, path: Option<&OsStr>, force: bool) -> Result<Exit, Failure> {
    let agent = Agent::from(from);
    let transcript = match path.and_then(OsStr::to_str) {
        Some("-") => {
            if std::io::stdin().is_terminal() {
                ui.say("waiting for a transcript on standard input");
            }
            Transcript::spool(agent, std::io::stdin().lock())
        }
        Some("newest") | None if path.is_none_or(|path| !Path::new(path).exists()) => {
            let home = std::env::home_dir().unwrap_or_default();
            let found = newest(agent, Path::new("."), &home)?;
            ui.say(format!("taking {}", found.display()));
            Transcript::open(agent, &found)
        }
        _ => Transcript::open(agent, &PathBuf::from(path.unwrap_or_default())),
    }?;
    let source = transcript.path().display().to_string();
    let placed = transcript.import(&Store::from_env(), force)?;
    tell(ui, &placed, &source);
    let id = placed.session.id();
    if ui.json {
        ui.object(object(&placed, agent, &source))?;
    } else {
        ui.line(id)?;
        ui.hint(format!("git glue-resume {id}"));
    }
    Ok(Exit::Done)
}

fn tell(ui: &mut Ui, placed: &Placed, source: &str) {
    let told = &placed.told;
    if told.skipped > 0 {
        ui.warn(format!("{source}: {} could not be read and came not along", counted(told.skipped, "line", "lines")));
    }
    if let Arrived::Forced { previous: Some(previous) } = &placed.arrived {
        ui.warn(format!("the conversation that was there is {previous} now"));
    }
    let kept = match told.kept {
        0 => String::new(),
        1 => ", 1 row of another kind kept as it came".to_owned(),
        kept => format!(", {kept} rows of other kinds kept as they came"),
    };
    let counts = format!(
        "{} and {}{kept}",
        counted(told.messages, "message", "messages"),
        counted(told.calls, "tool call", "tool calls")
    );
    ui.say(match placed.arrived {
        Arrived::AlreadyThere => format!("in the store already: {counts}"),
        Arrived::Grown => format!("the session has grown: {counts} now"),
        Arrived::New | Arrived::Forced { .. } => counts,
    });
}

fn object(placed: &Placed, agent: Agent, source: &str) -> serde_json::Value {
    let told = &placed.told;
    json!({
        "id": placed.session.id(),
        "directory": placed.session.dir().to_string_lossy(),
        "already_there": placed.arrived == Arrived::AlreadyThere,
        "replaced": matches!(placed.arrived, Arrived::Grown | Arrived::Forced { .. }),
        "taken": null,
        "from": agent.name(),
        "source": source,
        "rows": told.rows,
        "messages": told.messages,
        "tool_calls": told.calls,
        "kept_rows": told.kept,
        "skipped_lines": told.skipped,
    })
}

impl std::convert::From<From> for Agent {
    fn from(from: From) -> Agent {
        match from {
            From::Claude => Agent::Claude,
            From::Codex => Agent::Codex,
            From::Gemini => Agent::Gemini,
            From::Opencode => Agent::OpenCode,
        }
    }
}

impl std::convert::From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let message = error.to_string();
        let failure = |kind| Failure::new(Exit::Failed, kind, message);
        match error {
            Error::Read { .. } => failure("io"),
            Error::NoneHere { .. } => {
                failure("no-transcript").hint("go to the directory of the session, or name the file")
            }
            Error::Database { .. } => failure("database")
                .hint("opencode session list shows the ids; opencode export <id> > session.json, and import that file"),
            Error::NotOne { .. } => failure("not-a-transcript").hint("--from names the agent that wrote it"),
            Error::BreaksOff { .. } => failure("broken-transcript").hint("its end is missing: copy or export it again"),
            Error::Nameless { .. } => {
                failure("nameless-transcript").hint("write an id there: the session is called by it")
            }
            Error::Empty { .. } => failure("empty-transcript"),
            Error::Differs { .. } => failure("session-exists")
                .hint("--force takes the transcript; what is there is kept beside it, as conversation.jsonl.previous"),
            Error::Store(error) => error.into(),
        }
    }
}
