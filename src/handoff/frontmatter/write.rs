//! Documents and mappings as text, in the one form that there is for each.

use super::{Document, FENCE, is_block_mark};
use crate::handoff::text::trim;
use crate::handoff::value::{Inner, Item, Mapping, Value};

/// The text of a document.
pub fn document(document: &Document) -> String {
    let mut text = format!("{FENCE}\n{}\n{FENCE}\n", mapping(&document.mapping));
    let body = document.body.trim_end_matches('\n');
    if !body.is_empty() {
        text.push('\n');
        text.push_str(body);
        text.push('\n');
    }
    text
}

/// The text of keys and values, without a newline at its end.
pub fn mapping(mapping: &Mapping) -> String {
    let mut text = String::new();
    for (key, value) in &mapping.0 {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(key);
        text.push(':');
        match value {
            Value::Number(digits) => {
                text.push(' ');
                text.push_str(digits);
            }
            Value::Text(value) => {
                text.push(' ');
                push_value(&mut text, value);
            }
            Value::List(items) => items.iter().for_each(|item| push_item(&mut text, item)),
        }
    }
    text
}

/// The text of a value, of a key or in a list.
pub fn value(value: &str) -> String {
    let mut text = String::new();
    push_value(&mut text, value);
    text
}

fn push_value(text: &mut String, value: &str) {
    // Such a mark is a text inside of lists only.
    if is_block_mark(value) { push_quoted(text, value) } else { push_scalar(text, value) }
}

fn push_item(text: &mut String, item: &Item) {
    match item {
        Item::Text(value) => {
            text.push_str("\n  - ");
            push_scalar(text, value);
        }
        Item::Empty => text.push_str("\n  - []"),
        Item::Written(entry) => {
            text.push('\n');
            text.push_str(entry);
        }
        Item::Pairs(pairs) => {
            for (number, (key, value)) in pairs.iter().enumerate() {
                text.push_str(if number == 0 { "\n  - " } else { "\n    " });
                text.push_str(key);
                text.push_str(": ");
                match value {
                    Inner::Text(value) => push_scalar(text, value),
                    Inner::Empty => text.push_str("[]"),
                }
            }
        }
    }
}

fn push_scalar(text: &mut String, value: &str) {
    let is_plain = !value.is_empty()
        && value != "[]"
        && value == trim(value)
        && !value.contains([':', '#'])
        && !value.starts_with(['"', '\'', '-']);
    if is_plain { text.push_str(value) } else { push_quoted(text, value) }
}

fn push_quoted(text: &mut String, value: &str) {
    text.push('"');
    for ch in value.chars() {
        if matches!(ch, '\\' | '"') {
            text.push('\\');
        }
        text.push(ch);
    }
    text.push('"');
}
