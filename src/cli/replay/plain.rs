//! The replay as text, and as JSON.

use std::io;

use serde_json::{Value, json};

use super::Replay;
use crate::audit::{Layout, escape};
use crate::cli::ui::plain_json;
use crate::cli::{Failure, Style, Ui};
use crate::replay::{Act, Beside, Change, Difference, Recovery, Step, Timeline, data, mixes_line_ends};
use crate::session::{CallResult, Outcome, size_text};

impl Replay {
    /// Prints the steps from the one with that number, from 1. The log is read to its end before: a turn's tokens and the
    /// result of a call may be anywhere behind them.
    pub(super) fn plain(mut self, ui: &mut Ui, start: usize) -> Result<(), Failure> {
        self.timeline.finish(&self.conversation).map_err(|error| self.unreadable(&error))?;
        let mut turn = None;
        self.steps(start, |timeline, step, changes| {
            let number = timeline.turn_of(step.number);
            if number != turn {
                turn = number;
                show_turn(ui, timeline, number.unwrap_or(0))?;
            }
            show(ui, &step, &changes)
        })?;
        let replay = self.whole(ui)?;
        replay.has_step(start)?;
        if replay.timeline.is_empty() {
            ui.say("the log is empty");
        }
        replay.rest(ui)
    }

    /// Prints everything as one object, step by step.
    pub(super) fn json(self, ui: &mut Ui, start: usize) -> Result<(), Failure> {
        let mut replay = self.whole(ui)?;
        replay.has_step(start)?;
        let head = plain_json(&replay.head().to_string());
        ui.raw(format!("{{\"schema_version\":1,{},\"steps\":[", &head[1..head.len() - 1]))?;
        let mut is_first = true;
        replay.steps(start, |timeline, step, changes| {
            let step = data::step(&step, timeline, &changes).to_string();
            ui.raw(if std::mem::take(&mut is_first) { "" } else { "," })?;
            ui.raw(plain_json(&step))
        })?;
        ui.line("]}")
    }

    /// What is known of the session as a whole.
    fn head(&self) -> Value {
        let session = self.conversation.session.as_ref();
        let turns = self.timeline.turns().iter();
        let turns = turns.map(|turn| json!({ "first_step": turn.first + 1, "tokens": data::tokens(&turn.tokens) }));
        json!({
            "session": {
                "id": session.map(|session| session.id()),
                "title": self.meta.title,
                "model": session.map(|_| self.meta.model()),
                "cwd": self.meta.cwd,
            },
            "tokens": data::tokens(&self.timeline.tokens()),
            "turns": turns.collect::<Vec<_>>(),
            "unseen": self.beside.known().map(data::unseen),
            "capture_error": if let Beside::Failed(why) = &self.beside { Some(why) } else { None },
        })
    }

    /// Hands each step on, with what it did to files.
    fn steps(
        &mut self,
        start: usize,
        mut each: impl FnMut(&Timeline, Step, Vec<Change>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut recovery = Recovery::default();
        for number in start.saturating_sub(1)..self.end {
            let unreadable = |error: io::Error| self.unreadable(&error);
            let step = Step::read(&self.conversation, &self.timeline, number).map_err(unreadable)?;
            let Some(step) = step else { break };
            let changes = recovery.changes(&self.conversation, &self.timeline, &step).map_err(unreadable)?;
            each(&self.timeline, step, changes)?;
        }
        Ok(())
    }

    /// What the log does not tell.
    fn rest(&self, ui: &mut Ui) -> Result<(), Failure> {
        let Some(unseen) = self.beside.known() else { return Ok(()) };
        let limits = unseen.limits();
        if unseen.files.is_empty() && limits.is_empty() {
            return Ok(());
        }
        ui.styled(Style::Bold, "── where the capture differs from the log")?;
        ui.line("\n")?;
        limits.into_iter().try_for_each(|limit| ui.line(limit))?;
        for file in &unseen.files {
            let remark = file.how.remark().map_or(String::new(), |remark| format!(" ({remark})"));
            let counts = match file.how {
                Difference::Undone => String::new(),
                _ => format!(" +{} -{}", file.added, file.removed),
            };
            ui.line(format!("  {}{remark}{counts}", escape(&file.path, Layout::Line)))?;
        }
        Ok(())
    }
}

fn show_turn(ui: &mut Ui, timeline: &Timeline, number: usize) -> Result<(), Failure> {
    let Some(turn) = timeline.turns().get(number) else { return Ok(()) };
    let tokens = if turn.tokens.is_none() { String::new() } else { format!(" · tokens: {}", turn.tokens) };
    ui.styled(Style::Bold, format!("── turn {}{tokens}", number + 1))?;
    ui.line("\n")
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
        Act::Prompt(text) if text.trim().is_empty() => indented(ui, "(empty)")?,
        Act::Prompt(text) | Act::Answer(text) | Act::Thinking(text) | Act::Title(text) => indented(ui, text)?,
        Act::Notice { message, .. } => indented(ui, message)?,
        Act::Spawned(spawned) => indented(ui, &spawned.task)?,
        Act::Completed { error, .. } => indented(ui, error.as_deref().unwrap_or_default())?,
        Act::Result(result) => answer(ui, result, true)?,
        Act::Unknown { row, .. } => indented(ui, &json!(row).to_string())?,
        Act::Damaged { bytes, .. } => indented(ui, &String::from_utf8_lossy(bytes))?,
        Act::Call { call, .. } => {
            if changes.is_empty() {
                indented(ui, &call.command().unwrap_or_else(|| json!(call.arguments).to_string()))?;
            }
        }
    }
    for change in changes {
        let remark = change.remark().map_or(String::new(), |remark| format!(" ({remark})"));
        ui.line(format!("    {}{remark}", escape(change.path.as_bytes(), Layout::Line)))?;
        hunks(ui, &change.hunks())?;
    }
    if let Act::Call { result: Some(result), outcome, .. } = &step.act {
        // Of a change that was made its content says little.
        answer(ui, result, changes.is_empty() || !outcome.may_have_worked())?;
    }
    ui.line("")
}

/// What came of a call: in a line, and in full.
fn answer(ui: &mut Ui, result: &CallResult, is_full: bool) -> Result<(), Failure> {
    if let Some(summary) = &result.summary {
        indented(ui, summary)?;
    }
    if is_full { indented(ui, &result.content) } else { Ok(()) }
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
        Act::Damaged { length, is_long: true, .. } => format!("row of {}, too long to be shown", size_text(*length)),
        Act::Damaged { length, .. } => format!("damaged row of {}", size_text(*length)),
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
    let are_mixed = mixes_line_ends(hunks);
    for line in hunks.split_terminator('\n') {
        let (line, end) = line.strip_suffix('\r').map_or((line, ""), |line| (line, if are_mixed { "\\r" } else { "" }));
        let style = match line.as_bytes().first() {
            Some(b'+') => Some(Style::Good),
            Some(b'-') => Some(Style::Bad),
            Some(b'@') => Some(Style::Hunk),
            _ => None,
        };
        let line = format!("    {line}{end}");
        match style {
            Some(style) => ui.styled(style, line)?,
            None => ui.raw(line)?,
        }
        ui.line("")?;
    }
    Ok(())
}
