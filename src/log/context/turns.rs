//! Events -> turns. A provider takes a conversation only when every call has its result right behind it, once, and no
//! result is without its call; a session's log promises none of that: a turn may have been cancelled in the middle,
//! rows may be lost, results of a batch come when the slowest is done.

use std::collections::{HashMap, VecDeque};

use super::written::written;
use crate::session::{Body, Call, CallResult, counted};

/// One thing that was said, with the calls that were made in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Turn {
    /// By the person.
    User(String),
    /// By the model.
    Model {
        /// The text; may be empty when there are calls.
        text: String,
        /// Calls of tools.
        calls: Vec<Answered>,
    },
}

/// A call and what came of it; nothing did when it was cancelled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answered {
    pub(super) call: Call,
    /// Of its arguments, those with numbers that are written otherwise than they are held.
    pub(super) written: HashMap<String, String>,
    pub(super) result: Option<CallResult>,
}

/// What stands for the result of a call that has none; what Glue writes, too.
pub(super) const CANCELLED: &str = "[cancelled by user]";

/// What of a conversation is not in a context, in rows unless it says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// What the model thought.
    pub thoughts: u64,
    /// What subagents did; what came of it is in the results of the calls that started them.
    pub subagents: u64,
    /// Notices of the harness.
    pub notices: u64,
    /// Of types that are not known.
    pub unknown: u64,
    /// Results of calls that are not there.
    pub orphans: u64,
    /// Torn or damaged.
    pub unreadable: u64,
    /// Too long to be held: of their texts only the start is there.
    pub long: u64,
    /// Calls without a result, which got one that says that they were cancelled.
    pub cancelled: u64,
    /// What there was no room for.
    pub omitted: Omitted,
}

/// What there was no room for in a budget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Omitted {
    /// Messages of user and model.
    pub messages: u64,
    /// Calls of tools, with their results.
    pub calls: u64,
    /// Changes of files.
    pub edits: u64,
    /// Messages and calls that are there only in part.
    pub shortened: u64,
}

impl Left {
    /// The same in a sentence, if there is anything to say.
    pub fn told(&self) -> Option<String> {
        let counted = |count, one: &str, more: &str| (count > 0).then(|| counted(count, one, more));
        let left: Vec<_> = [
            counted(self.omitted.messages, "message", "messages"),
            counted(self.omitted.calls, "tool call", "tool calls"),
            counted(self.thoughts, "thought of the model", "thoughts of the model"),
            counted(self.subagents, "event of subagents", "events of subagents"),
            counted(self.notices, "notice", "notices"),
            counted(self.unknown, "event of an unknown kind", "events of unknown kinds"),
            counted(self.orphans, "result without its call", "results without their calls"),
            counted(self.unreadable, "row that cannot be read", "rows that cannot be read"),
            counted(
                self.long,
                "row that is very long, but for its start",
                "rows that are very long, but for their starts",
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!left.is_empty()).then(|| format!("Left out: {}", left.join(", ")))
    }
}

/// Puts turns together, one event after the other.
#[derive(Default)]
pub(super) struct Turns {
    /// Not handed on yet: the last one may grow, and the others may get results.
    waiting: VecDeque<Turn>,
    /// The last one may grow.
    is_open: bool,
    /// The last one has results: a call that comes now was made in the knowledge of them.
    has_results: bool,
    /// The model that spoke last.
    model: Option<String>,
    pub(super) left: Left,
}

/// How many turns may wait for the results of the first. A result that comes later than that has lost its call.
const WAITING: usize = 32;

/// How many calls a turn has at most: a log that has nothing else must not fill the memory.
const MOST_CALLS: usize = 500;

impl Turns {
    /// Takes the next event, which `row` told of.
    pub(super) fn take(&mut self, body: Body, row: &[u8]) {
        match body {
            Body::UserMessage { text } => {
                if !text.trim().is_empty() {
                    self.push(Turn::User(text));
                    self.is_open = false;
                }
            }
            Body::AssistantMessage { text, model } => {
                self.model = model.or(self.model.take());
                if !text.trim().is_empty() {
                    self.push(Turn::Model { text, calls: Vec::new() });
                }
            }
            Body::ToolCall(call) if !call.name.trim().is_empty() => {
                let written = written(row, &call.arguments);
                self.call(Answered { call, written, result: None });
            }
            Body::ToolResult(result) => self.result(result),
            Body::AssistantThinking { .. } => self.left.thoughts += 1,
            Body::Notice { .. } => self.left.notices += 1,
            Body::SubagentSpawned(_) | Body::SubagentEvent { .. } | Body::SubagentCompleted { .. } => {
                self.left.subagents += 1;
            }
            Body::Unknown { .. } | Body::ToolCall(_) => self.left.unknown += 1,
            Body::Usage(_) | Body::SubagentUsage(_) | Body::Title(_) => {}
        }
    }

    /// The next turn that nothing more can come to.
    pub(super) fn whole(&mut self) -> Option<Turn> {
        let is_last = self.waiting.len() == 1;
        let is_done = match self.waiting.front()? {
            Turn::User(_) => true,
            Turn::Model { calls, .. } => !(is_last && self.is_open) && calls.iter().all(|call| call.result.is_some()),
        };
        (is_done || self.waiting.len() > WAITING).then(|| self.first()).flatten()
    }

    /// What is left at the end, what was left out, and the model that spoke last.
    pub(super) fn finish(mut self) -> (Vec<Turn>, Left, Option<String>) {
        let rest = std::iter::from_fn(|| self.first()).collect();
        (rest, self.left, self.model)
    }

    fn first(&mut self) -> Option<Turn> {
        let turn = self.waiting.pop_front()?;
        if let Turn::Model { calls, .. } = &turn {
            self.left.cancelled += calls.iter().filter(|call| call.result.is_none()).count() as u64;
        }
        self.is_open &= !self.waiting.is_empty();
        Some(turn)
    }

    fn push(&mut self, turn: Turn) {
        self.waiting.push_back(turn);
        (self.is_open, self.has_results) = (true, false);
    }

    fn call(&mut self, call: Answered) {
        let is_full = matches!(self.waiting.back(), Some(Turn::Model { calls, .. }) if calls.len() >= MOST_CALLS);
        if !self.is_open || self.has_results || is_full {
            self.push(Turn::Model { text: String::new(), calls: Vec::new() });
        }
        if let Some(Turn::Model { calls, .. }) = self.waiting.back_mut() {
            calls.push(call);
        }
    }

    /// An id may come again in a later turn, so the newest call that has it counts; of one turn, the first that waits.
    /// A skill that was activated by hand has no id, neither in its call nor in its result.
    fn result(&mut self, result: CallResult) {
        let newest = self.waiting.len().saturating_sub(1);
        for (number, turn) in self.waiting.iter_mut().enumerate().rev() {
            let Turn::Model { calls, .. } = turn else { continue };
            let waits = |call: &&mut Answered| call.result.is_none() && call.call.id == result.call_id;
            if let Some(call) = calls.iter_mut().find(waits) {
                call.result = Some(result);
                self.has_results |= number == newest;
                return;
            }
        }
        self.left.orphans += 1;
    }
}

impl Turn {
    /// How many messages it counts for, and how many calls.
    pub(super) fn counts(&self) -> (u64, u64) {
        match self {
            Turn::User(_) => (1, 0),
            Turn::Model { text, calls } => (u64::from(!text.is_empty()), calls.len() as u64),
        }
    }
}
