//! The fields of a row, taken out of it: of another type they are as good as absent.

use serde_json::{Map, Value};

/// Taken, not copied: rows are large.
pub(super) fn text(row: &mut Map<String, Value>, key: &str) -> Option<String> {
    match row.get_mut(key)? {
        Value::String(text) => Some(std::mem::take(text)),
        _ => None,
    }
}

/// What was said, of a message; `None` when it stands there in a form that nobody knows.
pub(super) fn said(row: &mut Map<String, Value>) -> Option<String> {
    let key = ["text", "content"].into_iter().find(|key| row.get(*key).is_some_and(|value| !value.is_null()));
    let Some(value) = key.and_then(|key| row.get_mut(key)) else { return Some(String::new()) };
    match value {
        Value::String(text) => Some(std::mem::take(text)),
        Value::Array(blocks) => joined(blocks),
        _ => None,
    }
}

/// What the model got to read. What is no text is JSON.
pub(super) fn content(row: &mut Map<String, Value>) -> String {
    match row.get_mut("content") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => std::mem::take(text),
        Some(Value::Array(blocks)) => joined(blocks).unwrap_or_else(|| Value::from(std::mem::take(blocks)).to_string()),
        Some(value) => value.to_string(),
    }
}

/// The texts in a list of blocks, each from a line of its own on; `None` when none is in it.
fn joined(blocks: &[Value]) -> Option<String> {
    let texts: Vec<&str> =
        blocks.iter().filter_map(|block| block.as_str().or_else(|| block.get("text")?.as_str())).collect();
    (!texts.is_empty() || blocks.is_empty()).then(|| texts.join("\n"))
}

/// An id that says something.
pub(super) fn id(row: &mut Map<String, Value>, key: &str) -> Option<String> {
    text(row, key).filter(|id| !id.is_empty())
}

pub(super) fn flag(row: &Map<String, Value>, key: &str) -> Option<bool> {
    row.get(key).and_then(Value::as_bool)
}

pub(super) fn number(row: &Map<String, Value>, key: &str) -> u64 {
    row.get(key).and_then(Value::as_u64).unwrap_or_default()
}

pub(super) fn object(row: &mut Map<String, Value>, key: &str) -> Map<String, Value> {
    match row.get_mut(key) {
        Some(Value::Object(object)) => std::mem::take(object),
        _ => Map::new(),
    }
}

/// What a tool was given. Some write it as text; what is no object in any form is kept under its key.
pub(super) fn arguments(row: &mut Map<String, Value>) -> Map<String, Value> {
    const KEY: &str = "arguments";
    match row.remove(KEY) {
        Some(Value::Object(object)) => object,
        None | Some(Value::Null) => Map::new(),
        Some(Value::String(text)) if text.is_empty() => Map::new(),
        Some(value) => match value.as_str().map(serde_json::from_str) {
            Some(Ok(Value::Object(object))) => object,
            _ => [(KEY.to_owned(), value)].into_iter().collect(),
        },
    }
}
