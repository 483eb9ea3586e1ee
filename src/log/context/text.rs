//! Turns as text: a transcript that people and models read alike, and Markdown. Nothing that was said can pass for
//! something that somebody else said: in the transcript, a line that looks like one of our own headings gets a
//! backslash; in Markdown, texts are quoted, and fences are longer than any in what they hold.

use std::fmt::Write as _;

use serde_json::Value;

use super::keep::Piece;
use super::turns::{Answered, CANCELLED, Left, Turn};
use super::{About, preamble};
use crate::session::Outcome;

/// What our own headings start with.
const MARK: &str = "=== ";

pub(super) fn transcript(pieces: &[Piece<'_>], about: &About, left: &Left, prompt: Option<&str>) -> String {
    let mut out = String::new();
    guarded(&mut out, &preamble(about, left));
    for piece in pieces {
        match piece {
            Piece::Turn(turn) => transcript_turn(&mut out, turn),
            Piece::Gap(gap) => {
                out.push('\n');
                guarded(&mut out, gap);
            }
        }
    }
    if let Some(prompt) = prompt {
        transcript_turn(&mut out, &Turn::User(prompt.to_owned()));
    }
    out
}

pub(super) fn transcript_bytes(turn: &Turn) -> usize {
    let mut out = String::new();
    transcript_turn(&mut out, turn);
    out.len()
}

fn transcript_turn(out: &mut String, turn: &Turn) {
    match turn {
        Turn::User(text) => {
            *out += &format!("\n{MARK}user\n");
            guarded(out, text);
        }
        Turn::Model { text, calls } => {
            if !text.is_empty() {
                *out += &format!("\n{MARK}assistant\n");
                guarded(out, text);
            }
            calls.iter().for_each(|call| transcript_call(out, call));
        }
    }
}

/// Arguments one a line; long ones indented below their names.
fn transcript_call(out: &mut String, call: &Answered) {
    let name = one_line(&call.call.name);
    *out += &format!("\n{MARK}call {name}\n");
    for (key, value) in &call.call.arguments {
        let name = one_line(key);
        match value {
            Value::String(text) if text.contains('\n') => {
                let _ = writeln!(out, "{name}:");
                text.lines().for_each(|line| *out += &format!("    {line}\n"));
            }
            Value::String(text) => guarded(out, &format!("{name}: {text}")),
            value => guarded(out, &format!("{name}: {}", call.json_of(key, value))),
        }
    }
    let _ = writeln!(out, "{MARK}result{}", how(call));
    guarded(out, content(call));
}

/// `text` with a newline at its end, and none of its lines starting as our headings do.
fn guarded(out: &mut String, text: &str) {
    for line in text.trim_end_matches('\n').split('\n') {
        if line.trim_start_matches('\\').starts_with(MARK) {
            out.push('\\');
        }
        *out += line;
        out.push('\n');
    }
}

pub(super) fn markdown(pieces: &[Piece<'_>], about: &About, left: &Left, prompt: Option<&str>) -> String {
    let mut out = String::from("# Session\n\n");
    // A line of the preamble is a paragraph, so that it stays a line.
    quoted(&mut out, &preamble(about, left).replace('\n', "\n\n").replace("\n\n\n\n", "\n\n"));
    for piece in pieces {
        match piece {
            Piece::Turn(turn) => markdown_turn(&mut out, turn),
            Piece::Gap(gap) => {
                out.push('\n');
                quoted(&mut out, gap);
            }
        }
    }
    if let Some(prompt) = prompt {
        markdown_turn(&mut out, &Turn::User(prompt.to_owned()));
    }
    out
}

pub(super) fn markdown_bytes(turn: &Turn) -> usize {
    let mut out = String::new();
    markdown_turn(&mut out, turn);
    out.len()
}

fn markdown_turn(out: &mut String, turn: &Turn) {
    match turn {
        Turn::User(text) => {
            *out += "\n## User\n\n";
            quoted(out, text);
        }
        Turn::Model { text, calls } => {
            if !text.is_empty() {
                *out += "\n## Assistant\n\n";
                quoted(out, text);
            }
            calls.iter().for_each(|call| markdown_call(out, call));
        }
    }
}

fn markdown_call(out: &mut String, call: &Answered) {
    let arguments = serde_json::to_string_pretty(&call.arguments()).unwrap_or_default();
    let _ = writeln!(out, "\n### Tool: `{}`\n", one_line(&call.call.name).replace('`', "'"));
    fenced(out, "json", &arguments);
    let _ = writeln!(out, "\nResult{}:\n", how(call));
    fenced(out, "", content(call));
}

/// In a block quote: whatever begins in it, a fence, a heading, HTML, ends with it.
fn quoted(out: &mut String, text: &str) {
    for line in text.trim_end_matches('\n').split('\n') {
        let line = line.replace('\r', " ");
        *out += if line.is_empty() { ">" } else { "> " };
        *out += &line;
        out.push('\n');
    }
}

/// In a fence that is longer than any in the text.
fn fenced(out: &mut String, language: &str, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let _ = write!(out, "{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'));
}

/// How a call ended, where there is more to say than that it did.
fn how(call: &Answered) -> String {
    let Some(result) = &call.result else { return ": cancelled".to_owned() };
    match Outcome::of(result, call.call.command().is_some()) {
        Outcome::Passed | Outcome::Untold => String::new(),
        Outcome::Failed(None) => ": failed".to_owned(),
        Outcome::Failed(Some(note)) => format!(": failed, {note}"),
        Outcome::Stopped(how) => format!(": {how}"),
    }
}

fn content(call: &Answered) -> &str {
    call.result.as_ref().map_or(CANCELLED, |result| &result.content)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_speak_for_somebody_else() {
        let mut out = String::new();
        guarded(&mut out, "a\n=== user\n\\=== user\nb === user\n\n");
        assert_eq!(out, "a\n\\=== user\n\\\\=== user\nb === user\n");
        let mut out = String::new();
        fenced(&mut out, "", "```\n````\n## User");
        assert_eq!(out, "`````\n```\n````\n## User\n`````\n");
        let mut out = String::new();
        quoted(&mut out, "```\n\n## User\n");
        assert_eq!(out, "> ```\n>\n> ## User\n");
    }
}
