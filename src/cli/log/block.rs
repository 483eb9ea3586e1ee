//! What an event looks like to people: a line that says when, where and what, and under it the beginning of what was said.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::cli::summary::one_line;
use crate::cli::{Failure, Style, Ui};
use crate::session::{Body, Call, CallResult, Event, Outcome, Usage};

/// Prints rows, one after the other.
#[derive(Default)]
pub(super) struct Printer {
    /// Nothing is shortened.
    pub(super) is_full: bool,
    /// How many rows were damaged.
    pub(super) damaged: u64,
    /// Something stands above.
    pub(super) has_printed: bool,
    /// Calls that have no result yet, by the subagent that made them, if one did, and their ids: the tool, and whether it
    /// runs commands.
    calls: HashMap<(Option<String>, String), (String, bool)>,
    /// How deep subagents are.
    depths: HashMap<String, usize>,
}

/// How an event is shown.
struct Block {
    label: &'static str,
    style: Option<Style>,
    /// What stands behind the label.
    note: String,
    /// How that ended.
    outcome: Option<(Style, String)>,
    /// What stands below.
    text: String,
    /// By how much it is moved to the right.
    depth: usize,
}

/// As much of a text is shown: lines, and characters of a line.
const LINES: usize = 8;
const WIDTH: usize = 400;
/// As many calls and subagents are remembered; nobody has so many open at once.
const REMEMBERED: usize = 100_000;

impl Printer {
    /// Prints a row, whatever it is. `number` says which line it is.
    pub(super) fn row(
        &mut self,
        ui: &mut Ui,
        row: &[u8],
        number: &mut dyn FnMut() -> Result<u64, Failure>,
    ) -> Result<(), Failure> {
        if std::mem::replace(&mut self.has_printed, true) {
            ui.line("")?;
        }
        let Some(event) = Event::parse(row) else {
            self.damaged += 1;
            ui.styled(Style::Bad, format!("line {}  damaged", number()?))?;
            ui.line("")?;
            return self.text(ui, &String::from_utf8_lossy(row), 0);
        };
        let time = match (event.at(), &event.timestamp) {
            (Some(at), _) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            (None, Some(text)) => one_line(&text.chars().take(40).collect::<String>()),
            (None, None) => "-".to_owned(),
        };
        let place = match event.sequence {
            Some(sequence) => format!("#{sequence}"),
            None => format!("line {}", number()?),
        };
        let block = self.block(None, event.body);
        let indent = " ".repeat(4 * block.depth);
        ui.styled(Style::Dim, format!("{indent}{time}  {place}  "))?;
        match block.style {
            Some(style) => ui.styled(style, block.label)?,
            None => ui.raw(block.label)?,
        }
        if !block.note.is_empty() {
            ui.raw(format!(" {}", self.clipped(&one_line(&block.note))))?;
        }
        if let Some((style, outcome)) = &block.outcome {
            ui.raw("  ")?;
            ui.styled(*style, outcome)?;
        }
        ui.line("")?;
        self.text(ui, &block.text, block.depth)
    }

    /// Whether a row is a JSON object, for those who read rows as they are.
    pub(super) fn is_json(&mut self, row: &[u8]) -> bool {
        let text = std::str::from_utf8(row);
        let is_json = text.is_ok_and(|text| {
            text.trim_ascii_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        });
        self.damaged += u64::from(!is_json);
        is_json
    }

    fn block(&mut self, subagent: Option<&str>, body: Body) -> Block {
        let plain =
            |label, note: String, text: String| Block { label, style: None, note, outcome: None, text, depth: 0 };
        match body {
            Body::UserMessage { text } => Block { style: Some(Style::Bold), ..plain("user", String::new(), text) },
            Body::AssistantMessage { text, model } => {
                Block { style: Some(Style::Good), ..plain("assistant", model.unwrap_or_default(), text) }
            }
            Body::AssistantThinking { text, model } => {
                Block { style: Some(Style::Dim), ..plain("thinking", model.unwrap_or_default(), text) }
            }
            Body::ToolCall(call) => self.call(subagent, call),
            Body::ToolResult(result) => self.result(subagent, result),
            Body::Usage(usage) => plain("usage", spent(&usage), String::new()),
            Body::SubagentUsage(usage) => Block { depth: 1, ..plain("usage", spent(&usage), String::new()) },
            Body::Title(title) => plain("title", String::new(), title),
            Body::Notice { kind, message } if kind == "warning" => {
                Block { style: Some(Style::Warn), ..plain("warning", String::new(), message) }
            }
            Body::Notice { kind, message } => plain("notice", kind, message),
            Body::SubagentSpawned(spawned) => {
                let depth = usize::try_from(spawned.depth).unwrap_or_default().min(8) + 1;
                if self.depths.len() < REMEMBERED {
                    self.depths.insert(spawned.subagent_id.clone(), depth);
                }
                let model = spawned.model.map(|model| format!("  {model}")).unwrap_or_default();
                let note = format!("{}{model}", spawned.subagent_id);
                Block { style: Some(Style::Bold), depth, ..plain("subagent", note, spawned.task) }
            }
            Body::SubagentEvent { subagent_id, inner } => Block {
                depth: self.depths.get(&subagent_id).copied().unwrap_or(1),
                ..self.block(Some(&subagent_id), *inner)
            },
            Body::SubagentCompleted { subagent_id, status, duration_ms, error } => {
                let depth = self.depths.remove(&subagent_id).unwrap_or(1);
                let took = duration_ms.map(|ms| format!(" after {:.1} s", ms as f64 / 1000.0)).unwrap_or_default();
                let status = status.unwrap_or_else(|| "completed".to_owned());
                let style = if status == "completed" { Style::Good } else { Style::Bad };
                let block = plain("subagent", subagent_id, error.unwrap_or_default());
                Block { depth, outcome: Some((style, one_line(&format!("{status}{took}")))), ..block }
            }
            Body::Unknown { kind, row } => {
                let text = Value::Object(row).to_string();
                plain("event", kind.unwrap_or_else(|| "without a type".to_owned()), text)
            }
        }
    }

    fn call(&mut self, subagent: Option<&str>, call: Call) -> Block {
        let note = format!("{}  {}", call.name, about(&call));
        let text = if self.is_full { arguments(&call.arguments) } else { String::new() };
        let is_command = call.command().is_some();
        if let Some(id) = call.id {
            let key = (subagent.map(str::to_owned), id);
            // Ids are used again: what came of the call before is not what comes now.
            self.calls.remove(&key);
            if self.calls.len() < REMEMBERED {
                self.calls.insert(key, (call.name, is_command));
            }
        }
        Block { label: "call", style: Some(Style::Hunk), note, outcome: None, text, depth: 0 }
    }

    fn result(&mut self, subagent: Option<&str>, result: CallResult) -> Block {
        let call = result.call_id.clone().and_then(|id| self.calls.remove(&(subagent.map(str::to_owned), id)));
        let outcome = Outcome::of(&result, call.as_ref().is_none_or(|(_, is_command)| *is_command));
        let outcome = match outcome {
            Outcome::Passed => Some((Style::Good, "passed".to_owned())),
            Outcome::Failed(None) => Some((Style::Bad, "failed".to_owned())),
            Outcome::Failed(Some(note)) => Some((Style::Bad, format!("failed: {}", one_line(&note)))),
            Outcome::Stopped(how) => Some((Style::Warn, how.to_owned())),
            Outcome::Untold => None,
        };
        let text = match result.summary.filter(|summary| !self.is_full && !summary.trim().is_empty()) {
            Some(summary) => summary,
            None => result.content,
        };
        // The call itself may not be among what is shown.
        let note = call.map(|(name, _)| name).or(result.call_id.map(|id| format!("of call {id}"))).unwrap_or_default();
        Block { label: "result", style: Some(Style::Hunk), note, outcome, text, depth: 0 }
    }

    /// The text of an event, set in; on request, all of it.
    fn text(&self, ui: &mut Ui, text: &str, depth: usize) -> Result<(), Failure> {
        let text = text.trim_end();
        if text.is_empty() {
            return Ok(());
        }
        let indent = " ".repeat(4 * (depth + 1));
        let shown = if self.is_full { usize::MAX } else { LINES };
        // One line more than there is room for is shown as well as counted.
        let lines = text.split('\n').count();
        let shown = if lines <= shown.saturating_add(1) { lines } else { shown };
        for line in text.split('\n').take(shown) {
            let line = line.strip_suffix('\r').unwrap_or(line);
            ui.line(format!("{indent}{}", self.clipped(line)).trim_end())?;
        }
        if lines > shown {
            ui.styled(Style::Dim, format!("{indent}[{} more lines; --full shows them]", lines - shown))?;
            ui.line("")?;
        }
        Ok(())
    }

    /// A line, or as much of it as is shown.
    fn clipped(&self, line: &str) -> String {
        match line.char_indices().nth(WIDTH).filter(|_| !self.is_full) {
            Some((end, _)) => format!("{} [{} more bytes]", &line[..end], line.len() - end),
            None => line.to_owned(),
        }
    }
}

/// What a call is about: its files, its command, else what it was given first.
fn about(call: &Call) -> String {
    let files: Vec<&str> = call.files().into_iter().map(|(_, file)| file).collect();
    if !files.is_empty() {
        return files.join(" ");
    }
    if let Some(command) = call.command() {
        return command;
    }
    let texts: Vec<&str> = call.arguments.values().filter_map(Value::as_str).collect();
    match texts[..] {
        [] if call.arguments.is_empty() => String::new(),
        [] => Value::Object(call.arguments.clone()).to_string(),
        _ => texts.join("  "),
    }
}

/// What a tool was given, one argument after the other.
fn arguments(arguments: &Map<String, Value>) -> String {
    let argument = |(key, value): (&String, &Value)| match value {
        Value::String(text) if text.contains('\n') => {
            format!("{key}:\n  {}", text.trim_end_matches('\n').replace('\n', "\n  "))
        }
        Value::String(text) => format!("{key}: {text}"),
        value => format!("{key}: {value}"),
    };
    arguments.iter().map(argument).collect::<Vec<_>>().join("\n")
}

fn spent(usage: &Usage) -> String {
    let mut parts = vec![format!("{} in", usage.input), format!("{} out", usage.output)];
    for (tokens, what) in
        [(usage.cache_read, "cached"), (usage.cache_creation, "into the cache"), (usage.reasoning, "reasoning")]
    {
        if tokens > 0 {
            parts.push(format!("{tokens} {what}"));
        }
    }
    format!("{}  tokens: {}", usage.role.as_deref().unwrap_or_default(), parts.join(", ")).trim_start().to_owned()
}
