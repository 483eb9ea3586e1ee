//! Search, a few megabytes at a time: rows are passed over by their bytes, and only those that may have what is looked for
//! are taken apart. Nothing of the log is held.

use std::collections::HashMap;

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;

use super::Player;
use super::log::Log;
use crate::session::{Body, Event};

/// A search.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) text: String,
    /// What is looked for, large or small letters alike.
    pub(super) wanted: Regex,
    /// A part of it that stands in the log as it is: no character that JSON may write otherwise.
    hint: Option<Regex>,
    scan: Option<Scan>,
}

/// Where a search is.
#[derive(Debug, Clone, Copy)]
struct Scan {
    is_onward: bool,
    /// The playhead when it began.
    origin: usize,
    /// Onward, the first step that was not looked at; else the last that was.
    at: usize,
    /// Whether it has come to the end and begun again at the other.
    is_around: bool,
}

/// How much is looked at in one go, in bytes; in tests so little that every search takes many.
const ROUND: u64 = if cfg!(test) { 300 } else { 4 << 20 };

impl Search {
    pub(super) fn new(text: &str) -> Option<Search> {
        let regex = |text: &str| {
            let mut builder = RegexBuilder::new(&regex::escape(text));
            // Without tables for all of Unicode, which are not compiled in.
            builder.case_insensitive(true).unicode(false).build().ok()
        };
        let parts = text.split(|ch: char| !ch.is_ascii_alphanumeric() && !"-_ .:,;()=".contains(ch));
        let hint = parts.max_by_key(|part| part.len()).filter(|part| !part.is_empty()).and_then(regex);
        Some(Search { text: text.to_owned(), wanted: regex(text)?, hint, scan: None })
    }

    pub(super) fn is_going(&self) -> bool {
        self.scan.is_some()
    }

    /// The steps from `first` to before `end` that say what is looked for.
    fn found(&self, log: &Log, first: usize, end: usize) -> std::io::Result<Vec<usize>> {
        let (Some(mark), stop) = (log.mark(first), log.mark(end)) else { return Ok(Vec::new()) };
        let stop = stop.map_or(log.timeline.read(), |mark| mark.offset());
        let marks = &log.timeline.marks()[first..end.min(log.timeline.len())];
        let (mut next, mut open, mut far, mut found) = (0, HashMap::new(), Vec::new(), Vec::new());
        let mut rows = log.conversation.rows_from(mark.offset());
        while let Some(row) = rows.advance()? {
            if row.offset >= stop && open.is_empty() {
                break;
            }
            let mut step = open.remove(&row.number);
            if let Some(mark) = marks.get(next).filter(|mark| mark.offset() == row.offset) {
                step = Some(first + next);
                next += 1;
                if let Some(rows) = mark.rows_to_result() {
                    open.insert(row.number + u64::from(rows), first + next - 1);
                }
                if let Some(offset) = log.timeline.far_result(first + next - 1) {
                    far.push((first + next - 1, offset));
                }
            }
            let step = step.filter(|&step| log.is_shown(step));
            found.extend(step.filter(|_| self.is_in(row.bytes)));
        }
        for (step, offset) in far.into_iter().filter(|(step, _)| log.is_shown(*step)) {
            let mut rows = log.conversation.rows_from(offset);
            found.extend(rows.advance()?.filter(|row| self.is_in(row.bytes)).map(|_| step));
        }
        Ok(found)
    }

    fn is_in(&self, row: &[u8]) -> bool {
        self.hint.as_ref().is_none_or(|hint| hint.is_match(row)) && says(row, &self.wanted)
    }
}

impl Player {
    /// Begins to look for what was typed.
    pub(super) fn search_for(&mut self, text: &str) {
        self.search = Search::new(text).filter(|_| !text.is_empty());
        self.search_on(true);
    }

    /// Looks for the next one, or the one before.
    pub(super) fn search_on(&mut self, is_onward: bool) {
        let at = if is_onward { self.at + 1 } else { self.at };
        let scan = Scan { is_onward, origin: self.at, at, is_around: false };
        match &mut self.search {
            Some(search) => search.scan = Some(scan),
            None => self.note("nothing to search for: / begins a search"),
        }
    }

    pub(super) fn stop_search(&mut self) {
        if self.search.take().is_some_and(|search| search.is_going()) {
            self.note("search stopped");
        }
    }

    /// Looks at the next part of the log.
    pub(super) fn look_on(&mut self) -> bool {
        let Some((search, scan)) = self.search.as_mut().and_then(|search| search.scan.map(|scan| (search, scan)))
        else {
            return false;
        };
        let (first, end) = if scan.is_onward { onward(&self.log, scan.at) } else { back(&self.log, scan.at) };
        let found = search.found(&self.log, first, end);
        let found = self.log.said(found).unwrap_or_default();
        let found = found.into_iter().filter(|&step| step >= first);
        if let Some(step) = if scan.is_onward { found.min() } else { found.max() } {
            search.scan = None;
            let text = if scan.is_around { "search went around" } else { "" };
            self.go(step);
            self.shows_hit = true;
            self.note(text);
            return true;
        }
        let length = self.log.timeline.len();
        let is_end = if scan.is_onward { end >= length } else { first == 0 };
        let at = if scan.is_onward { end } else { first };
        let is_done = scan.is_around && (if scan.is_onward { at > scan.origin } else { at <= scan.origin });
        search.scan = match () {
            () if is_done => None,
            // What is not read yet is waited for.
            () if is_end && !self.log.is_read => Some(Scan { at, ..scan }),
            () if is_end && scan.is_around => None,
            () if is_end => Some(Scan { at: if scan.is_onward { 0 } else { length }, is_around: true, ..scan }),
            () => Some(Scan { at, ..scan }),
        };
        if search.scan.is_none() {
            let text = format!("not found: {}", super::text::brief(&search.text));
            self.note(&text);
        }
        true
    }
}

/// The steps from `step` on that are looked at in one go.
fn onward(log: &Log, step: usize) -> (usize, usize) {
    let start = log.mark(step).map_or(0, |mark| mark.offset());
    let marks = log.timeline.marks().get(step..).unwrap_or_default();
    (step, step + marks.partition_point(|mark| mark.offset() < start + ROUND))
}

/// The steps before `step` that are looked at in one go.
fn back(log: &Log, step: usize) -> (usize, usize) {
    let step = step.min(log.timeline.len());
    let Some(mark) = step.checked_sub(1).and_then(|last| log.mark(last)) else { return (0, 0) };
    let start = mark.offset().saturating_sub(ROUND);
    (log.timeline.marks()[..step - 1].partition_point(|mark| mark.offset() < start), step)
}

/// Whether what people see of a row has it.
fn says(row: &[u8], wanted: &Regex) -> bool {
    Event::parse(row).map_or_else(|| wanted.is_match(row), |event| body_says(&event.body, wanted))
}

fn body_says(body: &Body, wanted: &Regex) -> bool {
    let has = |text: &str| wanted.is_match(text.as_bytes());
    match body {
        Body::UserMessage { text }
        | Body::AssistantMessage { text, .. }
        | Body::AssistantThinking { text, .. }
        | Body::Title(text)
        | Body::Notice { message: text, .. } => has(text),
        Body::ToolCall(call) => has(&call.name) || call.arguments.values().any(|value| value_says(value, wanted)),
        Body::ToolResult(result) => has(&result.content) || result.summary.as_deref().is_some_and(has),
        Body::SubagentSpawned(spawned) => has(&spawned.task),
        Body::SubagentEvent { inner, .. } => body_says(inner, wanted),
        Body::SubagentCompleted { error, .. } => error.as_deref().is_some_and(has),
        Body::Unknown { row, .. } => row.iter().any(|(key, value)| has(key) || value_says(value, wanted)),
        Body::Usage(_) | Body::SubagentUsage(_) => false,
    }
}

fn value_says(value: &Value, wanted: &Regex) -> bool {
    match value {
        Value::String(text) => wanted.is_match(text.as_bytes()),
        Value::Array(values) => values.iter().any(|value| value_says(value, wanted)),
        Value::Object(values) => values.values().any(|value| value_says(value, wanted)),
        Value::Number(number) => wanted.is_match(number.to_string().as_bytes()),
        Value::Bool(_) | Value::Null => false,
    }
}
