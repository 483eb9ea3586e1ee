//! One step, read when it is looked at: its row, and the row of its result.

use std::io;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::timeline::{Mark, Timeline};
use crate::session::{At, Body, Call, CallResult, Conversation, Outcome, Rows, Spawned};

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
        let mut rows = conversation.rows_from(mark.offset()).shortening();
        let Some(row) = rows.advance()? else { return Ok(None) };
        let is_cut = row.is_cut;
        let damaged = || {
            let bytes = row.bytes[..row.bytes.len().min(SHOWN)].to_vec();
            Act::Damaged { bytes, length: row.length - u64::from(row.is_ended), is_long: is_cut }
        };
        let Some(event) = row.event() else {
            return Ok(Some(Step { number, at: None, agent: None, act: damaged() }));
        };
        let at = event.at();
        let (agent, body) = event.body.unnested();
        let act = match body {
            Body::ToolCall(mut call) => {
                if is_cut {
                    call.cut();
                }
                let answer = Answer::read(conversation, timeline, number, rows)?;
                let took = answer.as_ref().and_then(|answer| Some(answer.at?.duration_since(at?)));
                let outcome = answer.as_ref().map_or(Outcome::Untold, |answer| answer.outcome(&call));
                Act::Call { call, result: answer.map(Answer::shown), outcome, took }
            }
            _ if is_cut => damaged(),
            body => Act::of(body),
        };
        Ok(Some(Step { number, at, agent, act }))
    }
}

/// Of a row that cannot be read, in bytes.
const SHOWN: usize = 64 << 10;

/// The result of a call, as its row tells it.
struct Answer {
    at: Option<Timestamp>,
    result: CallResult,
    is_cut: bool,
}

impl Answer {
    /// Reads the one of the step `number`, whose row was read last.
    fn read<'c>(
        conversation: &'c Conversation,
        timeline: &Timeline,
        number: usize,
        mut rows: Rows<At<'c>>,
    ) -> io::Result<Option<Answer>> {
        if let Some(offset) = timeline.far_result(number) {
            rows = conversation.rows_from(offset).shortening();
        } else {
            let Some(distance) = timeline.mark(number).and_then(Mark::rows_to_result) else { return Ok(None) };
            for _ in 1..distance {
                rows.advance()?;
            }
        }
        let Some(row) = rows.advance()? else { return Ok(None) };
        let (is_cut, Some(event)) = (row.is_cut, row.event()) else { return Ok(None) };
        let at = event.at();
        match event.body.unnested().1 {
            Body::ToolResult(result) => Ok(Some(Answer { at, result, is_cut })),
            _ => Ok(None),
        }
    }

    fn outcome(&self, call: &Call) -> Outcome {
        Outcome::of(&self.result, call.command().is_some())
    }

    fn shown(mut self) -> CallResult {
        if self.is_cut {
            self.result.cut();
        }
        self.result
    }
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
