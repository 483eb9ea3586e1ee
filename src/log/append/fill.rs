//! Makes a row of what was handed in: what is missing and can be known is filled in, what contradicts is refused, and what
//! comes out is checked against the schema.

use jiff::Timestamp;
use serde_json::Value;

use super::event::Draft;
use super::place::Turn;
use crate::log::fields::{Field, Fields};
use crate::log::schema;

/// What holds for every event.
pub(super) struct Given<'a> {
    /// The session's id.
    pub(super) id: &'a str,
    /// The model, where an event has to name one.
    pub(super) model: Option<&'a str>,
}

/// A row, ready to be written.
#[derive(Debug)]
pub(super) struct Filled {
    /// The row, without a newline.
    pub(super) text: String,
    pub(super) kind: String,
    pub(super) sequence: u64,
    pub(super) event_id: String,
    /// The title that it gives.
    pub(super) title: Option<String>,
}

/// What the envelope and the payload are made of, so that the one comes before the other.
const ENVELOPE: [&str; 8] =
    ["schema_version", "event_id", "session_id", "timestamp", "type", "sequence", "turn_id", "request_id"];

/// Makes a row of a draft. Which turn and request it belongs to goes by those before it, and is kept for those after it; an
/// error leaves that as it was.
pub(super) fn fill(draft: &Draft, given: &Given, turn: &mut Turn) -> Result<Filled, String> {
    let mut after = turn.clone();
    let sequence = after.next_sequence();
    let event_id = format!("{}:{sequence}", given.id);
    for (key, wanted) in [
        ("schema_version", Value::from(1)),
        ("session_id", given.id.into()),
        ("sequence", sequence.into()),
        ("event_id", event_id.as_str().into()),
    ] {
        same(draft, key, &wanted)?;
    }
    let now = Timestamp::now();
    let timestamp = match draft.get("timestamp") {
        None => now,
        Some(_) if is_leap(draft) => return Err("`timestamp` is a leap second, for which there is no time".to_owned()),
        Some(_) => moment(draft).ok_or("`timestamp` is not a time with its zone, such as 2026-08-12T09:00:00.2Z")?,
    };
    after.pass(&draft.kind, draft.text("turn_id"), draft.text("request_id"), given.id, now.as_microsecond());
    let mut row = Row::new();
    row.put("schema_version", "1");
    row.put_text("event_id", &event_id);
    row.put_text("session_id", given.id);
    row.put_text("timestamp", &format!("{timestamp:.6}"));
    row.put_text("type", &draft.kind);
    row.put("sequence", &sequence.to_string());
    for (key, id) in [("turn_id", after.turn_id()), ("request_id", after.request_id(&draft.kind))] {
        match (draft.get(key), id) {
            (Some(value), _) => row.put(key, value),
            (None, Some(id)) => row.put_text(key, id),
            (None, None) => {}
        }
    }
    draft.pairs().filter(|(key, _)| !ENVELOPE.contains(key)).for_each(|(key, value)| row.put(key, value));
    derive(draft, given, &mut row)?;
    let text = row.end();
    let fields = Fields::of_text(&text).map_err(|error| error.reason)?;
    if let Some(problem) = schema::problem(&fields).or_else(|| schema::contradiction(&fields)) {
        return Err(problem);
    }
    after.cleared_by(&draft.kind);
    *turn = after;
    let title = fields.text(Field::Title).map(|title| title.into_owned());
    Ok(Filled { kind: draft.kind.clone(), sequence, event_id, title, text })
}

/// What the format wants and the rest of the event, or the session, tells.
fn derive(draft: &Draft, given: &Given, row: &mut Row) -> Result<(), String> {
    if schema::requires(&draft.kind, Field::ModelRef) && draft.get("model_ref").is_none() {
        let model = given.model.ok_or_else(|| format!("{} needs `model_ref`, or --model", draft.kind))?;
        row.put_text("model_ref", model);
    }
    if draft.kind == "tool_result" {
        match (draft.get("success"), draft.text("status")) {
            (None, Some(status)) => row.put("success", if status == "completed" { "true" } else { "false" }),
            (Some(success), None) if draft.get("status").is_none() => {
                row.put_text("status", if success == "true" { "completed" } else { "failed" });
            }
            (None, None) => return Err("tool_result needs `success` or `status`".to_owned()),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a value that is given and is another.
fn same(draft: &Draft, key: &str, wanted: &Value) -> Result<(), String> {
    match draft.get(key) {
        Some(value) if serde_json::from_str::<Value>(value).ok().as_ref() != Some(wanted) => {
            Err(format!("`{key}` is {}, here it would be {wanted}", clipped(value)))
        }
        _ => Ok(()),
    }
}

/// As much of a value as a message has room for.
fn clipped(value: &str) -> String {
    const SHOWN: usize = 80;
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &value[..end]),
        None => value.to_owned(),
    }
}

/// A time needs a zone: what a clock showed somewhere is no time.
fn moment(draft: &Draft) -> Option<Timestamp> {
    draft.text("timestamp").filter(|time| schema::is_time(time))?.parse().ok()
}

/// It would become the second before.
fn is_leap(draft: &Draft) -> bool {
    draft.text("timestamp").is_some_and(|time| time.get(16..19) == Some(":60"))
}

/// A JSON object that grows.
struct Row(String);

impl Row {
    fn new() -> Row {
        Row("{".to_owned())
    }

    fn put(&mut self, key: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0 += &Value::from(key).to_string();
        self.0.push(':');
        self.0 += value;
    }

    fn put_text(&mut self, key: &str, text: &str) {
        self.put(key, &Value::from(text).to_string());
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(lines: &[&str]) -> Vec<Result<Value, String>> {
        let mut turn = Turn::default();
        let given = Given { id: "s", model: Some("a/b") };
        let fill = |line: &&str| {
            let draft = Draft::parse(line.as_bytes())?.ok_or("blank")?;
            fill(&draft, &given, &mut turn).map(|row| serde_json::from_str(&row.text).unwrap())
        };
        lines.iter().map(fill).collect()
    }

    #[test]
    fn what_the_format_wants_is_filled_in() {
        let rows = filled(&[
            r#"{"type":"title_generated","title":"t"}"#,
            r#"{"type":"user_message","text":"a\u2028b"}"#,
            r#"{"text":"x","type":"assistant_message"}"#,
            r#"{"type":"tool_call","id":"1","name":"n","arguments":{"n":12345678901234567890123,"a" : 1}}"#,
            r#"{"type":"tool_result","call_id":"1","content":"","success":false}"#,
            r#"{"type":"tool_result","call_id":"2","content":"","status":"denied"}"#,
            r#"{"type":"user_message","text":"","timestamp":"2026-08-12T09:00:00+02:00","turn_id":"own"}"#,
        ]);
        let rows: Vec<Value> = rows.into_iter().map(Result::unwrap).collect();
        let of = |row: usize, key: &str| rows[row].get(key).cloned();
        assert_eq!(of(0, "turn_id"), None);
        assert_eq!(of(1, "event_id"), Some("s:2".into()));
        assert!(of(1, "turn_id").unwrap().as_str().unwrap().starts_with("s:turn:1"));
        assert_eq!((of(2, "turn_id"), of(1, "request_id")), (of(1, "turn_id"), None));
        assert_eq!(of(2, "model_ref"), Some("a/b".into()));
        assert!(of(2, "request_id").is_some() && of(2, "request_id") == of(3, "request_id"));
        assert_eq!(of(4, "request_id"), of(3, "request_id"));
        assert_ne!(of(5, "request_id"), of(4, "request_id"));
        assert_eq!((of(4, "status"), of(5, "success")), (Some("failed".into()), Some(false.into())));
        assert_eq!(of(6, "timestamp"), Some("2026-08-12T07:00:00.000000Z".into()));
        assert_eq!((of(6, "turn_id"), of(6, "request_id")), (Some("own".into()), None));
        let keys: Vec<_> = rows[2].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys[..8], ENVELOPE);
    }

    #[test]
    fn what_contradicts_or_is_not_known_is_refused() {
        for (line, reason) in [
            (r#"{"type":"user_message","text":"","sequence":7}"#, "`sequence` is 7, here it would be 1"),
            (r#"{"type":"user_message","text":"","session_id":"t"}"#, "`session_id` is \"t\", here it would be \"s\""),
            (r#"{"type":"user_message","text":"","x":1}"#, "`x` is no key of an event"),
            (r#"{"type":"user_message"}"#, "user_message needs `text`"),
            (
                r#"{"type":"tool_result","call_id":"1","content":"","success":true,"status":"denied"}"#,
                "`success` is true, but `status` is denied",
            ),
            (r#"{"type":"tool_result","call_id":"1","content":""}"#, "tool_result needs `success` or `status`"),
            (r#"{"text":""}"#, "it has no `type`"),
            ("[1]", "it is no JSON object"),
            ("{", "it is no JSON: EOF while parsing an object at byte 1"),
        ] {
            assert_eq!(filled(&[line])[0], Err(reason.to_owned()), "{line}");
        }
        for time in ["2026-08-12T09:00:00", "-000001-08-12T09:00:00Z", "0000-01-01T00:00:00+02:00"] {
            let row = format!(r#"{{"type":"user_message","text":"","timestamp":"{time}"}}"#);
            assert!(filled(&[&row])[0].is_err(), "{time}");
        }
    }

    #[test]
    fn what_is_refused_leaves_no_gap() {
        let rows = filled(&[r#"{"type":"usage"}"#, r#"{"type":"user_message","text":""}"#]);
        assert_eq!(rows[1].as_ref().unwrap()["sequence"], 1);
    }
}
