//! `git glue-list`: the sessions of the store, newest first.

use serde_json::Value;

use super::summary::{Summary, one_line};
use super::{Common, Exit, Failure, Program, Style, Ui};
use crate::audit::{Layout, escape};
use crate::session::{Session, Store};

/// List the sessions of the store, newest first
///
/// One line for each session: its id, the runtime it ran in (`host` for none), the size of its patch (`patch=-` when there
/// is none), and its title, on a terminal cut to its width. A patch that is over the size cap is marked as truncated; one that could not be captured anew
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
        let newest = store.newest()?;
        let all = newest.widest();
        let sessions = newest.take(self.max_count.unwrap_or(usize::MAX));
        if ui.json {
            json(ui, sessions)?;
            return Ok(Exit::Done);
        }
        let mut none = true;
        if self.ids {
            for session in sessions {
                none = false;
                ui.line(session.id())?;
            }
        } else if self.max_count.is_some() {
            let sessions: Vec<_> = sessions.collect();
            none = sessions.is_empty();
            let widest = sessions.iter().map(|session| session.id().chars().count()).max();
            sessions.iter().try_for_each(|session| line(ui, session, widest.unwrap_or(0)))?;
        } else {
            // All ids are known before the first session is read: nothing waits for the last.
            for session in sessions {
                none = false;
                line(ui, &session, all)?;
            }
        }
        if none && self.max_count != Some(0) {
            ui.say(format!("No sessions found in {}.", store.sessions().display()));
        }
        Ok(Exit::Done)
    }
}

/// The first column is as wide as the widest id, the next two as what they usually hold. On a terminal, the title ends
/// where the line does.
fn line(ui: &mut Ui, session: &Session, widest: usize) -> Result<(), Failure> {
    let summary = Summary::of(session);
    let middle = format!("  {:<8}  {:<20}  ", one_line(summary.runtime()), summary.patch());
    ui.styled(Style::Bold, format!("{:<widest$}", summary.id))?;
    ui.raw(&middle)?;
    let used = widest.max(summary.id.chars().count()) + middle.chars().count();
    let title = match ui.columns() {
        Some(columns) => shortened(&escape(summary.title().as_bytes(), Layout::Line), columns.saturating_sub(used)),
        None => summary.title(),
    };
    match &summary.meta {
        Ok(_) => ui.raw(title)?,
        Err(_) => ui.styled(Style::Bad, title)?,
    }
    ui.line("")
}

/// At most `width` characters, but never so few that nothing can be read.
fn shortened(title: &str, width: usize) -> String {
    const FEWEST: usize = 16;
    let width = width.max(FEWEST);
    if title.chars().count() <= width {
        return title.to_owned();
    }
    let start: String = title.chars().take(width - 1).collect();
    format!("{}…", start.trim_end())
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
