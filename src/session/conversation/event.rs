//! One row as an event, as far as it can be understood. A field of another type is as good as absent; a row of a type that
//! is not known, or in which nobody can read what was said, is kept as it came.

use std::borrow::Cow;

use bstr::ByteSlice;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::fields::{arguments, content, flag, id, number, object, said, text};
use crate::session::meta::parse_time;

/// One event of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When it was written: ISO 8601 as it stands in the file. UTC, but for the first days of Glue; see [`Event::at`].
    pub timestamp: Option<String>,
    /// The sequence number, from 1; only newer rows have one.
    pub sequence: Option<u64>,
    /// The session that it was written for. In a fork that is the session it was copied from.
    pub session_id: Option<String>,
    /// The prompt that it belongs to.
    pub turn_id: Option<String>,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// What the person said; may be huge, with whole files in it.
    UserMessage {
        /// The text.
        text: String,
    },
    /// What the model said.
    AssistantMessage {
        /// The text; empty where nothing but tools was called.
        text: String,
        /// `provider/model`.
        model: Option<String>,
    },
    /// What the model thought.
    AssistantThinking {
        /// The text.
        text: String,
        /// `provider/model`.
        model: Option<String>,
    },
    /// A tool was called.
    ToolCall(Call),
    /// What came of a call.
    ToolResult(CallResult),
    /// What a turn cost.
    Usage(Usage),
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
    SubagentSpawned(Spawned),
    /// Something that a subagent did.
    SubagentEvent {
        /// Which one.
        subagent_id: String,
        /// What it did: rows within rows are events too, of their own types.
        inner: Box<Body>,
    },
    /// What a subagent cost. A row of type `usage` says the same.
    SubagentUsage(Usage),
    /// A subagent came to its end.
    SubagentCompleted {
        /// Which one.
        subagent_id: String,
        /// `completed`, `failed`, `cancelled` or `denied`; older rows do not say.
        status: Option<String>,
        /// How long it took, in milliseconds.
        duration_ms: Option<u64>,
        /// What went wrong.
        error: Option<String>,
    },
    /// Anything else, as it came.
    Unknown {
        /// Its type, if it has one.
        kind: Option<String>,
        /// The whole row.
        row: Map<String, Value>,
    },
}

/// A call of a tool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Call {
    /// What its result refers to. Old rows have none, and get no result then.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// What it was given.
    pub arguments: Map<String, Value>,
}

/// What came of a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallResult {
    /// The [`Call::id`] that it answers.
    pub call_id: Option<String>,
    /// What the model got to read.
    pub content: String,
    /// The same in one line, for people.
    pub summary: Option<String>,
    /// Older rows do not say.
    pub success: Option<bool>,
    /// `completed`, `failed`, `cancelled` or `denied`; older rows do not say.
    pub status: Option<String>,
    /// What else the tool told: its exit code, the file before and after.
    pub metadata: Map<String, Value>,
}

impl CallResult {
    /// What there is to read of it: its content, else its summary.
    pub fn text(&self) -> &str {
        let summary = self.summary.as_deref().filter(|_| self.content.trim().is_empty());
        summary.unwrap_or(&self.content)
    }
}

/// What was spent, in tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Who spent it: `main`, `subagent`, `title`, `recap`.
    pub role: Option<String>,
    /// `provider/model`.
    pub model: Option<String>,
    /// What was read, without what came from the cache.
    pub input: u64,
    /// What was written.
    pub output: u64,
    /// What was read from the cache.
    pub cache_read: u64,
    /// What was put into the cache.
    pub cache_creation: u64,
    /// What was thought.
    pub reasoning: u64,
}

/// A subagent that was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spawned {
    /// Its id.
    pub subagent_id: String,
    /// Who started it, if not the main agent.
    pub parent: Option<String>,
    /// What it is to do.
    pub task: String,
    /// How many are above it.
    pub depth: u64,
    /// `provider/model`.
    pub model: Option<String>,
}

impl Event {
    /// Reads a row. `None` when it is no JSON object, even after what can be made good has been: bytes that are not UTF-8
    /// and halves of surrogate pairs become U+FFFD, and a mark of the byte order is passed over.
    pub fn parse(row: &[u8]) -> Option<Event> {
        let row = row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(row);
        let row = serde_json::from_slice(row).ok().or_else(|| serde_json::from_str(&mended(row)?).ok())?;
        match row {
            Value::Object(row) => Some(Event::of(row)),
            _ => None,
        }
    }

    /// The event that a row tells of.
    pub fn of(row: Map<String, Value>) -> Event {
        let copied = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
        Event {
            timestamp: copied("timestamp"),
            sequence: row.get("sequence").and_then(Value::as_u64),
            session_id: copied("session_id"),
            turn_id: copied("turn_id"),
            body: Body::of(row),
        }
    }

    /// When it was written. Times without a zone are read as UTC, for want of knowing better.
    pub fn at(&self) -> Option<Timestamp> {
        parse_time(self.timestamp.as_deref()?)
    }
}

impl Body {
    /// What the row `row`, or the row within a row, tells.
    pub fn of(mut row: Map<String, Value>) -> Body {
        let kind = row.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let row = &mut row;
        match kind.as_str() {
            "user_message" | "assistant_message" | "assistant_thinking" => {
                let Some(text) = said(row) else { return Body::Unknown { kind: Some(kind), row: std::mem::take(row) } };
                let model = self::text(row, "model_ref");
                match kind.as_str() {
                    "user_message" => Body::UserMessage { text },
                    "assistant_message" => Body::AssistantMessage { text, model },
                    _ => Body::AssistantThinking { text, model },
                }
            }
            "tool_call" => Body::ToolCall(Call {
                id: id(row, "id"),
                name: text(row, "name").unwrap_or_default(),
                arguments: arguments(row),
            }),
            "tool_result" => Body::ToolResult(CallResult {
                call_id: id(row, "call_id"),
                content: content(row),
                summary: text(row, "summary"),
                success: flag(row, "success").or_else(|| flag(row, "is_error").map(|is_error| !is_error)),
                status: text(row, "status"),
                metadata: object(row, "metadata"),
            }),
            "usage" => Body::Usage(usage(row)),
            "title_generated" | "title_reevaluated" => Body::Title(text(row, "title").unwrap_or_default()),
            "agent_notice" => Body::Notice {
                kind: text(row, "kind").unwrap_or_default(),
                message: text(row, "message").unwrap_or_default(),
            },
            "subagent_spawned" => Body::SubagentSpawned(Spawned {
                subagent_id: text(row, "subagent_id").unwrap_or_default(),
                parent: id(row, "parent_subagent_id"),
                task: text(row, "task").unwrap_or_default(),
                depth: number(row, "depth"),
                model: text(row, "model_ref").or_else(|| text(row, "model")),
            }),
            "subagent_event" => Body::SubagentEvent {
                subagent_id: row.get("subagent_id").and_then(Value::as_str).unwrap_or_default().to_owned(),
                inner: Box::new(match row.get("inner") {
                    Some(Value::Object(_)) => Body::of(object(row, "inner")),
                    _ => Body::Unknown { kind: Some(kind), row: std::mem::take(row) },
                }),
            },
            "subagent_usage" => Body::SubagentUsage(usage(row)),
            "subagent_completed" => Body::SubagentCompleted {
                subagent_id: text(row, "subagent_id").unwrap_or_default(),
                status: text(row, "status"),
                duration_ms: row.get("duration_ms").and_then(Value::as_u64),
                error: text(row, "error"),
            },
            _ => Body::Unknown { kind: Some(kind).filter(|kind| !kind.is_empty()), row: std::mem::take(row) },
        }
    }

    /// The subagent that it is of, and what that did, out of the rows that are around it.
    pub fn unnested(mut self) -> (Option<String>, Body) {
        let mut agent = None;
        while let Body::SubagentEvent { subagent_id, inner } = self {
            (agent, self) = (Some(subagent_id), *inner);
        }
        if let Body::SubagentSpawned(Spawned { subagent_id, .. }) | Body::SubagentCompleted { subagent_id, .. } = &self
        {
            agent = Some(subagent_id.clone());
        }
        (agent, self)
    }
}

fn usage(row: &mut Map<String, Value>) -> Usage {
    Usage {
        role: text(row, "role"),
        model: text(row, "model_ref"),
        input: number(row, "input_tokens"),
        output: number(row, "output_tokens"),
        cache_read: number(row, "cache_read_tokens"),
        cache_creation: number(row, "cache_creation_tokens"),
        reasoning: number(row, "reasoning_tokens"),
    }
}

/// The row with U+FFFD in place of what is not UTF-8 and of halves of surrogate pairs; `None` when there is nothing to mend.
pub(crate) fn mended(row: &[u8]) -> Option<String> {
    let text = row.to_str_lossy();
    let is_lossy = matches!(text, Cow::Owned(_));
    let mut mended = String::with_capacity(text.len());
    let (mut rest, mut halves) = (&*text, 0);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended += before;
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => 0,
            // A backslash that is escaped is no start of another escape.
            _ => escape.char_indices().nth(2).map_or(escape.len(), |(end, _)| end),
        };
        halves += usize::from(length == 0);
        mended += if length == 0 { "\u{fffd}" } else { &escape[..length] };
        rest = &escape[if length == 0 { 6 } else { length }..];
    }
    mended += rest;
    (is_lossy || halves > 0).then_some(mended)
}

/// The UTF-16 unit of the escape that `text` starts with.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(row: &str) -> Body {
        Event::parse(row.as_bytes()).expect("an object").body
    }

    #[test]
    fn rows_of_both_forms_tell_the_same() {
        let old = r#"{"timestamp":"2026-05-02T08:00:00.104Z","type":"tool_call","id":"t","name":"bash","arguments":{"command":"ls"}}"#;
        let new = r#"{"schema_version":1,"event_id":"s:7","session_id":"s","timestamp":"2026-05-02T08:00:00.104000Z","type":"tool_call","sequence":7,"turn_id":"s:turn:1","id":"t","name":"bash","arguments":{"command":"ls"}}"#;
        let (old, new) = (Event::parse(old.as_bytes()).unwrap(), Event::parse(new.as_bytes()).unwrap());
        assert_eq!(old.body, new.body);
        assert_eq!(old.at(), new.at());
        assert_eq!((old.sequence, new.sequence, new.turn_id.as_deref()), (None, Some(7), Some("s:turn:1")));
        assert!(matches!(old.body, Body::ToolCall(call) if call.arguments["command"] == "ls"));
    }

    #[test]
    fn what_is_not_known_is_kept_whole() {
        let row = r#"{"timestamp":"2026-05-02T08:00:00Z","type":"file.write.diff","text":"t","sequence":3}"#;
        let Body::Unknown { kind, row } = body(row) else { panic!() };
        assert_eq!(kind.as_deref(), Some("file.write.diff"));
        assert_eq!(row["text"], "t");
        assert_eq!(row["type"], "file.write.diff");
        assert_eq!(row["timestamp"], "2026-05-02T08:00:00Z");
    }

    #[test]
    fn a_field_of_another_type_costs_that_field() {
        assert_eq!(body(r#"{"type":"user_message","text":null}"#), Body::UserMessage { text: String::new() });
        let Body::ToolCall(call) = body(r#"{"type":"tool_call","id":"","name":[],"arguments":"{}"}"#) else { panic!() };
        assert_eq!(call, Call::default());
        let Body::SubagentEvent { inner, .. } = body(r#"{"type":"subagent_event","inner":["x"]}"#) else { panic!() };
        assert!(matches!(*inner, Body::Unknown { row, .. } if row["inner"][0] == "x"));
        for row in ["", "[]", "7", "{", "{}x", "null"] {
            assert_eq!(Event::parse(row.as_bytes()), None, "{row}");
        }
    }

    #[test]
    fn arguments_may_be_written_as_text() {
        for (arguments, wanted) in [
            (r#""{\"path\":\"a\"}""#, r#"{"path":"a"}"#),
            (r#""not JSON""#, r#"{"arguments":"not JSON"}"#),
            (r#""[1]""#, r#"{"arguments":"[1]"}"#),
            ("[1]", r#"{"arguments":[1]}"#),
            (r#""""#, "{}"),
            ("null", "{}"),
        ] {
            let row = format!(r#"{{"type":"tool_call","arguments":{arguments}}}"#);
            let Body::ToolCall(call) = body(&row) else { panic!() };
            assert_eq!(Value::from(call.arguments).to_string(), wanted);
        }
    }

    #[test]
    fn what_was_said_may_be_in_blocks() {
        let blocks = r#"[{"type":"text","text":"one"},{"type":"image","data":"x"},"two"]"#;
        for (kind, key) in [("user_message", "text"), ("user_message", "content"), ("assistant_message", "content")] {
            let text = match body(&format!(r#"{{"type":"{kind}","{key}":{blocks}}}"#)) {
                Body::UserMessage { text } | Body::AssistantMessage { text, .. } => text,
                body => panic!("{body:?}"),
            };
            assert_eq!(text, "one\ntwo");
        }
        let content = |content: &str| match body(&format!(r#"{{"type":"tool_result","content":{content}}}"#)) {
            Body::ToolResult(result) => result.content,
            body => panic!("{body:?}"),
        };
        assert_eq!(content(blocks), "one\ntwo");
        let image = r#"[{"type":"image","data":"x"}]"#;
        for (value, wanted) in [("null", ""), ("[]", ""), ("7", "7"), (r#"{"a":1}"#, r#"{"a":1}"#), (image, image)] {
            assert_eq!(content(value), wanted);
        }
        for value in ["7", "{}", image] {
            let body = body(&format!(r#"{{"type":"user_message","text":{value}}}"#));
            assert!(matches!(&body, Body::Unknown { kind: Some(_), row } if row.contains_key("text")), "{body:?}");
        }
    }

    #[test]
    fn bytes_and_escapes_that_are_no_characters_are_made_good() {
        let text = |row: &[u8]| match Event::parse(row).expect("mended").body {
            Body::UserMessage { text } => text,
            body => panic!("{body:?}"),
        };
        assert_eq!(text(b"\xef\xbb\xbf{\"type\":\"user_message\",\"text\":\"x\"}"), "x");
        assert_eq!(text(b"{\"type\":\"user_message\",\"text\":\"a\xffb\xc3\"}"), "a\u{fffd}b\u{fffd}");
        assert_eq!(
            text(br#"{"type":"user_message","text":"\ud83dx \udc00 \ud83d\ude00 \\ud83d"}"#),
            "\u{fffd}x \u{fffd} 😀 \\ud83d"
        );
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        let event = Event::parse(br#"{"timestamp":"2026-02-27T10:00:00.123456","type":"x"}"#).unwrap();
        assert_eq!(event.at().unwrap().to_string(), "2026-02-27T10:00:00.123456Z");
    }
}
