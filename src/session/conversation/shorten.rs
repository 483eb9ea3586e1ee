//! Leaves out the middle of long strings in a row that is too long to be held: what remains is JSON exactly if the row is.
//!
//! Only characters that mean nothing by themselves are left out: printable ASCII within a string, no part of an escape,
//! and not next to bytes that could be half of a character. What is read of such a row is marked where it may be cut.

use serde_json::{Map, Value};

use super::{Call, CallResult};

/// As much of a string is kept as it is, in bytes.
const KEPT: usize = 64 << 10;

/// As much of a row is kept at all: one that has no long strings could not be held otherwise.
const MOST: usize = 1 << 30;

/// Where in a row it stands.
#[derive(Debug, Default)]
pub(super) struct Shortener {
    place: Place,
    /// The bytes of the string so far.
    length: usize,
    /// The last byte was none of printable ASCII.
    after_other: bool,
}

#[derive(Debug, Default, Clone, Copy)]
enum Place {
    #[default]
    Outside,
    String,
    /// Behind a backslash.
    Escape,
    /// Behind `\u`, with so many digits to come.
    Digits(u8),
}

impl Shortener {
    /// Goes on with `bytes`, and adds what remains of them to `kept`.
    pub(super) fn feed(&mut self, bytes: &[u8], kept: &mut Vec<u8>) {
        for &byte in bytes {
            let (next, is_kept) = match (self.place, byte) {
                (Place::Outside, b'"') => (Place::String, true),
                (Place::Outside, _) => (Place::Outside, true),
                (Place::String | Place::Digits(_), b'"') => (Place::Outside, true),
                (Place::String, b'\\') => (Place::Escape, true),
                (Place::String, b' '..=b'~') => (Place::String, self.length < KEPT || self.after_other),
                (Place::String, _) => (Place::String, true),
                (Place::Escape, b'u') => (Place::Digits(4), true),
                (Place::Escape, _) | (Place::Digits(1), _) => (Place::String, true),
                (Place::Digits(left), _) => (Place::Digits(left - 1), true),
            };
            self.length = if matches!(self.place, Place::Outside) { 0 } else { self.length + 1 };
            self.after_other = !matches!(byte, b' '..=b'~');
            self.place = next;
            if is_kept && kept.len() < MOST {
                kept.push(byte);
            }
        }
    }
}

/// A string from a shortened row that is not longer than this has been kept: no character takes more than six bytes.
const SURELY_KEPT: usize = KEPT / 6;

/// What a string ends with that may have been shortened.
const MARK: &str = "\n… too long: the rest is left out";

impl Call {
    /// Cuts off, and marks, what may have been shortened: it is read from a row of which long strings were.
    pub fn cut(&mut self) {
        cut_all(&mut self.arguments);
    }

    /// Whether what it was given is [not all there](Call::cut).
    pub fn is_cut(&self) -> bool {
        self.arguments.values().any(is_cut)
    }
}

impl CallResult {
    /// Cuts off, and marks, what may have been shortened: it is read from a row of which long strings were.
    pub fn cut(&mut self) {
        cut(&mut self.content);
        self.summary.as_mut().into_iter().for_each(cut);
        cut_all(&mut self.metadata);
    }

    /// Whether it is [not all there](CallResult::cut).
    pub fn is_cut(&self) -> bool {
        self.content.ends_with(MARK) || self.metadata.values().any(is_cut)
    }
}

fn cut(text: &mut String) {
    if text.len() > SURELY_KEPT {
        let end = (0..=SURELY_KEPT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        text.truncate(end);
        text.push_str(MARK);
    }
}

fn cut_all(map: &mut Map<String, Value>) {
    map.values_mut().for_each(cut_value);
}

fn cut_value(value: &mut Value) {
    match value {
        Value::String(text) => cut(text),
        Value::Array(values) => values.iter_mut().for_each(cut_value),
        Value::Object(map) => cut_all(map),
        _ => {}
    }
}

fn is_cut(value: &Value) -> bool {
    match value {
        Value::String(text) => text.ends_with(MARK),
        Value::Array(values) => values.iter().any(is_cut),
        Value::Object(map) => map.values().any(is_cut),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shortened(row: &[u8]) -> Vec<u8> {
        let (mut shortener, mut kept) = (Shortener::default(), Vec::new());
        row.chunks(7).for_each(|bytes| shortener.feed(bytes, &mut kept));
        kept
    }

    fn is_json(row: &[u8]) -> bool {
        std::str::from_utf8(row).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(row).is_ok()
    }

    /// A long string, and something at its end that may be wrong.
    fn row(end: &[u8]) -> Vec<u8> {
        [br#"{"k":"v","text":""#, "x".repeat(KEPT).as_bytes(), end, br#"","n":[1]}"#].concat()
    }

    #[test]
    fn much_is_left_out_and_what_means_something_is_kept() {
        let kept = shortened(&row(&b"plain text, ".repeat(1000)));
        assert!(kept.len() < KEPT + 100 && is_json(&kept));
        assert!(kept.ends_with(br#"","n":[1]}"#));
    }

    #[test]
    fn what_may_have_been_left_out_is_marked() {
        let mut call = Call::default();
        call.arguments.insert("path".into(), "é".into());
        call.cut();
        assert!(!call.is_cut());
        call.arguments.insert("edits".into(), serde_json::json!([{ "new": "é".repeat(KEPT) }]));
        call.cut();
        assert!(call.is_cut() && call.arguments["edits"].to_string().len() < KEPT);
        let mut result = CallResult { content: "x".repeat(KEPT), ..CallResult::default() };
        result.cut();
        assert!(result.is_cut() && result.content.ends_with("xx\n… too long: the rest is left out"));
    }

    proptest! {
        #[test]
        fn what_remains_is_json_exactly_if_the_row_is(parts in proptest::collection::vec(
            proptest::sample::select(vec![
                &b"abc"[..], b"\\n", b"\\\"", b"\"", b"\\", b"\\u00e9", b"\\u00", b"z", b"\xc3\xa9", b"\xc3", b"\xa9",
                b"\t", b",", b"\xf0\x9f\x98\x80", b"\x7f",
            ]),
            0..9,
        )) {
            let row = row(&parts.concat());
            prop_assert_eq!(is_json(&shortened(&row)), is_json(&row));
        }
    }
}
