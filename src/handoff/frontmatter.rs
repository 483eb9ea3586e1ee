//! The frontmatter: a small subset of YAML, with rules of its own where YAML has too many.
//!
//! Read in two ways. A history is read as every program before this one has read it, whatever was meant ([`Reading::Lenient`]).
//! A new handoff is refused where that reading would lose or mistake something ([`Reading::Strict`]).

mod items;
mod scalar;
mod write;
pub mod written;

use std::borrow::Cow;
use std::collections::HashSet;

use super::text::{has_odd_break, lines, plain_lines, trim};
use super::value::{Mapping, Text, Value};
use scalar::Scalar;

pub use write::{document, mapping as mapping_text, value as value_text};

/// How much is let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Everything that has ever been let pass.
    Lenient,
    /// Nothing that would not come out as it went in.
    Strict,
}

/// A document: the mapping of its frontmatter, and its body, whose lines end with LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<'a> {
    /// The keys of the frontmatter.
    pub mapping: Mapping<'a>,
    /// What comes after it, without newlines at its start.
    pub body: Text<'a>,
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The first line is another.
    #[error("the frontmatter must begin with a line of ---")]
    NoFrontmatter,
    /// The second `---` is missing.
    #[error("unterminated frontmatter: no line of --- closes it")]
    Unterminated,
    /// A line breaks a rule.
    #[error("line {line}: {reason}")]
    Line {
        /// From 1, in the document; in a bare mapping in that.
        line: usize,
        /// What is wrong, and what to do.
        reason: String,
    },
}

/// Takes a document apart.
///
/// # Errors
/// [`Error`], the first that is met.
pub fn parse(text: &str, reading: Reading) -> Result<Document<'_>, Error> {
    let strict = reading == Reading::Strict;
    let text = if strict { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
    let mut rest = if strict { plain_lines(text) } else { lines(text) };
    if rest.next().is_none_or(|first| trim(first) != FENCE || has_odd_break(first)) {
        return Err(Error::NoFrontmatter);
    }
    let mut front = Vec::with_capacity(64);
    loop {
        match rest.next() {
            Some(line) if trim(line) == FENCE => break,
            Some(line) => front.push(line),
            None => return Err(Error::Unterminated),
        }
    }
    let mapping = mapping(&front, 1, reading)?;
    let body = match rest.joined() {
        Cow::Borrowed(body) => body.trim_start_matches('\n').into(),
        Cow::Owned(body) => body.trim_start_matches('\n').to_owned().into(),
    };
    Ok(Document { mapping, body })
}

/// Reads keys and values that have no fence around them, as an index has them.
///
/// # Errors
/// [`Error::Line`], the first that is met.
pub fn parse_mapping(text: &str) -> Result<Mapping<'_>, Error> {
    mapping(&lines(text).collect::<Vec<_>>(), 0, Reading::Lenient)
}

const FENCE: &str = "---";

/// `before`: how many lines of the document are before these.
fn mapping<'a>(lines: &[&'a str], before: usize, reading: Reading) -> Result<Mapping<'a>, Error> {
    let mut found = Mapping(Vec::with_capacity(Keys::FEW));
    let mut known = Keys::default();
    let mut at = 0;
    while let Some(&line) = lines.get(at) {
        let number = before + at + 1;
        let refused = |reason: String| Error::Line { line: number, reason };
        at += 1;
        if reading == Reading::Strict && has_odd_break(line) {
            return Err(refused("a line break inside a value that is neither LF nor CRLF".to_owned()));
        }
        if is_skipped(line) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            return Err(refused("multi-line values are not supported: one line for each key".to_owned()));
        }
        let is_dash = line.starts_with('-');
        if reading == Reading::Strict && is_dash {
            return Err(refused("a list item at the start of a line: indent the list".to_owned()));
        }
        // Keys are too short for a search that looks at many bytes at once.
        let Some(colon) = line.bytes().position(|byte| byte == b':') else {
            return Err(refused("expected 'key: value'".to_owned()));
        };
        let (key, rest) = (trim(&line[..colon]), trim(&line[colon + 1..]));
        if !known.add(key) {
            return Err(refused(format!("duplicate top-level key: '{key}'")));
        }
        if is_block_mark(rest) {
            return Err(refused(format!("multi-line values are not supported: '{key}: {rest}'")));
        }
        let value = if rest.is_empty() {
            let below = lines[at..].iter().take_while(|line| is_below(line)).count();
            let items = items::items(&lines[at..at + below], before + at, reading)?;
            at += below;
            Value::List(items)
        } else {
            match scalar::decode(rest, reading).map_err(|reason| refused(reason.to_owned()))? {
                Scalar::Text(text) if key == "schema_version" => number_or_text(text),
                Scalar::Text(text) => Value::Text(text),
                Scalar::Empty => Value::List(Vec::new()),
            }
        };
        found.0.push((key.into(), value));
    }
    Ok(found)
}

/// The keys that were there. Mostly they are few, and looked through faster than they are hashed.
#[derive(Default)]
struct Keys<'a> {
    few: Vec<&'a str>,
    rest: HashSet<&'a str>,
}

impl<'a> Keys<'a> {
    const FEW: usize = 32;

    /// Adds a key; whether it is new.
    fn add(&mut self, key: &'a str) -> bool {
        let first = key.as_bytes().first();
        if self.few.iter().any(|known| known.as_bytes().first() == first && *known == key) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
            return true;
        }
        self.rest.insert(key)
    }
}

/// Whether a line says nothing.
fn is_skipped(line: &str) -> bool {
    let text = trim(line);
    text.is_empty() || text.starts_with('#')
}

/// Whether a line can belong to the list of the key above it.
fn is_below(line: &str) -> bool {
    line.starts_with([' ', '\t']) || trim(line).is_empty()
}

/// Whether a value announces a block of lines: `|` or `>`, a sign, digits.
fn is_block_mark(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['|', '>']) else { return false };
    rest.strip_prefix(['+', '-']).unwrap_or(rest).bytes().all(|byte| byte.is_ascii_digit())
}

/// A version as a number, where it is one.
fn number_or_text(text: Text<'_>) -> Value<'_> {
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Value::Text(text);
    }
    let short = digits.trim_start_matches('0');
    let sign = if text.starts_with('-') && !short.is_empty() { "-" } else { "" };
    Value::Number(format!("{sign}{}", if short.is_empty() { "0" } else { short }))
}

#[cfg(test)]
mod tests;
