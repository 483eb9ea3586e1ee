//! The entries of a list, from the indented lines below its key.

use super::scalar::{Scalar, decode};
use super::{Error, Reading, is_block_mark, is_skipped};
use crate::handoff::text::{has_odd_break, is_blank, trim};
use crate::handoff::value::{Inner, Item, Text};

/// An entry of an index has so many pairs, and few have more.
const USUAL: usize = 16;

/// Reads the lines below a key; `before` lines of the document are before them.
pub(super) fn items<'a>(lines: &[&'a str], before: usize, reading: Reading) -> Result<Vec<Item<'a>>, Error> {
    let mut list = List { items: Vec::new(), open: None, reading };
    for (index, line) in lines.iter().enumerate() {
        if !is_skipped(line) {
            list.line(line).map_err(|reason| Error::Line { line: before + index + 1, reason: reason.to_owned() })?;
        }
    }
    list.close();
    Ok(list.items)
}

struct List<'a> {
    items: Vec<Item<'a>>,
    /// The mapping that lines can still be added to.
    open: Option<Open<'a>>,
    reading: Reading,
}

struct Open<'a> {
    indent: usize,
    pairs: Vec<(Text<'a>, Inner<'a>)>,
    /// Where the last pair begins.
    column: usize,
    /// Whether the last value is empty or a block mark, so that deeper lines would be meant to be its own.
    wants_lines: bool,
}

impl<'a> List<'a> {
    fn line(&mut self, line: &'a str) -> Result<(), &'static str> {
        if self.reading == Reading::Strict && has_odd_break(line) {
            return Err("a line break inside a value that is neither LF nor CRLF");
        }
        let indent = line.bytes().take_while(|byte| *byte == b' ').count();
        let text = trim(line);
        let strict = self.reading == Reading::Strict;
        match (text.strip_prefix('-'), &mut self.open) {
            (None, Some(open)) if indent > open.indent => return open.line(indent, text, strict),
            (None, _) => return Err("expected a list item: a line that begins with a dash"),
            (Some(_), Some(open)) if strict && indent > open.indent => {
                return Err("a list inside a list item: one level is all there is");
            }
            (Some(_), _) => self.close(),
        }
        let text = trim(&text[1..]);
        let Some((key, value)) = first_pair(text) else {
            let item = match self.decode(text)? {
                Scalar::Text(text) => Item::Text(text),
                Scalar::Empty => Item::Empty,
            };
            self.items.push(item);
            return Ok(());
        };
        // Only a strict reading asks.
        let column = if strict { line.find(key).unwrap_or(indent) } else { indent };
        let mut open = Open { indent, pairs: Vec::with_capacity(USUAL), column, wants_lines: false };
        open.put(key, trim(value), self.reading)?;
        self.open = Some(open);
        Ok(())
    }

    fn decode(&self, text: &'a str) -> Result<Scalar<'a>, &'static str> {
        decode(text, self.reading)
    }

    fn close(&mut self) {
        self.items.extend(self.open.take().map(|open| Item::Pairs(open.pairs)));
    }
}

impl<'a> Open<'a> {
    fn line(&mut self, indent: usize, text: &'a str, strict: bool) -> Result<(), &'static str> {
        let Some((key, value)) = text.split_once(':') else {
            if strict {
                return Err("a line of a list item that is no 'key: value': multi-line values are not supported");
            }
            self.set(text.into(), Inner::Text("".into()));
            return Ok(());
        };
        if strict && self.wants_lines && indent > self.column {
            return Err("a line below a value: multi-line and nested values are not supported");
        }
        self.column = indent;
        self.put(trim(key), trim(value), if strict { Reading::Strict } else { Reading::Lenient })
    }

    fn put(&mut self, key: &'a str, value: &'a str, reading: Reading) -> Result<(), &'static str> {
        self.wants_lines = value.is_empty() || is_block_mark(value);
        let value = match decode(value, reading)? {
            Scalar::Text(text) => Inner::Text(text),
            Scalar::Empty => Inner::Empty,
        };
        self.set(key.into(), value);
        Ok(())
    }

    /// A key that is there already keeps its place.
    fn set(&mut self, key: Text<'a>, value: Inner<'a>) {
        match self.pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.pairs.push((key, value)),
        }
    }
}

/// `Word: text` begins a mapping; anything else with a colon is a text.
fn first_pair(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_')?;
    let starts = text.starts_with(|ch: char| ch.is_ascii_alphabetic() || ch == '_');
    let rest = text[end..].strip_prefix(':')?;
    (starts && rest.starts_with(is_blank)).then_some((&text[..end], rest))
}
