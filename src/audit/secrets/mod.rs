//! Secrets in added lines: tokens that a vendor's form gives away, private keys, passwords in addresses and assignments.
//!
//! A line is looked at by a gate of all rules' keywords first; only the rules whose keyword is there, and what else is quickly
//! told, run their expression. A finding never holds the secret, only its first four characters. Comments such as
//! `gitleaks:allow` are not honoured: the sandbox writes them as easily as it writes the secret.

mod gate;
mod rules;

use std::ops::Range;
use std::sync::OnceLock;

use bstr::{BStr, BString, ByteSlice};
use regex_automata::{meta::Regex, util::syntax};

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
#[derive(Default)]
pub struct Scanner {
    lines: Compiled,
    long: Compiled,
}

/// None where an expression does not compile.
struct Compiled([OnceLock<Option<Regex>>; RULES.len()]);

impl Default for Compiled {
    fn default() -> Compiled {
        Compiled([const { OnceLock::new() }; RULES.len()])
    }
}

/// In a text of so many bytes, such as a row of a log, an expression finds its keywords several times faster than it looks at
/// everything. To prepare for that takes longer than to look at many lines of code.
const LONG: usize = 16 << 10;

impl Scanner {
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
        let is_long = text.len() >= LONG;
        let compiled = if is_long { &self.long } else { &self.lines };
        for index in gate::rules(text) {
            let rule = &RULES[index];
            if !rule.hint.is_in(text) {
                continue;
            }
            let Some(regex) = compiled.0[index].get_or_init(|| compile(rule, is_long)) else { continue };
            for captures in regex.captures_iter(text) {
                let Some(value) = captures.get_group(1) else { continue };
                let overlaps = found.iter().any(|(_, span)| span.start < value.end && value.start < span.end);
                if !overlaps && is_secret(rule, &text[value.range()]) {
                    found.push((rule.name, value.range()));
                }
            }
        }
        found.sort_by_key(|(_, span)| span.start);
        found
    }
}

fn compile(rule: &Rule, is_for_long: bool) -> Option<Regex> {
    let bytes = syntax::Config::new().unicode(false).utf8(false);
    let config = Regex::config().utf8_empty(false).auto_prefilter(is_for_long);
    Regex::builder().configure(config).syntax(bytes).build(rule.pattern).ok()
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
        // The standard library's would be all that is needed of the C library for mathematics, which every start would load.
        -share * libm::log2(share)
    });
    bits.sum()
}

#[cfg(test)]
mod tests;
