//! Secrets in added lines: tokens that a vendor's form gives away, private keys, passwords in addresses and assignments.
//!
//! A line is looked at by a gate of all rules' keywords first; only the rules whose keyword is there run their expression. A finding
//! never holds the secret, only its first four characters. Comments such as `gitleaks:allow` are not honoured: the sandbox writes
//! them as easily as it writes the secret.

mod rules;

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};
use bstr::{BStr, BString, ByteSlice};
use regex::bytes::{Regex, RegexBuilder};

use super::{Layout, escape};
use rules::{RULES, Rule};

/// Where a secret was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Secret {
    /// The rule's name, such as `github-token`.
    pub rule: &'static str,
    /// The file that the line was added to.
    pub path: BString,
    /// The line's number in that file, from 1.
    pub line: u64,
    /// The secret's first four characters, escaped, so that the person can tell which one it is.
    pub start: String,
}

/// The rules, each compiled when its keyword is met for the first time: all of them take longer than a patch of a few files.
pub struct Scanner {
    gate: AhoCorasick,
    /// The same as a table of all transitions, made once there is so much to look at that it pays.
    table: OnceLock<Option<AhoCorasick>>,
    /// How many bytes were looked at by then.
    seen: AtomicUsize,
    /// The keywords of the gate, and the rules that they belong to.
    gated: Vec<(usize, &'static str)>,
    /// None where an expression does not compile.
    compiled: Vec<OnceLock<Option<Regex>>>,
}

/// From so many bytes on the table is faster, the time to make it included.
const MUCH: usize = 128 << 10;

fn gate(kind: AhoCorasickKind, keywords: &[(usize, &'static str)]) -> Result<AhoCorasick, BuildError> {
    let keywords = keywords.iter().map(|(_, keyword)| keyword);
    AhoCorasick::builder().kind(Some(kind)).ascii_case_insensitive(true).build(keywords)
}

/// All secrets in `lines`, which are added lines as (path, line number from 1, bytes without the newline).
///
/// # Errors
///
/// Only if the keywords that are built in cannot be searched for.
pub fn secrets<'a>(lines: impl Iterator<Item = (&'a BStr, u64, &'a [u8])>) -> Result<Vec<Secret>, BuildError> {
    let scanner = Scanner::new()?;
    Ok(lines.flat_map(|(path, number, line)| scanner.line(path, number, line)).collect())
}

impl Scanner {
    /// Makes the gate ready.
    ///
    /// # Errors
    ///
    /// Only if the keywords that are built in cannot be searched for.
    pub fn new() -> Result<Self, BuildError> {
        let keywords =
            |(index, rule): (usize, &'static Rule)| rule.keywords.iter().map(move |keyword| (index, *keyword));
        let gated: Vec<_> = RULES.iter().enumerate().flat_map(keywords).collect();
        let gate = gate(AhoCorasickKind::ContiguousNFA, &gated)?;
        let compiled = RULES.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { gate, table: OnceLock::new(), seen: AtomicUsize::new(0), gated, compiled })
    }

    /// The gate for so many more bytes.
    fn gate(&self, more: usize) -> &AhoCorasick {
        if self.seen.load(Ordering::Relaxed) < MUCH {
            self.seen.fetch_add(more, Ordering::Relaxed);
            return &self.gate;
        }
        let table = self.table.get_or_init(|| gate(AhoCorasickKind::DFA, &self.gated).ok());
        table.as_ref().unwrap_or(&self.gate)
    }

    /// The secrets of one added line. Nothing is kept between lines.
    pub fn line(&self, path: &BStr, number: u64, line: &[u8]) -> Vec<Secret> {
        let found = self.spans(line).into_iter().map(|(rule, span)| {
            let first = line[span].chars().take(4).collect::<String>();
            let start = escape(first.as_bytes(), Layout::Line).into_owned();
            Secret { rule, path: path.to_owned(), line: number, start }
        });
        found.collect()
    }

    /// Where in `text` the secrets are, as (rule, byte range), in order and without overlaps: for those who must blot them out.
    pub fn spans(&self, text: &[u8]) -> Vec<(&'static str, Range<usize>)> {
        let mut found: Vec<(&'static str, Range<usize>)> = Vec::new();
        let keywords = self.gate(text.len()).find_overlapping_iter(text).filter_map(|found| {
            let (index, keyword) = self.gated[found.pattern()];
            (RULES[index].any_case || &text[found.range()] == keyword.as_bytes()).then_some(index)
        });
        let mut tried: Vec<usize> = keywords.collect();
        tried.sort_unstable();
        tried.dedup();
        for index in tried {
            let rule = &RULES[index];
            let compile = || RegexBuilder::new(rule.pattern).unicode(false).build().ok();
            let Some(regex) = self.compiled[index].get_or_init(compile) else { continue };
            for captures in regex.captures_iter(text) {
                let Some(value) = captures.get(1) else { continue };
                let overlaps = found.iter().any(|(_, span)| span.start < value.end() && value.start() < span.end);
                if !overlaps && is_secret(rule, value.as_bytes()) {
                    found.push((rule.name, value.range()));
                }
            }
        }
        found.sort_by_key(|(_, span)| span.start);
        found
    }
}

/// Whether what has a secret's form is random enough to be one.
fn is_secret(rule: &Rule, value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    if PLACEHOLDERS.iter().any(|word| lower.contains_str(word)) {
        return false;
    }
    let guessed = rule.entropy > 0.0;
    let id = guessed && value.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let digits = value.iter().any(u8::is_ascii_digit);
    !id && (!guessed || digits) && entropy(value) >= rule.entropy
}

/// What stands where a secret will be filled in.
const PLACEHOLDERS: [&str; 24] = [
    "example",
    "xxxx",
    "your",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "dummy",
    "redacted",
    "insert",
    "123456789",
    "abcdefgh",
    "****",
    "...",
    "${",
    "$(",
    "{{",
    "%s",
    "<",
    "fake",
    "sample",
    "0000000",
    "process.env",
    "secretkey",
];

/// Shannon's entropy in bits per byte; 0 for nothing.
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    value.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = value.len() as f64;
    let bits = counts.iter().filter(|count| **count > 0).map(|count| {
        let share = f64::from(*count) / length;
        -share * share.log2()
    });
    bits.sum()
}

#[cfg(test)]
mod tests;
