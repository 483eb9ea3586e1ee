//! A replay as data: what `--json` prints.

use serde_json::{Map, Value, json};

use super::change::Change;
use super::step::{Act, Step};
use super::timeline::{Kind, State, Timeline};
use super::tokens::Tokens;
use super::unseen::{Difference, Unseen};
use crate::patch::quote;
use crate::session::{CallResult, Outcome};

/// A step and what it did to files. Keys that do not apply are left out.
pub fn step(step: &Step, timeline: &Timeline, changes: &[Change]) -> Value {
    let mut object = Map::new();
    let mark = timeline.mark(step.number);
    object.insert("step".into(), (step.number + 1).into());
    object.insert("turn".into(), timeline.turn_of(step.number).map(|turn| turn + 1).into());
    object.insert("kind".into(), mark.map_or("unknown", |mark| mark.kind().name()).into());
    object.insert("at".into(), step.at.map(|at| at.to_string()).into());
    if let Some(agent) = &step.agent {
        object.insert("agent".into(), agent.clone().into());
    }
    act(&step.act, &mut object);
    if !changes.is_empty() {
        object.insert("changes".into(), changes.iter().map(change).collect());
    }
    object.into()
}

fn act(act: &Act, object: &mut Map<String, Value>) {
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            object.insert(key.to_owned(), value);
        }
    };
    match act {
        Act::Prompt(text) | Act::Answer(text) | Act::Thinking(text) | Act::Title(text) => {
            put("text", text.clone().into())
        }
        Act::Call { call, result, outcome, took } => {
            put("tool", call.name.clone().into());
            put("arguments", call.arguments.clone().into());
            put("result", result.as_ref().map(answer).into());
            put("outcome", if result.is_some() { outcome_name(outcome) } else { "unanswered" }.into());
            if let Outcome::Failed(Some(note)) = outcome {
                put("failure", note.clone().into());
            }
            put("took_ms", took.map(|took| i64::try_from(took.as_millis()).unwrap_or(i64::MAX)).into());
        }
        Act::Result(result) => put("result", answer(result)),
        Act::Notice { kind, message } => {
            put("notice", kind.clone().into());
            put("text", message.clone().into());
        }
        Act::Spawned(spawned) => {
            put("text", spawned.task.clone().into());
            put("model", spawned.model.clone().into());
            put("parent", spawned.parent.clone().into());
        }
        Act::Completed { status, duration_ms, error } => {
            put("outcome", status.clone().into());
            put("took_ms", (*duration_ms).into());
            put("text", error.clone().into());
        }
        Act::Unknown { kind, row } => {
            put("type", kind.clone().into());
            put("row", row.clone().into());
        }
        Act::Damaged { bytes, length, is_long } => {
            put("text", String::from_utf8_lossy(bytes).into());
            put("bytes", (*length).into());
            put("too_long", (*is_long).into());
        }
    }
}

fn answer(result: &CallResult) -> Value {
    match &result.summary {
        Some(summary) => json!({ "content": result.content, "summary": summary }),
        None => json!({ "content": result.content }),
    }
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed(_) => "failed",
        Outcome::Stopped(how) => how,
        Outcome::Untold => "untold",
    }
}

fn change(change: &Change) -> Value {
    json!({
        "path": change.path,
        "applied": change.is_applied,
        "remark": change.remark(),
        "hunks": change.hunks(),
    })
}

/// What was spent.
pub fn tokens(tokens: &Tokens) -> Value {
    let pair = |(read, written): (u64, u64)| json!({ "input": read, "output": written });
    json!({
        "main": pair(tokens.main),
        "subagents": pair(tokens.subagents),
        "other": pair(tokens.other),
        "cached": tokens.cached,
    })
}

/// Where the capture differs from the log. Paths are C-quoted where they are not plain text.
pub fn unseen(unseen: &Unseen) -> Value {
    let files = unseen.files.iter().map(|file| {
        json!({
            "path": quote(file.path.as_ref()).to_string(),
            "logged": file.how != Difference::Unlogged,
            "captured": file.how != Difference::Undone,
            "added": file.added,
            "removed": file.removed,
            "diff": String::from_utf8_lossy(&file.diff),
            "left_out_lines": file.left_out,
        })
    });
    json!({
        "files": files.collect::<Vec<_>>(),
        "seen": unseen.seen,
        "truncated": unseen.is_cut,
        "later_steps": unseen.later,
    })
}

impl Kind {
    /// Its name in data.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Prompt => "prompt",
            Kind::Answer => "answer",
            Kind::Thinking => "thinking",
            Kind::Call => "call",
            Kind::Result => "result",
            Kind::Title => "title",
            Kind::Notice => "notice",
            Kind::Spawned => "subagent-spawned",
            Kind::Completed => "subagent-completed",
            Kind::Unknown => "unknown",
            Kind::Damaged => "damaged",
        }
    }
}

impl State {
    /// Whether something went wrong.
    pub fn is_bad(self) -> bool {
        matches!(self, State::Failed | State::Stopped)
    }
}
