//! One step, read when it is looked at: its row, and the row of its result.

use std::io;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::timeline::{Mark, Timeline};
use crate::session::{At, Body, Call, CallResult, Conversation, Event, Outcome, Rows, Spawned};

/// One step of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which one, from 0.
    pub number: usize,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// The subagent that did it; none for the main agent.
    pub agent: Option<String>,
    /// What happened.
    pub act: Act,
}

/// What happened in a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// The person said something.
    Prompt(String),
    /// The model said something.
    Answer(String),
    /// The model thought something.
    Thinking(String),
    /// A tool was called.
    Call {
        /// The call.
        call: Call,
        /// What came of it; none when no result was recorded.
        result: Option<CallResult>,
        /// How it ended.
        outcome: Outcome,
        /// From the call to its result: of calls at once, how long the slowest took, with the wait for approval.
        took: Option<SignedDuration>,
    },
    /// A result of no call.
    Result(CallResult),
    /// The session got a title.
    Title(String),
    /// The harness had something to say.
    Notice {
        /// `warning`, or something less.
        kind: String,
        /// The text.
        message: String,
    },
    /// A subagent was started.
    Spawned(Spawned),
    /// A subagent came to its end.
    Completed {
        /// How; older rows do not say.
        status: Option<String>,
        /// How long it took, in milliseconds.
        duration_ms: Option<u64>,
        /// What went wrong.
        error: Option<String>,
    },
    /// A row of a type that is not known.
    Unknown {
        /// Its type, if it has one.
        kind: Option<String>,
        /// The whole row.
        row: Map<String, Value>,
    },
    /// A row that is no JSON object, or one that is too long to be looked into.
    Damaged {
        /// The start of the row.
        bytes: Vec<u8>,
        /// How long the row is, in bytes, without its newline.
        length: u64,
        /// Whether it is only too long.
        is_long: bool,
    },
}

impl Step {
    /// Reads a step; `None` when the timeline has no such step.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn read(conversation: &Conversation, timeline: &Timeline, number: usize) -> io::Result<Option<Step>> {
        let Some(mark) = timeline.mark(number) else { return Ok(None) };
        let mut rows = conversation.rows_from(mark.offset());
        let Some(row) = rows.advance()? else { return Ok(None) };
        let Some(event) = Event::parse(row.bytes) else {
            let (bytes, length) =
                (row.bytes[..row.bytes.len().min(SHOWN)].to_vec(), row.length - u64::from(row.is_ended));
            let act = Act::Damaged { bytes, length, is_long: row.is_cut };
            return Ok(Some(Step { number, at: None, agent: None, act }));
        };
        let at = event.at();
        let (agent, body) = match event.body {
            Body::SubagentEvent { subagent_id, inner } => (Some(subagent_id), *inner),
            Body::SubagentSpawned(spawned) => (Some(spawned.subagent_id.clone()), Body::SubagentSpawned(spawned)),
            Body::SubagentCompleted { subagent_id, status, duration_ms, error } => {
                (Some(subagent_id.clone()), Body::SubagentCompleted { subagent_id, status, duration_ms, error })
            }
            body => (None, body),
        };
        let act = match body {
            Body::ToolCall(call) => {
                let answer = result(conversation, timeline, number, rows)?;
                let took = answer.as_ref().and_then(|(_, then)| Some(then.as_ref()?.duration_since(at?)));
                let result = answer.map(|(result, _)| result);
                let is_command = call.command().is_some();
                let outcome = result.as_ref().map_or(Outcome::Untold, |result| Outcome::of(result, is_command));
                Act::Call { call, result, outcome, took }
            }
            body => Act::of(body),
        };
        Ok(Some(Step { number, at, agent, act }))
    }
}

/// Of a row that cannot be read, in bytes.
const SHOWN: usize = 64 << 10;

/// The result of the call whose row was read last.
fn result<'c>(
    conversation: &'c Conversation,
    timeline: &Timeline,
    number: usize,
    mut rows: Rows<At<'c>>,
) -> io::Result<Option<(CallResult, Option<Timestamp>)>> {
    if let Some(offset) = timeline.far_result(number) {
        rows = conversation.rows_from(offset);
    } else {
        let Some(distance) = timeline.mark(number).and_then(Mark::rows_to_result) else { return Ok(None) };
        for _ in 1..distance {
            rows.advance()?;
        }
    }
    let Some(row) = rows.advance()? else { return Ok(None) };
    let Some(event) = Event::parse(row.bytes) else { return Ok(None) };
    let at = event.at();
    Ok(match event.body {
        Body::ToolResult(result) => Some((result, at)),
        Body::SubagentEvent { inner, .. } => match *inner {
            Body::ToolResult(result) => Some((result, at)),
            _ => None,
        },
        _ => None,
    })
}

impl Act {
    fn of(body: Body) -> Act {
        match body {
            Body::UserMessage { text } => Act::Prompt(text),
            Body::AssistantMessage { text, .. } => Act::Answer(text),
            Body::AssistantThinking { text, .. } => Act::Thinking(text),
            Body::ToolResult(result) => Act::Result(result),
            Body::Title(title) => Act::Title(title),
            Body::Notice { kind, message } => Act::Notice { kind, message },
            Body::SubagentSpawned(spawned) => Act::Spawned(spawned),
            Body::SubagentCompleted { status, duration_ms, error, .. } => Act::Completed { status, duration_ms, error },
            Body::Unknown { kind, row } => match failure(kind.as_deref(), &row) {
                Some(message) => Act::Notice { kind: "error".into(), message },
                None => Act::Unknown { kind, row },
            },
            // No step is made of these; a call is read with its result.
            Body::ToolCall(call) => Act::Call { call, result: None, outcome: Outcome::Untold, took: None },
            Body::Usage(_) | Body::SubagentUsage(_) | Body::SubagentEvent { .. } => {
                Act::Unknown { kind: None, row: Map::new() }
            }
        }
    }
}

/// What a subagent says of its failure.
fn failure(kind: Option<&str>, row: &Map<String, Value>) -> Option<String> {
    let message = ["error", "message"].into_iter().find_map(|key| row.get(key)?.as_str());
    message.filter(|_| kind == Some("agent_error")).map(str::to_owned)
}
