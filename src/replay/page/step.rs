//! One step as an article.

use std::io;

use serde_json::Value;

use super::call::call;
use super::clip::{clipped, first_line, left_out, pre};
use super::html::Html;
use super::markdown::markdown;
use crate::replay::{Act, Change, Mark, Step};
use crate::session::size_text;

/// A change as it is shown.
pub(super) struct Shown {
    pub(super) change: Change,
    /// What differs.
    pub(super) hunks: String,
    /// Which file it is, of those of the page.
    pub(super) file: usize,
}

/// The files that a step is about, and the subagent whose it is.
#[derive(Clone, Copy)]
pub(super) struct On<'a> {
    /// As they are shown.
    pub(super) paths: &'a [String],
    /// What became of those that it changes.
    pub(super) changes: &'a [Shown],
    /// Which subagent it is, from 1, in the order in which they came.
    pub(super) agent: Option<usize>,
}

/// Writes a step.
pub(super) fn step(html: &mut Html, step: &Step, mark: Mark, on: On) -> io::Result<()> {
    let number = (step.number + 1).to_string();
    let mut class = format!("step {}", mark.kind().name());
    for (name, is_it) in [("bad", mark.state().is_bad()), ("edit", mark.is_change()), ("nested", mark.is_nested())] {
        if is_it {
            class = format!("{class} {name}");
        }
    }
    let id = format!("s{number}");
    let at = step.at.map(|at| at.as_millisecond().to_string());
    let files = on.changes.iter().map(|shown| shown.file.to_string()).collect::<Vec<_>>().join(" ");
    let mut attributes = vec![("class", class.as_str()), ("id", &id)];
    attributes.extend(at.as_deref().map(|at| ("data-at", at)));
    attributes.extend(Some(("data-files", files.as_str())).filter(|(_, files)| !files.is_empty()));
    html.open("article", &attributes)?;
    html.raw("<header>")?;
    html.element("a", &[("class", "number"), ("href", &format!("#{id}"))], &number)?;
    if let Some(at) = step.at {
        html.element("time", &[("datetime", &at.to_string())], &at.strftime("%H:%M:%S").to_string())?;
    }
    if let (Some(id), Some(number)) = (&step.agent, on.agent) {
        html.element("span", &[("class", "agent"), ("title", id)], &format!("agent {number}"))?;
    }
    html.raw("</header><div class=\"what\">")?;
    act(html, &step.act, on)?;
    html.raw("</div></article>\n")
}

fn act(html: &mut Html, act: &Act, on: On) -> io::Result<()> {
    match act {
        Act::Prompt(text) => {
            html.raw("<h3 class=\"label\">Prompt</h3>")?;
            said(html, text)
        }
        Act::Answer(text) => {
            html.raw("<div class=\"answer-text\">")?;
            let (start, more) = clipped(text);
            markdown(html, start)?;
            html.close("div")?;
            left_out(html, more)
        }
        Act::Thinking(text) => folded(html, "Thinking", text, |html| said(html, text)),
        Act::Call { call: asked, result, outcome, took } => call(html, asked, result.as_ref(), outcome, *took, on),
        Act::Result(result) => folded(html, "Result of no call", result.text(), |html| pre(html, "out", result.text())),
        Act::Title(title) => line(html, "Title", title),
        Act::Notice { kind, message } => line(html, if kind.is_empty() { "notice" } else { kind }, message),
        Act::Spawned(spawned) => {
            html.raw("<h3 class=\"label\">Subagent starts</h3>")?;
            if let Some(model) = &spawned.model {
                html.span("model", model)?;
            }
            said(html, &spawned.task)
        }
        Act::Completed { status, duration_ms, error } => {
            let took = duration_ms.map(|took| super::call::took(took as f64 / 1000.0));
            let how = [status.as_deref(), took.as_deref(), error.as_deref()];
            line(html, "Subagent ends", &how.into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
        Act::Unknown { kind, row } => {
            let row = serde_json::to_string_pretty(&Value::Object(row.clone()))?;
            folded(html, "Unknown row", kind.as_deref().unwrap_or_default(), |html| pre(html, "out", &row))
        }
        Act::Damaged { bytes, length, is_long } => {
            let text = crate::audit::escape(bytes, crate::audit::Layout::Text);
            let label = if *is_long { "Row too long to be shown" } else { "Damaged row" };
            folded(html, label, &size_text(*length), |html| pre(html, "out", &text))
        }
    }
}

/// Running text. Of what is long, the start is shown at once.
fn said(html: &mut Html, text: &str) -> io::Result<()> {
    const AT_ONCE: usize = 24;
    if text.trim().is_empty() {
        return html.element("p", &[("class", "note")], "(empty)");
    }
    let text = text.trim_end().replace("\r\n", "\n");
    let (text, more) = clipped(&text);
    let end = text.match_indices('\n').nth(AT_ONCE - 1).map_or(text.len(), |(end, _)| end + 1);
    let (start, rest) = text.split_at(end);
    html.pre("said", start)?;
    if !rest.is_empty() {
        html.raw("<details class=\"rest\"><summary>")?;
        html.text(&format!("{} more lines", rest.lines().count()))?;
        html.raw("</summary>")?;
        html.pre("said", rest)?;
        html.close("details")?;
    }
    left_out(html, more)
}

/// A label and one line.
fn line(html: &mut Html, label: &str, text: &str) -> io::Result<()> {
    html.raw("<p class=\"line\">")?;
    html.span("label", label)?;
    html.raw(" ")?;
    html.text(text)?;
    html.close("p")
}

/// What is looked at on demand.
fn folded(html: &mut Html, label: &str, text: &str, body: impl FnOnce(&mut Html) -> io::Result<()>) -> io::Result<()> {
    html.raw("<details class=\"fold\"><summary>")?;
    html.span("label", label)?;
    html.raw(" ")?;
    html.span("about", &first_line(text, 160))?;
    html.raw("</summary>")?;
    body(html)?;
    html.close("details")
}
