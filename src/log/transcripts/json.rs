//! Reading JSON that may have any shape.

use std::fs::File;
use std::io::{self, Read, Seek};

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::session::mended;

/// A line or file as JSON; bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD, and a mark of the byte
/// order at its start is passed over.
pub(super) fn parse(bytes: &[u8]) -> Option<Value> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).ok().or_else(|| serde_json::from_str(&mended(bytes)?).ok())
}

/// A file that is one JSON object, from its first brace on: programs that print one say something before it now and
/// then.
pub(super) fn whole(file: &mut File) -> io::Result<Option<Value>> {
    let bytes = all(file)?;
    let start = bytes.iter().position(|&byte| byte == b'{').unwrap_or(0);
    Ok(parse(&bytes[start..]).filter(Value::is_object))
}

/// Where a file breaks off that is the start of an object, or that has one in its first line, and of what it is the start.
pub(super) fn breaks_off(file: &mut File, is_one_object: bool) -> io::Result<Option<String>> {
    let bytes = all(file)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start();
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let object = if is_one_object { bytes } else { line };
    let broken = serde_json::from_slice::<IgnoredAny>(object).err();
    Ok(broken.filter(|error| error.is_eof() && object.starts_with(b"{")).map(|error| error.to_string()))
}

fn all(file: &mut File) -> io::Result<Vec<u8>> {
    const LARGEST: u64 = 512 << 20;
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is far too large")),
        false => Ok(bytes),
    }
}

/// Whether the file is an SQLite database (<https://sqlite.org/fileformat2.html>, 1.3.1).
pub(super) fn is_database(file: &mut File) -> io::Result<bool> {
    let mut start = Vec::new();
    file.take(16).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(start == b"SQLite format 3\0")
}

/// A text that says something.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The same as a value of one's own.
pub(super) fn owned(value: &Value, key: &str) -> Option<String> {
    text(value, key).map(str::to_owned)
}

pub(super) fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or(0)
}

/// The elements of a list; none when it is no list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// An object; of anything else one with it under `input`.
pub(super) fn arguments(value: &Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object.clone(),
        Value::Null => Map::new(),
        other => Map::from_iter([("input".to_owned(), other.clone())]),
    }
}

/// ISO 8601, or milliseconds since 1970. What is before the year 0 is no time of a session.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    const YEAR_0: i64 = -62_167_219_200;
    let time = match value {
        Value::String(text) => text.parse().ok(),
        value => Timestamp::from_millisecond(value.as_i64()?).ok(),
    };
    time.filter(|time| time.as_second() >= YEAR_0)
}

/// The text of a message, as all agents write it: a string, or blocks; what is no text is named.
pub(super) fn content(value: &Value) -> String {
    let block = |block: &Value| match (block, text(block, "text")) {
        (Value::String(text), _) => Some(text.clone()),
        (_, Some(text)) => Some(text.to_owned()),
        (block, None) if block.get("text").is_some() => None,
        (block, None) => Some(format!("[{}]", text(block, "type").unwrap_or("something that is no text"))),
    };
    match value {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().filter_map(block).collect::<Vec<_>>().join("\n"),
        Value::Object(_) => block(value).unwrap_or_default(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_is_no_character_costs_no_line() {
        assert_eq!(parse(b"\xef\xbb\xbf{\"a\":\"b\"}").unwrap()["a"], "b");
        assert_eq!(parse(br#"{"a":"cut \ud83d here"}"#).unwrap()["a"], "cut \u{fffd} here");
        assert_eq!(parse(b"{\"a\":\"\xff\"}").unwrap()["a"], "\u{fffd}");
        assert!(parse(b"{\"a\"").is_none());
    }
}
