//! A step in full, as rows: what was said, the call and what came of it, what became of the files.

use std::collections::HashSet;

use ratatui::style::Style;
use ratatui::text::Span;
use serde_json::{Map, Value};

use super::diff::Form;
use super::log::{Log, is_bad};
use super::text::{Breaks, MOST_ROWS, Page, brief, start};
use super::theme::{ACCENT, AGENT, BAD, BOLD, DIM, GOOD, PLAIN, WARN, sign};
use crate::replay::{Act, Change, Recovered, Step, Text};
use crate::session::{Call, CallResult, Outcome, size_text};

/// How steps are shown.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) form: Form,
    /// The rows of the log instead of what they say.
    pub(super) is_raw: bool,
    /// Whether all is shown of long texts.
    pub(super) is_unfolded: bool,
    /// Steps of which it is the other way round.
    pub(super) turned: HashSet<usize>,
}

/// Rows of texts that are folded.
const OF_COMMANDS: usize = 8;
const OF_RESULTS: usize = 12;
const OF_SPEECH: usize = 200;

impl Look {
    pub(super) fn is_unfolded(&self, step: usize) -> bool {
        self.is_unfolded != self.turned.contains(&step)
    }

    fn most(&self, step: usize, folded: usize) -> usize {
        if self.is_unfolded(step) { MOST_ROWS } else { folded }
    }
}

/// A step in full.
pub(super) fn page(log: &mut Log, number: usize, look: &Look, width: usize) -> Page {
    let mut page = Page::new(width);
    let Some(step) = log.step(number) else {
        if log.is_read {
            page.text("Nothing is in this log.", 0, Breaks::Words, 1, |_| DIM);
        }
        return page;
    };
    heading(&mut page, log, &step);
    page.blank();
    if look.is_raw {
        raw(&mut page, log, number);
        return page;
    }
    match &step.act {
        Act::Prompt(text) if text.trim().is_empty() => page.text("(empty)", 0, Breaks::Words, 1, |_| DIM),
        Act::Prompt(text) | Act::Answer(text) | Act::Spawned(crate::session::Spawned { task: text, .. }) => {
            speech(&mut page, text, look.most(number, OF_SPEECH));
        }
        Act::Thinking(text) => page.text(text, 0, Breaks::Words, look.most(number, OF_SPEECH), |_| DIM),
        Act::Title(text) => page.text(text, 0, Breaks::Words, OF_SPEECH, |_| BOLD),
        Act::Notice { message, .. } => {
            let style = if log.mark(number).is_some_and(is_bad) { BAD } else { WARN };
            page.text(message, 0, Breaks::Words, OF_SPEECH, |_| style);
        }
        Act::Completed { error, .. } => {
            page.text(error.as_deref().unwrap_or_default(), 0, Breaks::Words, OF_SPEECH, |_| BAD);
        }
        Act::Result(result) => answer(&mut page, result, look.most(number, OF_RESULTS)),
        Act::Unknown { row, .. } => json(&mut page, &Value::Object(row.clone()), MOST_ROWS),
        Act::Damaged { bytes, .. } => {
            page.text(&crate::audit::escape(bytes, crate::audit::Layout::Line), 0, Breaks::Anywhere, OF_SPEECH, |_| DIM)
        }
        Act::Call { call, result, .. } => {
            let changes = log.changes(&step);
            self::call(&mut page, number, call, result.as_ref(), &changes, look);
        }
    }
    page
}

fn heading(page: &mut Page, log: &Log, step: &Step) {
    let Some(mark) = log.mark(step.number) else { return };
    let (sign, style) = sign(mark);
    let mut spans = vec![Span::styled(format!("{sign} "), style), Span::styled(label(&step.act), BOLD)];
    let note = |text: String, style: Style| [Span::styled(" · ", DIM), Span::styled(text, style)];
    if let Some((how, style)) = ending(&step.act) {
        spans.extend(note(how, style));
    }
    if let Some(id) = &step.agent {
        let number = log.timeline.agent(id).map_or(String::new(), |agent| format!(" {}", agent.number));
        spans.extend(note(format!("agent{number}, {}", brief(id)), AGENT));
    }
    if let Act::Spawned(spawned) = &step.act
        && let Some(model) = &spawned.model
    {
        spans.extend(note(brief(model), DIM));
    }
    if let Some(at) = step.at {
        spans.extend(note(at.strftime("%F %T").to_string(), DIM));
    }
    let mut room = page.width;
    for span in &mut spans {
        span.content = super::text::cut(&span.content, room).into_owned().into();
        room -= span.width().min(room);
    }
    page.row(spans);
}

/// What a step is called.
fn label(act: &Act) -> String {
    match act {
        Act::Prompt(_) => "Prompt".into(),
        Act::Answer(_) => "Answer".into(),
        Act::Thinking(_) => "Thinking".into(),
        Act::Title(_) => "Title".into(),
        Act::Notice { kind, .. } if kind.is_empty() => "Notice".into(),
        Act::Notice { kind, .. } => brief(kind),
        Act::Spawned(_) => "Subagent starts".into(),
        Act::Completed { .. } => "Subagent ends".into(),
        Act::Result(_) => "Result of no call".into(),
        Act::Unknown { kind, .. } => format!("Row of type {}", brief(kind.as_deref().unwrap_or("(none)"))),
        Act::Damaged { length, is_long: true, .. } => format!("Row of {}, too long to be shown", size_text(*length)),
        Act::Damaged { length, .. } => format!("Damaged row of {}", size_text(*length)),
        Act::Call { call, .. } if call.name.is_empty() => "Call".into(),
        Act::Call { call, .. } => brief(&call.name),
    }
}

/// How a step ended.
fn ending(act: &Act) -> Option<(String, Style)> {
    let (how, style) = match act {
        Act::Completed { status, duration_ms, .. } => {
            let took = duration_ms.map_or(String::new(), |ms| format!(" in {}", took(i64::try_from(ms).unwrap_or(0))));
            (format!("{}{took}", brief(status.as_deref().unwrap_or("completed"))), PLAIN)
        }
        Act::Call { result: None, .. } => ("no result".into(), WARN),
        Act::Call { outcome, took: time, .. } => {
            let (how, style) = match outcome {
                Outcome::Passed => ("passed".into(), GOOD),
                Outcome::Failed(Some(note)) => (format!("failed, {}", brief(note)), BAD),
                Outcome::Failed(None) => ("failed".into(), BAD),
                Outcome::Stopped(how) => ((*how).to_owned(), WARN),
                Outcome::Untold => ("done".into(), PLAIN),
            };
            let took = time.and_then(|time| i64::try_from(time.as_millis()).ok()).filter(|&ms| ms >= 0).map(took);
            (took.map_or(how.clone(), |took| format!("{how} in {took}")), style)
        }
        _ => return None,
    };
    Some((how, style))
}

fn took(milliseconds: i64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => format!("{}:{:02} min", milliseconds / 60_000, milliseconds % 60_000 / 1_000),
    }
}

/// What somebody said: the marks of Markdown stay, and are seen better.
fn speech(page: &mut Page, text: &str, most: usize) {
    let is_code = std::cell::Cell::new(false);
    page.text(text, 0, Breaks::Words, most, |line| {
        let is_fence = line.trim_start().starts_with("```");
        let was_code = is_code.get();
        is_code.set(was_code != is_fence);
        match line {
            _ if is_fence => DIM,
            _ if was_code => ACCENT,
            _ if line.starts_with('#') => BOLD,
            _ => PLAIN,
        }
    });
}

fn call(page: &mut Page, number: usize, call: &Call, result: Option<&CallResult>, changes: &[Change], look: &Look) {
    let is_unfolded = look.is_unfolded(number);
    let most = look.most(number, OF_COMMANDS);
    match call.command() {
        Some(command) => {
            page.text(&format!("$ {command}"), 0, Breaks::Anywhere, most, |_| BOLD);
            let others = call.arguments.iter().filter(|(key, _)| !matches!(key.as_str(), "command" | "cmd"));
            arguments(page, others, most);
        }
        None if changes.is_empty() || is_unfolded => arguments(page, call.arguments.iter(), most),
        None => {}
    }
    for each in changes {
        change(page, each, look.form);
    }
    let Some(result) = result else { return };
    page.blank();
    if !changes.is_empty() && !is_unfolded && changes.iter().all(|change| change.is_applied) {
        let line = result.summary.as_deref().unwrap_or(&result.content);
        page.text(start(line.lines().next().unwrap_or_default(), 400), 0, Breaks::Words, 2, |_| DIM);
    } else {
        answer(page, result, look.most(number, OF_RESULTS));
    }
}

/// What a call was given, a key at a time.
fn arguments<'a>(page: &mut Page, arguments: impl Iterator<Item = (&'a String, &'a Value)>, most: usize) {
    for (key, value) in arguments {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = format!("{}: ", brief(key));
        if text.contains('\n') {
            page.row(vec![Span::styled(name, ACCENT)]);
            page.text(&text, 2, Breaks::Anywhere, most, |_| PLAIN);
        } else {
            let first = page.rows.len();
            page.text(&format!("{name}{text}"), 0, Breaks::Words, most, |_| PLAIN);
            let row = page.rows.get_mut(first).and_then(|row| row.spans.last_mut());
            let Some((span, rest)) = row.and_then(|span| {
                let rest = span.content.strip_prefix(&name)?.to_owned();
                Some((span, rest))
            }) else {
                continue;
            };
            *span = Span::styled(name, ACCENT);
            page.rows[first].spans.push(Span::raw(rest));
        }
    }
}

/// What a call did to a file.
pub(super) fn change(page: &mut Page, change: &Change, form: Form) {
    let mut spans = vec![Span::styled(brief(&change.path), BOLD)];
    if let Some(remark) = change.remark() {
        spans.push(Span::styled(format!(" · {remark}"), if change.is_applied { DIM } else { WARN }));
    }
    page.row(spans);
    let (text, is_numbered) = match &change.recovered {
        Recovered::Recorded(text) | Recovered::Rebuilt(text) => (Some(text.clone()), true),
        Recovered::Overwritten(after) => (Some(Text { before: String::new(), after: after.clone() }), true),
        Recovered::Parts(_) | Recovered::TooLong | Recovered::Untold => (None, false),
    };
    page.diff(&change.hunks(), text.as_ref(), form, is_numbered);
}

/// What came of a call.
fn answer(page: &mut Page, result: &CallResult, most: usize) {
    if let Some(summary) = &result.summary {
        page.text(&brief(summary), 0, Breaks::Words, 2, |_| DIM);
    }
    page.ends(&result.content, 2, most, |line| match line {
        _ if line.starts_with("STDERR:") || line.starts_with("Error:") || line.starts_with("Tool error:") => BAD,
        _ if line == "Exit code: 0" => DIM,
        _ if line.starts_with("Exit code: ") => BAD,
        _ => PLAIN,
    });
}

/// The rows that a step was read from.
fn raw(page: &mut Page, log: &mut Log, number: usize) {
    let Some(mark) = log.mark(number) else { return };
    let far = log.timeline.far_result(number).map(|offset| (offset, 0));
    let result = far.or_else(|| Some((mark.offset(), mark.rows_to_result()?)));
    for (offset, distance) in [Some((mark.offset(), 0)), result].into_iter().flatten() {
        let mut rows = log.conversation.rows_from(offset);
        let read = (|| {
            for _ in 0..distance {
                rows.advance()?;
            }
            Ok(rows.advance()?.map(|row| (row.offset, row.bytes.to_vec())))
        })();
        let Some((offset, bytes)) = log.said(read).flatten() else { continue };
        page.row(vec![Span::styled(format!("at byte {offset}"), DIM)]);
        match serde_json::from_slice::<Map<String, Value>>(&bytes) {
            Ok(row) => json(page, &row.into(), MOST_ROWS),
            Err(_) => page.text(&String::from_utf8_lossy(&bytes), 0, Breaks::Anywhere, MOST_ROWS, |_| PLAIN),
        }
        page.blank();
    }
}

fn json(page: &mut Page, value: &Value, most: usize) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    page.text(&text, 0, Breaks::Anywhere, most, |_| PLAIN);
}
