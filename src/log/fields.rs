//! The fields of a row, each as the JSON that stands for it: nothing is copied, and no value is built. What a field must be
//! is the business of [`schema`](super::schema).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::depth::{DEEPEST, has_huge_number, is_deeper};

/// Names the fields, in the order of the schema.
macro_rules! fields {
    ($($field:ident = $name:literal),* $(,)?) => {
        /// A field that a row of version 1 may have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field { $($field),* }

        impl Field {
            /// All of them.
            pub(super) const ALL: [Field; [$($name),*].len()] = [$(Field::$field),*];

            /// As it is called in a row.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Field::$field => $name),* }
            }

            fn of(name: &str) -> Option<Field> {
                match name { $($name => Some(Field::$field),)* _ => None }
            }
        }
    };
}

fields! {
    SchemaVersion = "schema_version", EventId = "event_id", SessionId = "session_id", Timestamp = "timestamp",
    Type = "type", Sequence = "sequence", TurnId = "turn_id", RequestId = "request_id", Id = "id", Text = "text",
    ModelRef = "model_ref", StopReason = "stop_reason", Name = "name", Arguments = "arguments", FilePath = "file_path",
    CallId = "call_id", Content = "content", Summary = "summary", Success = "success", Status = "status",
    DurationMs = "duration_ms", ExitCode = "exit_code", Metadata = "metadata", Role = "role",
    InputTokens = "input_tokens", OutputTokens = "output_tokens", CacheReadTokens = "cache_read_tokens",
    CacheCreationTokens = "cache_creation_tokens", ReasoningTokens = "reasoning_tokens", TurnCount = "turn_count",
    Title = "title", Kind = "kind", Message = "message", SubagentId = "subagent_id",
    ParentSubagentId = "parent_subagent_id", Task = "task", Depth = "depth", Index = "index", Total = "total",
    Inner = "inner", Error = "error",
}

/// The fields of one row.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    values: [Option<&'a str>; Field::ALL.len()],
    /// The first key that is none of them.
    pub(super) unknown: Option<String>,
    /// A key that stands twice.
    pub(super) twice: Option<String>,
    /// It is nested deeper than anybody reads.
    pub(super) is_too_deep: bool,
    /// It has a number that nobody can hold.
    pub(super) has_huge_number: bool,
}

/// Why bytes are no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoRow {
    /// They are the start of one.
    pub(super) is_torn: bool,
    /// A sentence.
    pub(super) reason: String,
}

impl<'a> Fields<'a> {
    /// Takes a row apart.
    pub(super) fn of(row: &'a [u8]) -> Result<Fields<'a>, NoRow> {
        let row = std::str::from_utf8(row).map_err(|error| NoRow {
            is_torn: error.error_len().is_none(),
            reason: format!("it is not UTF-8 from byte {} on", error.valid_up_to() + 1),
        })?;
        Fields::of_text(row)
    }

    /// Takes a row apart, or an object within one.
    pub(super) fn of_text(row: &'a str) -> Result<Fields<'a>, NoRow> {
        serde_json::from_str(row).map_err(|error| {
            let message = error.to_string();
            let (what, _) = message.rsplit_once(" at line ").unwrap_or((&message, ""));
            let reason = match error.is_data() {
                true => "it is no JSON object".to_owned(),
                false => format!("it is no JSON: {what} at byte {}", error.column()),
            };
            NoRow { is_torn: error.is_eof(), reason }
        })
    }

    /// A field as it stands there: JSON without blanks around it.
    pub(super) fn get(&self, field: Field) -> Option<&'a str> {
        self.values[field as usize]
    }

    /// A field that is a string.
    pub(super) fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        self.get(field).and_then(text)
    }

    /// A field that is a whole number, of 0 or more.
    pub(super) fn number(&self, field: Field) -> Option<u64> {
        self.get(field)?.parse().ok()
    }
}

/// The string that a piece of JSON is.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    match memchr::memchr(b'\\', inner.as_bytes()) {
        None => Some(Cow::Borrowed(inner)),
        Some(_) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
    }
}

/// The keys of an object with their values, in order, each value as it stands there.
pub(super) struct Pairs<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taker;
        impl<'de> Visitor<'de> for Taker {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Taker)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taker;
        impl<'de> Visitor<'de> for Taker {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let values = [None; Field::ALL.len()];
                let mut fields =
                    Fields { values, unknown: None, twice: None, is_too_deep: false, has_huge_number: false };
                while let Some(key) = map.next_key()? {
                    let value: &RawValue = map.next_value()?;
                    fields.has_huge_number |= !value.get().starts_with('"') && has_huge_number(value.get());
                    fields.is_too_deep |= value.get().starts_with(['{', '[']) && is_deeper(value.get(), DEEPEST - 1);
                    match key {
                        Key::Known(field) => {
                            if fields.values[field as usize].replace(value.get()).is_some() {
                                fields.twice = Some(field.name().to_owned());
                            }
                        }
                        Key::Unknown(name) => fields.unknown = fields.unknown.or(Some(name)),
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Taker)
    }
}

enum Key {
    Known(Field),
    Unknown(String),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taker;
        impl Visitor<'_> for Taker {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(Field::of(name).map_or_else(|| Key::Unknown(name.to_owned()), Key::Known))
            }
        }
        deserializer.deserialize_str(Taker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_where_they_stand() {
        let row = br#" {"type" : "usage", "\u0074itle": "a\"b", "sequence":7,"arguments": { "x" : [1, 2] } , "y": 1} "#;
        let fields = Fields::of(row).unwrap();
        assert_eq!(fields.text(Field::Type).as_deref(), Some("usage"));
        assert_eq!(fields.text(Field::Title).as_deref(), Some("a\"b"));
        assert_eq!(fields.number(Field::Sequence), Some(7));
        assert_eq!(fields.get(Field::Arguments), Some(r#"{ "x" : [1, 2] }"#));
        assert_eq!(fields.unknown.as_deref(), Some("y"));
        assert_eq!(Fields::of(br#"{"id":1,"id":2}"#).unwrap().twice.as_deref(), Some("id"));
    }

    #[test]
    fn what_is_no_row_says_why() {
        let why = |row: &[u8]| Fields::of(row).map(|_| ()).unwrap_err();
        for (row, is_torn, reason) in [
            (&b"{\"a\":\"b"[..], true, "it is no JSON: EOF while parsing a string at byte 7"),
            (b"{\"a\":\"\xc3", true, "it is not UTF-8 from byte 7 on"),
            (b"{\"a\":\"\xff\"}", false, "it is not UTF-8 from byte 7 on"),
            (b"[]", false, "it is no JSON object"),
            (b"{}x", false, "it is no JSON: trailing characters at byte 3"),
        ] {
            assert_eq!(why(row), NoRow { is_torn, reason: reason.into() });
        }
    }
}
