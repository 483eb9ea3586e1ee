//! A call of a tool: one line, and folded behind it what it was given, what came of it, what it did to files.

use std::io;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::clip::{first_line, pre};
use super::diff::{counts, diff, stat};
use super::html::Html;
use super::step::{On, Shown};
use crate::session::{Call, CallResult, Outcome};

/// Diffs of more lines than that are folded at first.
const UNFOLDED: usize = 80;

/// Writes a call.
pub(super) fn call(
    html: &mut Html,
    call: &Call,
    result: Option<&CallResult>,
    outcome: &Outcome,
    took: Option<SignedDuration>,
    on: On,
) -> io::Result<()> {
    let On { paths, changes, .. } = on;
    let lines: usize = changes.iter().map(|shown| shown.hunks.lines().count()).sum();
    let is_open = !changes.is_empty() && lines <= UNFOLDED;
    html.open("details", if is_open { &[("class", "call"), ("open", "")] } else { &[("class", "call")] })?;
    html.raw("<summary>")?;
    html.span("tool", if call.name.is_empty() { "(no name)" } else { &call.name })?;
    html.raw(" ")?;
    html.element("code", &[("class", "about")], &about(call, paths))?;
    html.raw(" <span class=\"meta\">")?;
    let all = changes.iter().filter(|shown| shown.change.is_applied).map(|shown| counts(&shown.hunks));
    stat(html, all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)))?;
    html.raw(" ")?;
    if let Some(ending) = ending(outcome, result) {
        html.span("ending", &ending)?;
        html.raw(" ")?;
    }
    if let Some(took) = took.map(|took| took.as_secs_f64()).filter(|took| *took >= 0.1) {
        html.span("took", &self::took(took))?;
    }
    html.raw("</span></summary>")?;
    if changes.is_empty() {
        given(html, call)?;
    }
    let is_alone = changes.len() == 1;
    changes.iter().try_for_each(|shown| changed(html, shown, is_alone))?;
    answered(html, result, !changes.is_empty() && outcome.may_have_worked())?;
    html.close("details")
}

/// How long, for people.
pub(super) fn took(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 10.0 => format!("{seconds:.1} s"),
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

/// What the call is about, in a line: its command, its files, else the first text that it was given.
fn about(call: &Call, paths: &[String]) -> String {
    let given = || call.arguments.values().find_map(Value::as_str).map(str::to_owned);
    let text = call.command().or_else(|| (!paths.is_empty()).then(|| paths.join(", "))).or_else(given);
    first_line(&text.unwrap_or_default(), 200)
}

/// How it ended, unless as it should.
fn ending(outcome: &Outcome, result: Option<&CallResult>) -> Option<String> {
    match outcome {
        Outcome::Failed(note) => Some(note.clone().unwrap_or_else(|| "failed".into())),
        Outcome::Stopped(how) => Some((*how).into()),
        Outcome::Untold if result.is_none() => Some("no result".into()),
        Outcome::Passed | Outcome::Untold => None,
    }
}

/// What the tool was given.
fn given(html: &mut Html, call: &Call) -> io::Result<()> {
    if let Some(command) = call.command() {
        return pre(html, "command", &command);
    }
    let text = arguments(&call.arguments);
    if text.is_empty() { Ok(()) } else { pre(html, "given", &text) }
}

/// `key: "value"`, and texts of several lines below their key.
fn arguments(arguments: &Map<String, Value>) -> String {
    let line = |(key, value): (&String, &Value)| match value {
        Value::String(text) if text.trim_end().contains('\n') => {
            let lines: String = text.trim_end().lines().flat_map(|line| ["  ", line, "\n"]).collect();
            format!("{key}:\n{lines}")
        }
        value => format!("{key}: {value}\n"),
    };
    arguments.iter().map(line).collect()
}

/// What became of a file. Where it is the only one, the call's own line names it.
fn changed(html: &mut Html, shown: &Shown, is_alone: bool) -> io::Result<()> {
    html.open("div", &[("class", "change"), ("data-file", &shown.file.to_string())])?;
    let remark = shown.change.remark();
    if !is_alone || remark.is_some() {
        html.raw("<p class=\"path\">")?;
        if !is_alone {
            html.element("code", &[], &shown.change.path)?;
            html.raw(" ")?;
        }
        html.span("remark", remark.unwrap_or_default())?;
        html.close("p")?;
    }
    if !shown.hunks.is_empty() {
        diff(html, &shown.hunks)?;
    }
    html.close("div")
}

/// What came back. Of a change that was made it says little.
fn answered(html: &mut Html, result: Option<&CallResult>, is_shown: bool) -> io::Result<()> {
    let Some(result) = result else {
        return html.element("p", &[("class", "note")], "no result was recorded");
    };
    let content = result.content.trim();
    if let Some(summary) = result.summary.as_deref().filter(|summary| !summary.trim().is_empty() && !is_shown) {
        html.element("p", &[("class", "note")], summary)?;
    } else if content.is_empty() {
        html.element("p", &[("class", "note")], "nothing came back")?;
    }
    if content.is_empty() {
        return Ok(());
    }
    if is_shown && !content.contains('\n') {
        return html.element("p", &[("class", "note")], &first_line(content, 400));
    }
    pre(html, "out", &result.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_lines() {
        let map = serde_json::json!({ "pattern": "a \"b\"", "count": 3, "text": "1\n2\n" });
        assert_eq!(arguments(map.as_object().unwrap()), "pattern: \"a \\\"b\\\"\"\ncount: 3\ntext:\n  1\n  2\n");
        assert_eq!([took(0.25), took(61.0), took(600.0), took(9000.0)], ["0.2 s", "61 s", "10 min", "2.5 h"]);
    }
}
