//! What the timeline needs of a row, read fast: texts are passed over, not taken apart.

use std::borrow::Cow;

use serde::Deserialize;

use super::timeline::State;
use crate::session::{Access, Body, Call, CallResult, Outcome, Row, Usage};

/// What a row is to the timeline.
#[derive(Debug)]
pub(super) struct Head {
    /// The subagent that it is of.
    pub(super) agent: Option<String>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// Not a step: blank.
    Nothing,
    Prompt,
    Answer,
    Thinking,
    Call {
        id: Option<String>,
        tool: String,
        files: Vec<(Access, String)>,
        is_command: bool,
    },
    Result {
        id: Option<String>,
        /// The tool, if there is no id.
        tool: Option<String>,
        /// How it ended if it was a command.
        as_command: State,
        /// How it ended if it was anything else.
        as_other: State,
    },
    Usage(Usage),
    Title,
    /// With whether it is of a failure.
    Notice(State),
    /// With how many subagents are above it.
    Spawned(u64),
    /// With how it ended.
    Completed(State),
    Unknown,
    Damaged,
}

/// A row of the newer form, as far as it is looked at. Anything else about it takes the slow way.
#[derive(Deserialize)]
struct Fast<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    call_id: Option<Cow<'a, str>>,
    #[serde(default)]
    success: Option<bool>,
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(default)]
    metadata: Option<FastMetadata>,
}

#[derive(Deserialize)]
struct FastMetadata {
    #[serde(default)]
    exit_code: Option<i64>,
}

/// What else a result may say of its call.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    inner: Option<Box<Named>>,
}

impl Head {
    pub(super) fn of(row: &Row) -> Head {
        let main = |what| Head { agent: None, what };
        if row.is_blank() {
            return main(What::Nothing);
        }
        if let Some(what) = fast(row.bytes) {
            return main(what);
        }
        let Some(event) = row.event() else { return main(What::Damaged) };
        let mut head = Head::of_body(event.body);
        if let What::Result { id: None, tool, .. } = &mut head.what {
            *tool = tool_of(row.bytes);
        }
        head
    }

    fn of_body(body: Body) -> Head {
        let (agent, body) = body.unnested();
        Head { agent, what: What::of(body) }
    }
}

impl What {
    fn of(body: Body) -> What {
        match body {
            Body::UserMessage { .. } => What::Prompt,
            // A turn that begins with a call has an empty text.
            Body::AssistantMessage { text, .. } if text.trim().is_empty() => What::Nothing,
            Body::AssistantMessage { .. } => What::Answer,
            Body::AssistantThinking { .. } => What::Thinking,
            Body::ToolCall(call) => What::of_call(call),
            Body::ToolResult(result) => What::of_result(result),
            Body::Usage(usage) => What::Usage(usage),
            // A row of type `usage` says the same.
            Body::SubagentUsage(_) => What::Nothing,
            Body::Title(_) => What::Title,
            Body::Notice { .. } => What::Notice(State::Open),
            Body::SubagentSpawned(spawned) => What::Spawned(spawned.depth),
            // What is within it has been taken out.
            Body::SubagentEvent { .. } => What::Unknown,
            Body::SubagentCompleted { status, error, .. } => {
                What::Completed(State::of_subagent(status.as_deref(), error.is_some()))
            }
            // Whatever it is that was said, a turn begins.
            Body::Unknown { kind: Some(kind), .. } if kind == "user_message" => What::Prompt,
            Body::Unknown { kind: Some(kind), .. } => What::of_subagent(&kind),
            Body::Unknown { kind: None, .. } => What::Unknown,
        }
    }

    /// What only subagents say: of a call that is to come and of the end, rows of their own tell.
    fn of_subagent(kind: &str) -> What {
        match kind {
            "agent_error" => What::Notice(State::Failed),
            "tool_call_pending" | "agent_done" => What::Nothing,
            _ => What::Unknown,
        }
    }

    fn of_call(call: Call) -> What {
        let files = call.files().into_iter().map(|(access, path)| (access, path.to_owned())).collect();
        let is_command = call.command().is_some();
        What::Call { files, is_command, id: call.id, tool: call.name }
    }

    fn of_result(result: CallResult) -> What {
        let [as_command, as_other] = [true, false].map(|is_command| State::of(&Outcome::of(&result, is_command)));
        What::Result { id: result.call_id, tool: None, as_command, as_other }
    }
}

/// The rows that most of a log's bytes are in: answers, prompts, and results that say how they ended.
fn fast(row: &[u8]) -> Option<What> {
    let row: Fast = serde_json::from_slice(row).ok()?;
    match &*row.kind {
        "user_message" => Some(What::Prompt),
        "assistant_thinking" => Some(What::Thinking),
        "tool_result" => {
            let code = row.metadata.and_then(|metadata| metadata.exit_code);
            let passed = row.status? == "completed" && row.success? && code == Some(0);
            let id = Some(row.call_id?.into_owned()).filter(|id| !id.is_empty());
            // Anything else is in the text.
            passed.then_some(What::Result { id, tool: None, as_command: State::Passed, as_other: State::Passed })
        }
        _ => None,
    }
}

/// The tool that a result names.
fn tool_of(row: &[u8]) -> Option<String> {
    let row: Named = serde_json::from_slice(row).ok()?;
    row.inner.map_or(row.name, |inner| inner.name).filter(|tool| !tool.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(row: &str) -> String {
        let row = Row { number: 1, offset: 0, length: 0, bytes: row.as_bytes(), is_cut: false, is_ended: true };
        let Head { agent, what } = Head::of(&row);
        format!("{agent:?} {what:?}")
    }

    #[test]
    fn the_fast_way_tells_what_the_slow_one_does() {
        for (row, wanted) in [
            ("  ", "None Nothing"),
            ("{", "None Damaged"),
            (r#"{"type":"user_message","text":"\"}"}"#, "None Prompt"),
            (r#"{"type":"assistant_message","text":" "}"#, "None Nothing"),
            (r#"{"type":"assistant_message","text":"x"}"#, "None Answer"),
            (
                r#"{"type":"tool_result","call_id":"a","content":"Exit code: 7","success":true,"status":"completed"}"#,
                "None Result { id: Some(\"a\"), tool: None, as_command: Failed, as_other: Passed }",
            ),
            (
                r#"{"type":"tool_result","call_id":"a","content":"x","success":false,"status":"completed","metadata":{"exit_code":1}}"#,
                "None Result { id: Some(\"a\"), tool: None, as_command: Failed, as_other: Failed }",
            ),
            (
                r#"{"type":"tool_call","id":"c","name":"edit_file","arguments":{"path":"a"}}"#,
                "None Call { id: Some(\"c\"), tool: \"edit_file\", files: [(Edit, \"a\")], is_command: false }",
            ),
            (
                r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"assistant_message","text":"x"}}"#,
                "Some(\"s\") Answer",
            ),
            (
                r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"subagent_event","subagent_id":"t","inner":{"type":"user_message","text":"x"}}}"#,
                "Some(\"t\") Prompt",
            ),
            (r#"{"type":"subagent_completed","subagent_id":"s","error":"x"}"#, "Some(\"s\") Completed(Failed)"),
            (r#"{"type":"file.write","x":1}"#, "None Unknown"),
            (r#"{"type":"user_message","text":{}}"#, "None Prompt"),
            (
                r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"agent_error","error":"x"}}"#,
                "Some(\"s\") Notice(Failed)",
            ),
            (
                r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"tool_call_pending","id":"c"}}"#,
                "Some(\"s\") Nothing",
            ),
        ] {
            assert_eq!(head(row), wanted, "{row}");
        }
    }
}
