//! Events -> rows, in the form that Glue writes now (version 1 of its events): a row's sequence is its line, a turn
//! begins with every prompt, a request with every answer of the model. What that form has no room for, such as a result
//! without its call, is kept as a row of no version.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Agent;
use crate::log::depth::{DEEPEST, is_deeper};
use crate::log::schema::is_model;
use crate::session::{CallResult, LONGEST_ROW, Spawned, Usage};

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Rows.
    pub rows: u64,
    /// Messages of user and model.
    pub messages: u64,
    /// Calls of tools.
    pub calls: u64,
    /// Rows of kinds that are not known, kept as they came.
    pub kept: u64,
    /// Lines that could not be read, or were too long.
    pub skipped: u64,
    /// The model that spoke last, as `provider/model`.
    pub model: Option<String>,
    /// When the first event was, and the last.
    pub span: Option<(Timestamp, Timestamp)>,
    /// All tokens: read, written, from and into the cache.
    pub tokens: u64,
    /// Those from the cache.
    pub cache_read: u64,
    /// Those into the cache.
    pub cache_creation: u64,
    /// The start of the first prompt.
    pub prompt: Option<String>,
}

/// Writes rows. The first error of the file is kept until [`Writer::finish`].
pub(super) struct Writer {
    out: BufWriter<File>,
    session: String,
    agent: Agent,
    now: Timestamp,
    turn: Option<i64>,
    request: Option<i64>,
    /// How many calls of an id have no result yet.
    open: HashMap<String, u64>,
    failed: Option<io::Error>,
    pub(super) told: Told,
}

impl Writer {
    /// Writes the rows of `session` to `file`. What has no time before anything has is taken to be of `start`.
    pub(super) fn new(file: File, session: &str, agent: Agent, start: Timestamp) -> Writer {
        Writer {
            out: BufWriter::new(file),
            session: session.to_owned(),
            agent,
            now: start,
            turn: None,
            request: None,
            open: HashMap::new(),
            failed: None,
            told: Told::default(),
        }
    }

    /// All rows are in the file, which is handed back.
    pub(super) fn finish(mut self) -> io::Result<(File, Told)> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok((self.out.into_inner().map_err(io::IntoInnerError::into_error)?, self.told)),
        }
    }

    /// What comes now was written at that time.
    pub(super) fn at(&mut self, time: Option<Timestamp>) {
        let Some(time) = time else { return };
        self.now = time;
        let (first, last) = self.told.span.unwrap_or((time, time));
        self.told.span = Some((first.min(time), last.max(time)));
    }

    /// The time of what comes now.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The model that spoke last.
    pub(super) fn model(&self) -> String {
        self.told.model.clone().unwrap_or_else(|| "unknown/unknown".to_owned())
    }

    /// The person said something.
    pub(super) fn user(&mut self, text: &str) {
        const LONGEST_PROMPT: usize = 4096;
        if text.trim().is_empty() {
            return;
        }
        // Turns are told apart by their time.
        let micros = self.now.as_microsecond();
        self.turn = Some(self.turn.map_or(micros, |last| if micros > last { micros } else { last + 1 }));
        self.request = None;
        self.told.messages += 1;
        let start: String = text.chars().take(LONGEST_PROMPT).collect();
        self.told.prompt.get_or_insert(start);
        self.row("user_message", json!({ "text": text }));
    }

    /// The model answers: what comes now belongs to another request than what came before.
    pub(super) fn request(&mut self, model: Option<String>) {
        self.told.model = known(model).or(self.told.model.take());
        let micros = self.now.as_microsecond();
        self.request = Some(self.request.map_or(micros, |last| if micros > last { micros } else { last + 1 }));
    }

    /// The model said something.
    pub(super) fn said(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.told.messages += 1;
            self.row("assistant_message", json!({ "text": text, "model_ref": self.model() }));
        }
    }

    /// The model thought something.
    pub(super) fn thought(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.row("assistant_thinking", json!({ "text": text, "model_ref": self.model() }));
        }
    }

    /// A tool was called.
    pub(super) fn call(&mut self, id: &str, name: &str, arguments: Map<String, Value>) {
        let call = json!({ "id": id, "name": name, "arguments": arguments });
        if id.is_empty() || name.is_empty() {
            return self.keep("tool_call", call);
        }
        if self.row("tool_call", call) {
            self.told.calls += 1;
            *self.open.entry(id.to_owned()).or_default() += 1;
        }
    }

    /// What came of a call. Without a status it is by its success.
    pub(super) fn result(&mut self, result: CallResult) {
        let mut row = result_of(&result);
        if !result.metadata.is_empty() {
            row.insert("metadata".into(), result.metadata.into());
        }
        if !self.answers(result.call_id.as_deref().unwrap_or_default()) {
            return self.keep("tool_result", row.into());
        }
        self.row("tool_result", row.into());
    }

    /// Whether a call of that id waits for its result, which it has now.
    fn answers(&mut self, id: &str) -> bool {
        let waiting = self.open.get_mut(id).filter(|waiting| **waiting > 0);
        waiting.map(|waiting| *waiting -= 1).is_some()
    }

    /// Tokens were spent: by the main agent, or by a subagent.
    pub(super) fn usage(&mut self, usage: &Usage, subagent: Option<&str>) {
        let parts = [usage.input, usage.output, usage.cache_read, usage.cache_creation];
        if parts == [0; 4] {
            return;
        }
        self.told.tokens = parts.into_iter().fold(self.told.tokens, u64::saturating_add);
        self.told.cache_read = self.told.cache_read.saturating_add(usage.cache_read);
        self.told.cache_creation = self.told.cache_creation.saturating_add(usage.cache_creation);
        let mut row = json!({
            "role": if subagent.is_some() { "subagent" } else { "main" },
            "model_ref": known(usage.model.clone()).unwrap_or_else(|| self.model()),
            "input_tokens": usage.input,
            "output_tokens": usage.output,
            "turn_count": 1,
        });
        for (key, tokens) in [
            ("cache_read_tokens", usage.cache_read),
            ("cache_creation_tokens", usage.cache_creation),
            ("reasoning_tokens", usage.reasoning),
        ] {
            if tokens > 0 {
                row[key] = tokens.into();
            }
        }
        if let Some(id) = subagent {
            row["subagent_id"] = id.into();
        }
        self.row("usage", row);
    }

    /// The session got a title.
    pub(super) fn title(&mut self, title: &str) {
        self.row("title_generated", json!({ "title": title }));
    }

    /// The agent had something to say that the model did not.
    pub(super) fn notice(&mut self, kind: &str, message: &str) {
        if !message.trim().is_empty() {
            self.row("agent_notice", json!({ "kind": kind, "message": message }));
        }
    }

    /// A subagent was started.
    pub(super) fn spawned(&mut self, spawned: &Spawned) {
        let model = known(spawned.model.clone()).unwrap_or_else(|| self.model());
        let row = json!({
            "subagent_id": spawned.subagent_id, "task": spawned.task, "depth": spawned.depth, "model_ref": model,
        });
        self.row("subagent_spawned", row);
    }

    /// A subagent did something: a row within a row.
    pub(super) fn sub_event(&mut self, subagent: &str, inner: Value) {
        self.row("subagent_event", json!({ "subagent_id": subagent, "inner": inner }));
    }

    /// A subagent came to its end.
    pub(super) fn completed(&mut self, subagent: &str, duration_ms: u64) {
        let row = json!({ "subagent_id": subagent, "status": "completed", "duration_ms": duration_ms });
        self.row("subagent_completed", row);
    }

    /// What has no place among the events: a line of a kind that is not known, as it came.
    pub(super) fn keep(&mut self, kind: &str, original: Value) {
        let kind = format!("{}.{kind}", self.agent.name());
        let row = json!({ "timestamp": self.time(), "type": kind, "original": original });
        self.told.kept += u64::from(self.write(&row));
    }

    /// Whether the row is written.
    fn row(&mut self, kind: &str, payload: Value) -> bool {
        let sequence = self.told.rows + 1;
        let session = &self.session;
        let mut row = json!({
            "schema_version": 1,
            "event_id": format!("{session}:{sequence}"),
            "session_id": session,
            "timestamp": self.time(),
            "type": kind,
            "sequence": sequence,
        });
        if let Some(turn) = self.turn {
            row["turn_id"] = format!("{session}:turn:{turn}").into();
        }
        if let Some(request) = self.request {
            row["request_id"] = format!("{session}:request:{request}").into();
        }
        if let (Some(row), Value::Object(payload)) = (row.as_object_mut(), payload) {
            row.extend(payload);
        }
        self.write(&row)
    }

    /// Whether the row is written: one that nobody would read is not.
    fn write(&mut self, row: &Value) -> bool {
        let mut text = row.to_string();
        if text.len() > LONGEST_ROW || is_deeper(&text, DEEPEST) {
            self.told.skipped += 1;
            return false;
        }
        text.push('\n');
        if let Err(error) = self.out.write_all(text.as_bytes()) {
            self.failed.get_or_insert(error);
        }
        self.told.rows += 1;
        true
    }

    fn time(&self) -> String {
        format!("{:.6}", self.now)
    }
}

/// A model that a row can name.
fn known(model: Option<String>) -> Option<String> {
    model.filter(|model| is_model(model))
}

/// The fields that a result has in a row, and in a row within a row.
pub(super) fn result_of(result: &CallResult) -> Map<String, Value> {
    let success = result.success.unwrap_or(true);
    let status = result.status.as_deref().unwrap_or(if success { "completed" } else { "failed" });
    let mut row = Map::new();
    row.insert("call_id".into(), result.call_id.clone().unwrap_or_default().into());
    row.insert("content".into(), result.content.clone().into());
    row.insert("success".into(), success.into());
    row.insert("status".into(), status.into());
    row
}
