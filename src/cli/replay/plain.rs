//! The replay as text, and as JSON.

use std::io;

use serde_json::json;

use super::Replay;
use crate::audit::{Layout, escape};
use crate::cli::{Failure, Style, Ui};
use crate::replay::{Act, Change, Recovery, Step, data};
use crate::session::Outcome;

impl Replay {
    /// Prints the steps from the one with that number, from 1.
    pub(super) fn plain(&self, ui: &mut Ui, start: usize) -> Result<(), Failure> {
        let mut turn = None;
        self.steps(start, |step, changes| {
            let number = self.timeline.turn_of(step.number);
            if number != turn {
                turn = number;
                self.turn(ui, number.unwrap_or(0))?;
            }
            show(ui, &step, &changes)
        })?;
        self.rest(ui)
    }

    /// Prints everything as one object, step by step.
    pub(super) fn json(&self, ui: &mut Ui, start: usize) -> Result<(), Failure> {
        let session = json!({
            "id": self.conversation.session.as_ref().map(|session| session.id()),
            "title": self.meta.title,
            "model": self.conversation.session.as_ref().map(|_| self.meta.model()),
            "cwd": self.meta.cwd,
        });
        let turns = self.timeline.turns().iter();
        let turns: Vec<_> =
            turns.map(|turn| json!({ "first_step": turn.first + 1, "tokens": data::tokens(&turn.tokens) })).collect();
        let head = json!({
            "session": session,
            "tokens": data::tokens(&self.timeline.tokens()),
            "turns": turns,
            "unseen": self.unseen.as_ref().map(data::unseen),
        });
        let head = crate::cli::ui::plain_json(&head.to_string());
        ui.raw(format!("{{\"schema_version\":1,{},\"steps\":[", &head[1..head.len() - 1]))?;
        let mut is_first = true;
        self.steps(start, |step, changes| {
            let step = data::step(&step, &self.timeline, &changes).to_string();
            ui.raw(if std::mem::take(&mut is_first) { "" } else { "," })?;
            ui.raw(crate::cli::ui::plain_json(&step))
        })?;
        ui.line("]}")
    }

    /// Hands each step on, with what it did to files.
    fn steps(
        &self,
        start: usize,
        mut each: impl FnMut(Step, Vec<Change>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut recovery = Recovery::default();
        let unreadable = |error: io::Error| self.unreadable(&error);
        for number in start.saturating_sub(1)..self.timeline.len() {
            let step = Step::read(&self.conversation, &self.timeline, number).map_err(unreadable)?;
            let Some(step) = step else { break };
            let changes = recovery.changes(&self.conversation, &self.timeline, &step).map_err(unreadable)?;
            each(step, changes)?;
        }
        Ok(())
    }

    fn turn(&self, ui: &mut Ui, number: usize) -> Result<(), Failure> {
        let Some(turn) = self.timeline.turns().get(number) else { return Ok(()) };
        let (read, written) = turn.tokens.main;
        let tokens = if turn.tokens == Default::default() {
            String::new()
        } else {
            format!(" · {read} tokens in, {written} out")
        };
        ui.styled(Style::Bold, format!("── turn {}{tokens}", number + 1))?;
        ui.line("\n")
    }

    /// What the log does not tell.
    fn rest(&self, ui: &mut Ui) -> Result<(), Failure> {
        let Some(unseen) = self.unseen.as_ref().filter(|unseen| !unseen.files.is_empty()) else { return Ok(()) };
        ui.styled(Style::Bold, "── what the log does not tell, and the capture does")?;
        ui.line("\n")?;
        for file in &unseen.files {
            let again = if file.is_logged { " (changed again)" } else { "" };
            let path = escape(&file.path, Layout::Line);
            ui.line(format!("  {path}{again} +{} -{}", file.added, file.removed))?;
        }
        Ok(())
    }
}

/// Lines of a text that are shown.
const LINES: usize = 30;

fn show(ui: &mut Ui, step: &Step, changes: &[Change]) -> Result<(), Failure> {
    let at = step.at.map_or(String::new(), |at| format!("{at:.0} "));
    let agent =
        step.agent.as_ref().map_or(String::new(), |agent| format!(" [{}]", escape(agent.as_bytes(), Layout::Line)));
    ui.styled(Style::Dim, format!("#{} {at}", step.number + 1))?;
    ui.styled(Style::Bold, format!("{}{agent}", label(&step.act)))?;
    ui.line("")?;
    match &step.act {
        Act::Prompt(text) | Act::Answer(text) | Act::Thinking(text) | Act::Title(text) => indented(ui, text)?,
        Act::Notice { message, .. } => indented(ui, message)?,
        Act::Spawned(spawned) => indented(ui, &spawned.task)?,
        Act::Completed { error, .. } => indented(ui, error.as_deref().unwrap_or_default())?,
        Act::Result(result) => indented(ui, &result.content)?,
        Act::Unknown { row, .. } => indented(ui, &json!(row).to_string())?,
        Act::Damaged { bytes, .. } => indented(ui, &String::from_utf8_lossy(bytes))?,
        Act::Call { call, result, .. } => {
            if changes.is_empty() {
                indented(ui, &call.command().unwrap_or_else(|| json!(call.arguments).to_string()))?;
                indented(ui, result.as_ref().map_or("", |result| &result.content))?;
            }
        }
    }
    for change in changes {
        let remark = change.remark().map_or(String::new(), |remark| format!(" ({remark})"));
        ui.line(format!("    {}{remark}", escape(change.path.as_bytes(), Layout::Line)))?;
        hunks(ui, &change.hunks())?;
    }
    ui.line("")
}

/// What a step is called.
fn label(act: &Act) -> String {
    match act {
        Act::Prompt(_) => "prompt".into(),
        Act::Answer(_) => "answer".into(),
        Act::Thinking(_) => "thinking".into(),
        Act::Title(_) => "title".into(),
        Act::Notice { kind, .. } => escape(kind.as_bytes(), Layout::Line).into_owned(),
        Act::Spawned(_) => "subagent starts".into(),
        Act::Completed { .. } => "subagent ends".into(),
        Act::Result(_) => "result of no call".into(),
        Act::Unknown { kind, .. } => escape(kind.as_deref().unwrap_or("row").as_bytes(), Layout::Line).into_owned(),
        Act::Damaged { .. } => "damaged row".into(),
        Act::Call { call, result, outcome, .. } => {
            let name = escape(call.name.as_bytes(), Layout::Line);
            let how = match outcome {
                Outcome::Passed => String::new(),
                Outcome::Failed(Some(note)) => format!(": failed, {note}"),
                Outcome::Failed(None) => ": failed".into(),
                Outcome::Stopped(how) => format!(": {how}"),
                Outcome::Untold if result.is_none() => ": no result".into(),
                Outcome::Untold => String::new(),
            };
            format!("{name}{how}")
        }
    }
}

/// The start of a text, set in.
fn indented(ui: &mut Ui, text: &str) -> Result<(), Failure> {
    let mut lines = text.trim_end().lines();
    for line in lines.by_ref().take(LINES) {
        ui.line(format!("    {line}"))?;
    }
    match lines.count() {
        0 => Ok(()),
        more => {
            ui.styled(Style::Dim, format!("    … {more} more lines"))?;
            ui.line("")
        }
    }
}

fn hunks(ui: &mut Ui, hunks: &str) -> Result<(), Failure> {
    for line in hunks.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => Some(Style::Good),
            Some(b'-') => Some(Style::Bad),
            Some(b'@') => Some(Style::Hunk),
            _ => None,
        };
        let line = format!("    {line}");
        match style {
            Some(style) => ui.styled(style, line)?,
            None => ui.raw(line)?,
        }
        ui.line("")?;
    }
    Ok(())
}
