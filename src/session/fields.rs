//! Lenient reading of the store's JSON objects: a field of the wrong type costs that field, never the object.
//!
//! What is not taken stays in the object, so that it is kept when the object is written again.

use serde_json::{Map, Value};

/// A JSON object that fields are taken out of, with a list of what was wrong with them.
pub(super) struct Fields {
    rest: Map<String, Value>,
    problems: Vec<String>,
}

impl Fields {
    /// `None` unless `json` is one JSON object.
    pub(super) fn parse(json: &[u8]) -> Result<Fields, String> {
        match serde_json::from_slice(json) {
            Ok(Value::Object(rest)) => Ok(Fields { rest, problems: Vec::new() }),
            Ok(_) => Err("not a JSON object".into()),
            Err(e) => Err(format!("not JSON: {e}")),
        }
    }

    pub(super) fn string(&mut self, key: &str) -> Option<String> {
        self.take(key, "a string", |v| v.as_str().map(str::to_owned))
    }

    pub(super) fn integer(&mut self, key: &str) -> Option<u64> {
        self.take(key, "a whole number", Value::as_u64)
    }

    pub(super) fn boolean(&mut self, key: &str) -> Option<bool> {
        self.take(key, "true or false", Value::as_bool)
    }

    pub(super) fn strings(&mut self, key: &str) -> Vec<String> {
        let all = |v: &Value| v.as_array()?.iter().map(|s| s.as_str().map(str::to_owned)).collect();
        self.take(key, "a list of strings", all).unwrap_or_default()
    }

    /// The first `most` objects of a list.
    pub(super) fn objects(&mut self, key: &str, most: usize) -> Vec<Map<String, Value>> {
        let all = |v: &Value| v.as_array()?.iter().take(most).map(|o| o.as_object().cloned()).collect();
        self.take(key, "a list of objects", all).unwrap_or_default()
    }

    pub(super) fn object(&mut self, key: &str) -> Option<Map<String, Value>> {
        self.take(key, "an object", |v| v.as_object().cloned())
    }

    /// Everything that was not taken, and one sentence per field that could not be.
    pub(super) fn finish(self) -> (Map<String, Value>, Vec<String>) {
        (self.rest, self.problems)
    }

    /// `null` is as good as absent.
    fn take<T>(&mut self, key: &str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.rest.get(key)?;
        if value.is_null() {
            self.rest.shift_remove(key);
            return None;
        }
        let read = read(value);
        if read.is_some() {
            self.rest.shift_remove(key);
        } else {
            self.problems.push(format!("`{key}` is not {expected}"));
        }
        read
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(rest: Map<String, Value>) -> Fields {
        Fields { rest, problems: Vec::new() }
    }
}

/// Adds `value` under `key` unless there is none.
pub(super) fn put<T: Into<Value>>(map: &mut Map<String, Value>, key: &str, value: Option<T>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}

/// Adds what is only known by name, without touching what is already there.
pub(super) fn put_extra(map: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (key, value) in extra {
        if !map.contains_key(key) {
            map.insert(key.clone(), value.clone());
        }
    }
}
