//! Entries of a list that stand in a text just as they would be written: kept as that text, and looked into when asked.
//!
//! An index of thousands of sessions is mostly copied, and hardly ever looked into.

use super::Reading;
use super::scalar::{Scalar, decode};
use crate::handoff::text::{has_odd_break, has_return, trim};
use crate::handoff::value::{Inner, Item, Text};

const FIRST: &str = "  - ";
const OTHER: &str = "    ";

/// The entries, if all of `text` is entries of pairs in our own form.
pub fn items(text: &str) -> Option<Vec<Item<'_>>> {
    if has_odd_break(text) || has_return(text) {
        return None;
    }
    let (mut items, mut keys) = (Vec::new(), Keys::default());
    let (mut start, mut at) = (0, 0);
    while at < text.len() {
        if let Some(length) = keys.again(&text[at..]) {
            at += length;
            continue;
        }
        let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |length| at + length);
        let line = &text[at..end];
        let pair = match line.strip_prefix(FIRST) {
            Some(pair) => {
                if at > 0 {
                    items.push(Item::Written(&text[start..at - 1]));
                }
                keys.count = 0;
                start = at;
                pair
            }
            None => line.strip_prefix(OTHER).filter(|_| keys.count > 0)?,
        };
        if !is_as_written(keys.value(pair)?) {
            return None;
        }
        keys.keep(text.get(at..=end).unwrap_or_default());
        at = end + 1;
    }
    items.push(Item::Written(text.strip_suffix('\n').unwrap_or(text).get(start..).filter(|_| keys.count > 0)?));
    Some(items)
}

/// The keys of an entry. Those of the next one are mostly the same, and so are many of its lines.
#[derive(Default)]
struct Keys<'a> {
    /// Each with the last line that it was in, and the newline; no line where that was found wanting.
    all: Vec<(&'a str, &'a str)>,
    /// How many of them the entry at hand has had so far.
    count: usize,
}

impl<'a> Keys<'a> {
    /// The length of the line that comes first, if it is another line of the entry at hand, and was in the one before it.
    fn again(&mut self, text: &str) -> Option<usize> {
        let (_, line) = self.all.get(self.count).filter(|_| self.count > 0)?;
        let is_same = !line.is_empty() && text.as_bytes().starts_with(line.as_bytes());
        self.count += usize::from(is_same);
        is_same.then_some(line.len())
    }

    /// The value of a pair whose key is new to the entry at hand.
    fn value(&mut self, pair: &'a str) -> Option<&'a str> {
        let same = self.all.get(self.count).and_then(|(key, _)| pair.strip_prefix(key)?.strip_prefix(": "));
        if same.is_none() {
            let (key, _) = split(pair)?;
            self.all.truncate(self.count);
            if self.all.iter().any(|(known, _)| *known == key) {
                return None;
            }
            self.all.push((key, ""));
        }
        self.count += 1;
        same.or_else(|| split(pair).map(|(_, value)| value))
    }

    /// Keeps the line of the last key, which was in order.
    fn keep(&mut self, line: &'a str) {
        if let Some((_, kept)) = self.count.checked_sub(1).and_then(|last| self.all.get_mut(last)) {
            *kept = line;
        }
    }
}

/// The value of a key of such an entry.
pub fn get<'a>(entry: &'a str, key: &str) -> Option<Inner<'a>> {
    let line = entry.split('\n').find_map(|line| line.get(FIRST.len()..)?.strip_prefix(key)?.strip_prefix(": "))?;
    Some(decoded(line))
}

/// All pairs of such an entry.
pub fn pairs(entry: &str) -> Vec<(Text<'_>, Inner<'_>)> {
    let lines = entry.split('\n').filter_map(|line| split(line.get(FIRST.len()..)?));
    lines.map(|(key, value)| (key.into(), decoded(value))).collect()
}

fn decoded(value: &str) -> Inner<'_> {
    match decode(value, Reading::Lenient) {
        Ok(Scalar::Text(text)) => Inner::Text(text),
        Ok(Scalar::Empty) | Err(_) => Inner::Empty,
    }
}

/// A key that can begin an entry, and its value.
fn split(pair: &str) -> Option<(&str, &str)> {
    let colon = memchr::memchr(b':', pair.as_bytes())?;
    let (key, value) = (&pair[..colon], pair[colon..].strip_prefix(": ")?);
    let is_name = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && !key.is_empty() && !key.as_bytes()[0].is_ascii_digit()).then_some((key, value))
}

/// Whether a value is in the one form that there is for it, as far as can be told at a glance.
fn is_as_written(value: &str) -> bool {
    let bytes = value.as_bytes();
    match bytes {
        [b'"', inner @ .., b'"'] => is_quoted_with_reason(inner),
        [] | [b'"' | b'\'' | b'-', ..] => false,
        _ => memchr::memchr2(b':', b'#', bytes).is_none() && trim(value).len() == value.len(),
    }
}

/// Whether what stands between quotes has its own escaped, and needs them.
fn is_quoted_with_reason(inner: &[u8]) -> bool {
    let mut rest = inner;
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        match rest[at..] {
            [b'\\', b'"' | b'\\', ..] => rest = &rest[at + 2..],
            _ => return false,
        }
    }
    inner.is_empty() || inner[0] == b'-' || memchr::memchr2(b':', b'#', inner).is_some()
}
