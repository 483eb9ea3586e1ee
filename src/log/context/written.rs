//! Numbers of a call's arguments, as they are written. A float holds only so many digits: what was read as one would be
//! printed as another number.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::turns::Answered;
use crate::log::fields::{Field, Fields};

/// The arguments of the call in `row` that have floats in them, as JSON with all numbers as they are written.
pub(super) fn written(row: &[u8], arguments: &Map<String, Value>) -> HashMap<String, String> {
    if !arguments.values().any(has_float) {
        return HashMap::new();
    }
    let fields = Fields::of(row).ok();
    let raw = fields.as_ref().and_then(|fields| serde_json::from_str(fields.get(Field::Arguments)?).ok());
    let raw: HashMap<String, &RawValue> = raw.unwrap_or_default();
    let floats = arguments.iter().filter(|(_, value)| has_float(value));
    floats.filter_map(|(key, value)| Some((key.clone(), json(value, raw.get(key)?)?))).collect()
}

impl Answered {
    /// An argument as JSON.
    pub(super) fn json_of(&self, key: &str, value: &Value) -> Cow<'_, str> {
        // One that was shortened since is another.
        let is_it = |json: &&String| serde_json::from_str::<Value>(json).is_ok_and(|read| read == *value);
        match self.written.get(key).filter(is_it) {
            Some(json) => Cow::Borrowed(json),
            None => Cow::Owned(value.to_string()),
        }
    }

    /// All arguments.
    pub(super) fn arguments(&self) -> impl Serialize + '_ {
        Arguments(self)
    }
}

struct Arguments<'a>(&'a Answered);

impl Serialize for Arguments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in &self.0.call.arguments {
            match RawValue::from_string(self.0.json_of(key, value).into_owned()) {
                Ok(raw) if self.0.written.contains_key(key) => map.serialize_entry(key, &raw)?,
                _ => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_float),
        Value::Object(values) => values.values().any(has_float),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// What was read as `value`, with its numbers as they stand in `raw`.
fn json(value: &Value, raw: &RawValue) -> Option<String> {
    match value {
        Value::Number(_) => Some(raw.get().to_owned()),
        Value::Array(values) => {
            let raw: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
            let all: Option<Vec<_>> = values.iter().zip(raw).map(|(value, raw)| json(value, raw)).collect();
            Some(format!("[{}]", all?.join(",")))
        }
        Value::Object(values) => {
            let raw: HashMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
            let one = |(key, value): (&String, _)| {
                Some(format!("{}:{}", Value::from(key.as_str()), json(value, raw.get(key)?)?))
            };
            Some(format!("{{{}}}", values.iter().map(one).collect::<Option<Vec<_>>>()?.join(",")))
        }
        value => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_they_are_written() {
        let given = r#"{"big": 123456789012345678901234567890, "list":[1e3, {"\u0061": 0.10 }, "x\u0079"], "n": 7}"#;
        let row = format!(r#"{{"type":"tool_call","arguments":{given}}}"#);
        let arguments = serde_json::from_str(given).unwrap();
        let written = written(row.as_bytes(), &arguments);
        assert_eq!(written["big"], "123456789012345678901234567890");
        assert_eq!(written["list"], r#"[1e3,{"a":0.10},"xy"]"#);
        assert!(!written.contains_key("n"));
    }
}
