//! An event as somebody hands it in: a JSON object on one line, whose values are kept as they are written.

use serde_json::value::RawValue;

use crate::log::fields::{Pairs, text};
use crate::log::schema;

/// What was handed in.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) kind: String,
    pairs: Vec<(String, &'a RawValue)>,
}

impl<'a> Draft<'a> {
    /// Reads a line; nothing for a blank one.
    pub(super) fn parse(line: &'a [u8]) -> Result<Option<Draft<'a>>, String> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let line = std::str::from_utf8(line)
            .map_err(|error| format!("it is not UTF-8 from byte {} on", error.valid_up_to() + 1))?;
        let Pairs(pairs) = serde_json::from_str(line).map_err(|error| match error.is_data() {
            true => "it is no JSON object".to_owned(),
            false => format!("it is no JSON: {}", error.to_string().replace(" at line 1 column ", " at byte ")),
        })?;
        let kind = pairs.iter().find(|(key, _)| key == "type").ok_or("it has no `type`")?;
        let kind = text(kind.1.get()).filter(|kind| schema::is_type(kind));
        let kind = kind.ok_or_else(|| format!("`type` is not one of {}", schema::types()))?.into_owned();
        Ok(Some(Draft { kind, pairs }))
    }

    /// A value, as it is written.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.get())
    }

    /// A value that is a string.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(text).map(std::borrow::Cow::into_owned)
    }

    /// All keys with their values, as they are written.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.get()))
    }
}
