//! `git glue-list`: the sessions of the store, newest first.

use serde_json::Value;

use super::summary::Summary;
use super::{Common, Exit, Failure, Program, Style, Ui};
use crate::session::{Session, Store};

/// List the sessions of the store, newest first
///
/// One line for each session: its id, the runtime it ran in (`host` for none), the size of its patch (`patch=-` when there
/// is none), and its title. A patch that is over the size cap is marked as truncated; one that could not be captured anew
/// is marked as older, with the reason. Sessions whose files are damaged are listed too, with what is wrong with them.
///
/// The store is `$GLUE_HOME`, or `~/.glue` when that is not set.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-list", bin_name = "git glue-list", version)]
pub struct Args {
    /// Show at most <number> sessions
    #[arg(short = 'n', long = "max-count", value_name = "number")]
    max_count: Option<usize>,

    /// Show nothing but ids, one a line
    #[arg(long, conflicts_with = "json")]
    ids: bool,

    #[command(flatten)]
    common: Common,
}

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        let store = Store::from_env();
        let sessions = store.newest()?.take(self.max_count.unwrap_or(usize::MAX));
        if ui.json {
            json(ui, sessions)?;
            return Ok(Exit::Done);
        }
        let mut none = true;
        for session in sessions {
            none = false;
            if self.ids {
                ui.line(session.id())?;
            } else {
                line(ui, &Summary::of(&session))?;
            }
        }
        if none && self.max_count != Some(0) {
            ui.say(format!("No sessions found in {}.", store.sessions().display()));
        }
        Ok(Exit::Done)
    }
}

/// The columns are as wide as what they usually hold: nothing waits for the last session to be known.
fn line(ui: &mut Ui, summary: &Summary) -> Result<(), Failure> {
    ui.styled(Style::Bold, format!("{:<28}", summary.id))?;
    ui.raw(format!("  {:<8}  {:<20}  ", super::summary::one_line(summary.runtime()), summary.patch()))?;
    match &summary.meta {
        Ok(_) => ui.raw(summary.title())?,
        Err(_) => ui.styled(Style::Bad, summary.title())?,
    }
    ui.line("")
}

/// One object, written as it is found.
fn json(ui: &mut Ui, sessions: impl Iterator<Item = Session>) -> Result<(), Failure> {
    ui.raw("{\"schema_version\":1,\"sessions\":[")?;
    for (number, session) in sessions.enumerate() {
        let value: Value = Summary::of(&session).to_json();
        ui.raw(if number == 0 { "" } else { "," })?;
        ui.raw(value.to_string())?;
    }
    ui.line("]}")
}
