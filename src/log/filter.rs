//! Which events are wanted: by type, tool, file, text and time. An event has to fit every kind of filter that is there, and
//! of one kind any one.

use std::collections::HashSet;

use jiff::{Span, Timestamp, tz::TimeZone};
use regex::bytes::Regex;
use serde_json::{Map, Value};

use super::fields::{Field, Fields};
use crate::session::{Body, Call, CallResult, Event, parse_time};

/// What is wanted. Without anything in it, everything.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Types, or what they begin with up to an underscore: `tool_call`, `tool`, `user`.
    pub types: Vec<String>,
    /// Names of tools. The results of their calls are wanted too.
    pub tools: Vec<String>,
    /// Files that a call is about, or directories that they are in: a run of whole names of a path.
    pub files: Vec<String>,
    /// What is in one of the event's texts: what was said, what a tool was given, what came of it.
    pub text: Option<Regex>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
}

/// Lets through what is wanted.
#[derive(Debug, Default)]
pub struct Filter {
    wanted: Wanted,
    /// Calls that were wanted, whose results are: the subagent that made it, if one did, and its id.
    calls: HashSet<(Option<String>, String)>,
}

/// A text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time: 2026-08-12, 2026-08-12T09:00:00Z, or 2h, 30m, 3d for so long ago")]
pub struct NoTime(pub String);

/// The time that somebody means: as ISO 8601 (UTC, if it does not say), or as how long ago.
///
/// # Errors
/// [`NoTime`].
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, NoTime> {
    let ago = || now.to_zoned(TimeZone::UTC).checked_sub(text.parse::<Span>().ok()?.abs()).ok();
    parse_time(text).or_else(|| ago().map(|then| then.timestamp())).ok_or_else(|| NoTime(text.to_owned()))
}

impl Filter {
    /// Lets through what is `wanted`.
    pub fn new(wanted: Wanted) -> Filter {
        Filter { wanted, calls: HashSet::new() }
    }

    /// Whether everything is wanted.
    pub fn is_open(&self) -> bool {
        self.wanted.types.is_empty()
            && self.wanted.since.is_none()
            && self.wanted.until.is_none()
            && !self.looks_inside()
    }

    /// Whether it depends on earlier rows what is wanted: a result is wanted with its call.
    pub fn looks_back(&self) -> bool {
        !self.wanted.tools.is_empty() || !self.wanted.files.is_empty()
    }

    /// Whether a row is wanted. One that is no event is, when everything is.
    pub fn admits(&mut self, row: &[u8]) -> bool {
        if self.is_open() {
            return true;
        }
        // What needs no value to be built goes first.
        let is_in_time = match Fields::of(row) {
            Ok(fields) => {
                if !self.admits_type(&fields) {
                    // A call that is not shown itself may have a result that is.
                    self.looks_back().then(|| self.admits_body(row));
                    return false;
                }
                self.admits_time(fields.text(Field::Timestamp).as_deref().and_then(parse_time))
            }
            Err(_) if self.wanted.types.is_empty() => match Event::parse(row) {
                Some(event) => self.admits_time(event.at()),
                None => return false,
            },
            Err(_) => return false,
        };
        // Looked at in any case: the result of an early call may be in time.
        let is_admitted = !self.looks_inside() || self.admits_body(row);
        is_in_time && is_admitted
    }

    fn looks_inside(&self) -> bool {
        self.looks_back() || self.wanted.text.is_some()
    }

    fn admits_type(&self, row: &Fields) -> bool {
        let fits = |kind: &str| self.wanted.types.iter().any(|wanted| is_of(kind, wanted));
        let inner = || Fields::of_text(row.get(Field::Inner)?).ok()?.text(Field::Type).map(|kind| fits(&kind));
        self.wanted.types.is_empty() || row.text(Field::Type).is_some_and(|kind| fits(&kind)) || inner() == Some(true)
    }

    fn admits_time(&self, at: Option<Timestamp>) -> bool {
        match at {
            Some(at) => {
                self.wanted.since.is_none_or(|since| at >= since) && self.wanted.until.is_none_or(|until| at <= until)
            }
            None => self.wanted.since.is_none() && self.wanted.until.is_none(),
        }
    }

    fn admits_body(&mut self, row: &[u8]) -> bool {
        let Some(event) = Event::parse(row) else { return false };
        let (subagent, body) = match &event.body {
            Body::SubagentEvent { subagent_id, inner } => (Some(subagent_id), &**inner),
            body => (None, body),
        };
        if self.looks_back() && !self.admits_call(subagent, body) {
            return false;
        }
        self.wanted.text.as_ref().is_none_or(|pattern| has_text(&event.body, pattern))
    }

    fn admits_call(&mut self, subagent: Option<&String>, body: &Body) -> bool {
        let key = |id: &String| (subagent.cloned(), id.clone());
        match body {
            Body::ToolCall(call) => {
                let tool = self.wanted.tools.is_empty() || self.wanted.tools.contains(&call.name);
                let fits = tool && (self.wanted.files.is_empty() || self.is_about(call));
                // Ids are used again: the results are those of the later call.
                match &call.id {
                    Some(id) if fits => self.calls.insert(key(id)),
                    Some(id) => self.calls.remove(&key(id)),
                    None => false,
                };
                fits
            }
            Body::ToolResult(CallResult { call_id: Some(id), .. }) => self.calls.contains(&key(id)),
            _ => false,
        }
    }

    fn is_about(&self, call: &Call) -> bool {
        // Tools that nobody knows call their files something with `path` or `file` in it.
        let named = call.arguments.iter().filter(|(key, _)| key.contains("path") || key.contains("file"));
        let named: Vec<&str> = named.filter_map(|(_, value)| value.as_str()).collect();
        let files = call.files().into_iter().map(|(_, file)| file).chain(named);
        files.into_iter().any(|file| self.wanted.files.iter().any(|wanted| is_in(file, wanted)))
    }
}

/// `tool_call` is of `tool_call` and of `tool`.
fn is_of(kind: &str, wanted: &str) -> bool {
    kind.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Whether the names of `wanted` stand one after the other in `path`.
fn is_in(path: &str, wanted: &str) -> bool {
    let names = |path: &str| -> Vec<String> {
        path.split(['/', '\\']).filter(|name| !matches!(*name, "" | ".")).map(str::to_owned).collect()
    };
    let (path, wanted) = (names(path), names(wanted));
    !wanted.is_empty() && path.windows(wanted.len()).any(|names| names == wanted)
}

fn has_text(body: &Body, pattern: &Regex) -> bool {
    let is = |text: &str| pattern.is_match(text.as_bytes());
    let is_some = |text: &Option<String>| text.as_deref().is_some_and(is);
    match body {
        Body::UserMessage { text } | Body::AssistantMessage { text, .. } | Body::AssistantThinking { text, .. } => {
            is(text)
        }
        Body::ToolCall(call) => is(&call.name) || in_object(&call.arguments, &is),
        Body::ToolResult(result) => is(&result.content) || is_some(&result.summary) || in_object(&result.metadata, &is),
        Body::Title(title) => is(title),
        Body::Notice { message, .. } => is(message),
        Body::SubagentSpawned(spawned) => is(&spawned.task),
        Body::SubagentEvent { inner, .. } => has_text(inner, pattern),
        Body::SubagentCompleted { error, .. } => is_some(error),
        Body::Usage(_) | Body::SubagentUsage(_) => false,
        Body::Unknown { row, .. } => in_object(row, &is),
    }
}

fn in_object(object: &Map<String, Value>, is: &dyn Fn(&str) -> bool) -> bool {
    object.values().any(|value| in_value(value, is))
}

fn in_value(value: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is(text),
        Value::Array(values) => values.iter().any(|value| in_value(value, is)),
        Value::Object(object) => in_object(object, is),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [&str; 7] = [
        r#"{"timestamp":"2026-08-12T09:00:00Z","type":"user_message","text":"Say\nhello"}"#,
        r#"{"timestamp":"2026-08-12T09:01:00","type":"tool_call","id":"1","name":"edit_file","arguments":{"path":"/w/src/cli/mod.rs"}}"#,
        r#"{"timestamp":"2026-08-12T09:02:00Z","type":"tool_result","call_id":"1","content":"done"}"#,
        r#"{"timestamp":"2026-08-12T09:03:00Z","type":"tool_call","id":"2","name":"bash","arguments":{"command":"ls src"}}"#,
        r#"{"timestamp":"2026-08-12T09:04:00Z","type":"tool_result","call_id":"2","content":"hello"}"#,
        r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"tool_call","id":"3","name":"bash","arguments":{}}}"#,
        "{torn",
    ];

    fn admitted(wanted: Wanted) -> Vec<usize> {
        let mut filter = Filter::new(wanted);
        (0..ROWS.len()).filter(|&row| filter.admits(ROWS[row].as_bytes())).collect()
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn each_filter_finds_its_rows() {
        let wanted = Wanted::default;
        assert_eq!(admitted(wanted()), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(admitted(Wanted { types: words(&["tool", "user_message"]), ..wanted() }), [0, 1, 2, 3, 4, 5]);
        assert_eq!(admitted(Wanted { types: words(&["too", "tool_calls"]), ..wanted() }), [0; 0]);
        assert_eq!(admitted(Wanted { tools: words(&["bash"]), ..wanted() }), [3, 4, 5]);
        for (file, rows) in [("src", vec![1, 2]), ("cli/mod.rs", vec![1, 2]), ("mod", vec![]), ("/w/src/", vec![1, 2])]
        {
            assert_eq!(admitted(Wanted { files: words(&[file]), ..wanted() }), rows, "{file}");
        }
        let text = |pattern: &str| Some(Regex::new(pattern).unwrap());
        assert_eq!(admitted(Wanted { text: text("(?m)^hello$"), ..wanted() }), [0, 4]);
        let at = |time: &str| moment(time, Timestamp::UNIX_EPOCH).ok();
        let (since, until) = (at("2026-08-12T09:01:00Z"), at("2026-08-12T09:02"));
        assert_eq!(admitted(Wanted { since, until, ..wanted() }), [1, 2]);
    }

    #[test]
    fn all_kinds_have_to_fit_and_results_go_with_their_calls() {
        let filter = Wanted { types: words(&["tool_result"]), tools: words(&["edit_file"]), ..Wanted::default() };
        assert_eq!(admitted(filter), [2]);
        let since = moment("2026-08-12T09:04:00Z", Timestamp::UNIX_EPOCH).ok();
        assert_eq!(admitted(Wanted { tools: words(&["bash"]), since, ..Wanted::default() }), [4]);
    }

    #[test]
    fn times_are_points_or_how_long_ago() {
        let now: Timestamp = "2026-08-12T12:00:00Z".parse().unwrap();
        for (text, time) in [
            ("2h", "2026-08-12T10:00:00Z"),
            ("2d", "2026-08-10T12:00:00Z"),
            ("90 minutes", "2026-08-12T10:30:00Z"),
            ("2026-08-11", "2026-08-11T00:00:00Z"),
            ("2026-08-11T10:00+02:00", "2026-08-11T08:00:00Z"),
        ] {
            assert_eq!(moment(text, now).unwrap().to_string(), time, "{text}");
        }
        assert_eq!(moment("soon", now), Err(NoTime("soon".into())));
    }
}
