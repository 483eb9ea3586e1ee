//! What a row of version 1 must be: Glue's `conversation-event-v1` schema. It is closed: a key that it does not know is an
//! error, and so is a value of another type. What may stand in `arguments` and `metadata` is nobody's business.

use super::depth::DEEPEST;
use super::fields::{Field, Fields, text};

/// The types of rows, and the fields that each must have.
const TYPES: [(&str, &[Field]); 13] = [
    ("tool_call", &[Field::Id, Field::Name, Field::Arguments]),
    ("tool_result", &[Field::CallId, Field::Content, Field::Success, Field::Status]),
    ("assistant_message", &[Field::Text, Field::ModelRef]),
    ("assistant_thinking", &[Field::Text, Field::ModelRef]),
    ("user_message", &[Field::Text]),
    ("usage", &[Field::Role, Field::ModelRef, Field::InputTokens, Field::OutputTokens, Field::TurnCount]),
    ("subagent_event", &[Field::SubagentId, Field::Inner]),
    ("title_generated", &[Field::Title]),
    ("title_reevaluated", &[Field::Title]),
    ("agent_notice", &[Field::Kind, Field::Message]),
    ("subagent_spawned", &[Field::SubagentId, Field::Task, Field::Depth, Field::ModelRef]),
    (
        "subagent_usage",
        &[Field::SubagentId, Field::ModelRef, Field::InputTokens, Field::OutputTokens, Field::TurnCount],
    ),
    ("subagent_completed", &[Field::SubagentId, Field::Status, Field::DurationMs]),
];

/// What every row has.
const ENVELOPE: [Field; 6] =
    [Field::SchemaVersion, Field::EventId, Field::SessionId, Field::Timestamp, Field::Type, Field::Sequence];

/// The types of rows within rows, which tell what a subagent did.
const INNER_TYPES: [&str; 9] = [
    "assistant_message",
    "assistant_thinking",
    "tool_call_pending",
    "tool_call",
    "tool_result",
    "agent_done",
    "agent_error",
    "usage",
    "agent_notice",
];
const INNER: [Field; 16] = [
    Field::Type,
    Field::Text,
    Field::Id,
    Field::Name,
    Field::Arguments,
    Field::CallId,
    Field::Success,
    Field::Content,
    Field::Summary,
    Field::Error,
    Field::InputTokens,
    Field::OutputTokens,
    Field::CacheReadTokens,
    Field::CacheCreationTokens,
    Field::Kind,
    Field::Message,
];
const STATUSES: [&str; 4] = ["completed", "failed", "cancelled", "denied"];

/// Whether there are rows of that type.
pub(super) fn is_type(name: &str) -> bool {
    TYPES.iter().any(|(known, _)| *known == name)
}

/// The types of rows, for messages.
pub(super) fn types() -> String {
    TYPES.map(|(name, _)| name).join(", ")
}

/// Whether rows of a type must have a field.
pub(super) fn requires(kind: &str, field: Field) -> bool {
    TYPES.iter().any(|(name, required)| *name == kind && required.contains(&field))
}

/// What is wrong with a row of any version that nobody could read.
pub(super) fn unreadable(row: &Fields) -> Option<String> {
    if row.has_huge_number {
        return Some("it has a number beyond 1.8e308: it could not be shown".to_owned());
    }
    row.is_too_deep.then(|| format!("it is nested deeper than {DEEPEST} levels: it could not be shown"))
}

/// The first thing that is wrong with a row of version 1.
pub(super) fn problem(row: &Fields) -> Option<String> {
    if let Some(problem) = unreadable(row) {
        return Some(problem);
    }
    if let Some(key) = &row.unknown {
        return Some(format!("`{key}` is no key of an event"));
    }
    if let Some(key) = &row.twice {
        return Some(format!("`{key}` stands twice"));
    }
    let mut wrong = Field::ALL.iter().filter_map(|&field| Some((field, row.get(field)?, shape(field))));
    if let Some((field, _, shape)) = wrong.find(|(_, value, shape)| !shape.fits(value)) {
        return Some(format!("`{}` is not {}", field.name(), shape.name()));
    }
    let kind = row.text(Field::Type);
    let required = TYPES.iter().find(|(name, _)| kind.as_deref() == Some(name)).map(|(_, required)| *required);
    let missing = ENVELOPE.iter().chain(required.unwrap_or_default()).find(|field| row.get(**field).is_none());
    if let Some(field) = missing {
        return Some(format!("{} needs `{}`", kind.as_deref().unwrap_or("an event"), field.name()));
    }
    row.get(Field::Inner).and_then(inner_problem).map(|problem| format!("in `inner`, {problem}"))
}

/// What a row says twice, and not the same: a result has succeeded exactly when it is completed.
pub(super) fn contradiction(row: &Fields) -> Option<String> {
    let (success, status) = (row.get(Field::Success)?, row.text(Field::Status)?);
    let is_one = (success == "true") == (status == "completed");
    (!is_one).then(|| format!("`success` is {success}, but `status` is {status}"))
}

/// The first thing that is wrong with a row within a row. Ids may be empty there.
fn inner_problem(row: &str) -> Option<String> {
    let row = match Fields::of_text(row) {
        Ok(row) => row,
        Err(error) => return Some(error.reason),
    };
    let foreign = Field::ALL.iter().find(|field| row.get(**field).is_some() && !INNER.contains(field));
    if let Some(key) = row.unknown.as_deref().or(foreign.map(|field| field.name())) {
        return Some(format!("`{key}` is no key of an event"));
    }
    if let Some(key) = &row.twice {
        return Some(format!("`{key}` stands twice"));
    }
    if !row.text(Field::Type).is_some_and(|kind| INNER_TYPES.contains(&&*kind)) {
        return Some("`type` is not the type of an event".to_owned());
    }
    INNER.iter().find_map(|&field| {
        let shape = match shape(field) {
            Shape::Type | Shape::Name => Shape::Text,
            shape => shape,
        };
        let fits = row.get(field).is_none_or(|value| shape.fits(value));
        (!fits).then(|| format!("`{}` is not {}", field.name(), shape.name()))
    })
}

/// What the value of a field has to be.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Version,
    Name,
    Text,
    Time,
    Type,
    Count,
    Positive,
    Integer,
    Flag,
    Status,
    Model,
    Object,
}

fn shape(field: Field) -> Shape {
    match field {
        Field::SchemaVersion => Shape::Version,
        Field::Timestamp => Shape::Time,
        Field::Type => Shape::Type,
        Field::Sequence | Field::TurnCount | Field::Total => Shape::Positive,
        Field::EventId
        | Field::SessionId
        | Field::TurnId
        | Field::RequestId
        | Field::Id
        | Field::Name
        | Field::CallId
        | Field::Role
        | Field::SubagentId => Shape::Name,
        Field::ModelRef => Shape::Model,
        Field::Arguments | Field::Metadata | Field::Inner => Shape::Object,
        Field::Success => Shape::Flag,
        Field::Status => Shape::Status,
        Field::ExitCode => Shape::Integer,
        Field::DurationMs
        | Field::InputTokens
        | Field::OutputTokens
        | Field::CacheReadTokens
        | Field::CacheCreationTokens
        | Field::ReasoningTokens
        | Field::Depth
        | Field::Index => Shape::Count,
        Field::Text
        | Field::StopReason
        | Field::FilePath
        | Field::Content
        | Field::Summary
        | Field::Title
        | Field::Kind
        | Field::Message
        | Field::ParentSubagentId
        | Field::Task
        | Field::Error => Shape::Text,
    }
}

impl Shape {
    fn fits(self, value: &str) -> bool {
        let is_text = value.starts_with('"');
        match self {
            Shape::Version => integer(value) == Some(1.0),
            Shape::Name => is_text && value.len() > 2,
            Shape::Text => is_text,
            Shape::Time => text(value).is_some_and(|time| is_time(&time)),
            Shape::Type => text(value).is_some_and(|kind| is_type(&kind)),
            Shape::Count => integer(value).is_some_and(|number| number >= 0.0),
            Shape::Positive => integer(value).is_some_and(|number| number >= 1.0),
            Shape::Integer => integer(value).is_some(),
            Shape::Flag => matches!(value, "true" | "false"),
            Shape::Status => text(value).is_some_and(|status| STATUSES.contains(&&*status)),
            Shape::Model => text(value).is_some_and(|model| is_model(&model)),
            Shape::Object => value.starts_with('{'),
        }
    }

    fn name(self) -> String {
        match self {
            Shape::Version => "1",
            Shape::Name => "a string with something in it",
            Shape::Text => "a string",
            Shape::Time => "a time with its zone, such as 2026-08-12T09:00:00.200000Z",
            Shape::Type => return format!("one of {}", types()),
            Shape::Count => "a whole number of 0 or more",
            Shape::Positive => "a whole number of 1 or more",
            Shape::Integer => "a whole number",
            Shape::Flag => "true or false",
            Shape::Status => return format!("one of {}", STATUSES.join(", ")),
            Shape::Model => "<provider>/<model>",
            Shape::Object => "an object",
        }
        .to_owned()
    }
}

/// `1.0` and `1e3` are whole numbers too.
fn integer(value: &str) -> Option<f64> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = is_plain || value.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    is_number.then(|| value.parse().ok()).flatten().filter(|number: &f64| number.fract() == 0.0)
}

/// Whether a text is `<provider>/<model>`. The model may have slashes too; neither may break the line.
pub fn is_model(model: &str) -> bool {
    let has_both = model.split_once('/').is_some_and(|(provider, model)| !provider.is_empty() && !model.is_empty());
    has_both && !model.contains(['\n', '\r', '\u{2028}', '\u{2029}'])
}

/// A time with its zone. The form that Glue and these programs write is known at a glance.
pub(super) fn is_time(time: &str) -> bool {
    let is_other = || time.len() > 10 && has_year(time.as_bytes()) && time.parse::<jiff::Timestamp>().is_ok();
    is_usual_time(time.as_bytes()) || is_other()
}

/// A year has four digits (RFC 3339, 1): none is before the year 0, nor after 9999.
fn has_year(time: &[u8]) -> bool {
    time.get(4) == Some(&b'-') && time.iter().take(4).all(u8::is_ascii_digit)
}

/// `2026-08-12T09:00:00.200Z` or `...200000Z`, on a day that every month has.
fn is_usual_time(time: &[u8]) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00.000000";
    let Some((b'Z', time)) = time.split_last() else { return false };
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    let within = |at: usize, most: &[u8], least: &[u8]| &time[at..at + 2] <= most && &time[at..at + 2] >= least;
    matches!(time.len(), 23 | 26)
        && time.iter().zip(FORM).all(fits)
        && within(5, b"12", b"01")
        && within(8, b"28", b"01")
        && within(11, b"23", b"00")
        && within(14, b"59", b"00")
        && within(17, b"59", b"00")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"schema_version":1,"event_id":"s:1","session_id":"s","timestamp":"2026-08-12T09:00:00.200000Z","sequence":1,"#;

    fn wrong(payload: &str) -> Option<String> {
        problem(&Fields::of(format!("{ROW}{payload}}}").as_bytes()).unwrap())
    }

    #[test]
    fn every_type_needs_its_payload_and_takes_nothing_unknown() {
        for (payload, reason) in [
            (r#""type":"user_message","text":"""#, None),
            (r#""type":"user_message""#, Some("user_message needs `text`")),
            (r#""type":"user_message","text":7"#, Some("`text` is not a string")),
            (r#""type":"user_message","text":"","data":{}"#, Some("`data` is no key of an event")),
            (r#""type":"user_message","text":"","text":"""#, Some("`text` stands twice")),
            (r#""type":"assistant_message","text":"","model_ref":"x"#, Some("`model_ref` is not <provider>/<model>")),
            (
                r#""type":"tool_call","id":"","name":"n","arguments":{}"#,
                Some("`id` is not a string with something in it"),
            ),
            (r#""type":"tool_call","id":"i","name":"n","arguments":[]"#, Some("`arguments` is not an object")),
            (r#""type":"tool_result","call_id":"i","content":"","success":true"#, Some("tool_result needs `status`")),
            (
                r#""type":"tool_result","call_id":"i","content":"","success":true,"status":"ok""#,
                Some("`status` is not one of completed, failed, cancelled, denied"),
            ),
            (
                r#""type":"tool_result","call_id":"i","content":"","success":true,"status":"failed","exit_code":-1"#,
                None,
            ),
            (
                r#""type":"usage","role":"main","model_ref":"a/b","input_tokens":1,"output_tokens":1.5,"turn_count":1"#,
                Some("`output_tokens` is not a whole number of 0 or more"),
            ),
            (r#""type":"subagent_event","subagent_id":"s","inner":{"type":"tool_call","id":"","name":"x"}"#, None),
            (
                r#""type":"subagent_event","subagent_id":"s","inner":{"type":"tool_result","metadata":{}}"#,
                Some("in `inner`, `metadata` is no key of an event"),
            ),
            (
                r#""type":"subagent_event","subagent_id":"s","inner":{"type":"x"}"#,
                Some("in `inner`, `type` is not the type of an event"),
            ),
        ] {
            let payload = payload.replace(r#""model_ref":"x"#, r#""model_ref":"x""#);
            assert_eq!(wrong(&payload).as_deref(), reason, "{payload}");
        }
        assert!(wrong(r#""type":"file.write""#).unwrap().starts_with("`type` is not one of tool_call, "));
        assert_eq!(problem(&Fields::of(b"{}").unwrap()).unwrap(), "an event needs `schema_version`");
    }

    #[test]
    fn times_have_a_zone() {
        for time in ["2026-08-12T09:00:00.200Z", "2026-02-29T09:00:00Z", "2026-08-31T09:00:00.200000Z", "2026-08-12"] {
            let is_a_time = time != "2026-02-29T09:00:00Z" && time.len() > 10;
            assert_eq!(is_time(time), is_a_time, "{time}");
        }
        for time in ["2026-08-12T09:00:00+02:00", "2028-02-29T09:00:00Z"] {
            assert!(is_time(time), "{time}");
        }
        for time in ["-000001-08-12T09:00:00Z", "+002026-08-12T09:00:00Z", "20260812T090000Z"] {
            assert!(!is_time(time), "{time}");
        }
        for time in ["", "Z", "2026-13-12T09:00:00.200Z", "2026-08-12T09:00:00.200", "2026-08-12T24:00:00.200Z"] {
            assert!(!is_time(time), "{time}");
        }
    }

    #[test]
    fn a_model_is_in_one_line() {
        assert!(["a/b", "a/b/c", "a/b c"].iter().all(|model| is_model(model)));
        assert!(!["a", "/b", "a/", "a/b\n", "a\r/b", "a/b\u{2028}c"].iter().any(|model| is_model(model)));
    }

    #[test]
    fn a_result_has_succeeded_when_it_is_completed() {
        let of = |success, status| {
            let row = format!(r#"{{"success":{success},"status":"{status}"}}"#);
            contradiction(&Fields::of(row.as_bytes()).unwrap())
        };
        assert_eq!((of("true", "completed"), of("false", "denied")), (None, None));
        assert_eq!(of("true", "failed").as_deref(), Some("`success` is true, but `status` is failed"));
        assert!(of("false", "completed").is_some());
        assert_eq!(contradiction(&Fields::of(br#"{"status":"failed"}"#).unwrap()), None);
    }

    #[test]
    fn whole_numbers_may_be_written_in_other_ways() {
        assert_eq!(
            ["1", "1.0", "1e3", "-2", "1.5", "true", "\"1\""].map(|n| integer(n).is_some()),
            [true, true, true, true, false, false, false]
        );
    }
}
