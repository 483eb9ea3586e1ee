//! What is around the steps: the page's head, the facts on top, the headings of turns, the lists beside, what the log does
//! not tell.

use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bstr::ByteSlice;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::clean::Clean;
use super::clip::first_line;
use super::diff::{self, stat};
use super::files::Files;
use super::html::Html;
use super::{Outline, Page};
use crate::replay::unseen::left_out;
use crate::replay::{Beside, Difference, Pace, Turn, UnseenFile};

/// With more steps, a browser lays out those in view only.
const LARGE: usize = 1_500;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    include_str!("script/playhead.js"),
    include_str!("script/playing.js"),
    include_str!("script/bar.js"),
    include_str!("script/search.js"),
    include_str!("script/show.js"),
    include_str!("script/files.js"),
    include_str!("script/keys.js"),
);
const PLAYER: &str = include_str!("player.html");

/// All that is before the first step.
pub(super) fn head(html: &mut Html, page: &Page, clean: &mut Clean) -> io::Result<()> {
    let title = page.meta.title.as_deref().filter(|title| !title.trim().is_empty());
    let id = page.conversation.session.as_ref().map(|session| session.id());
    let title = title.or(id).unwrap_or("A session");
    let title = clean.text(title).into_owned();
    html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")?;
    html.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy())])?;
    html.raw("\n<meta name=\"referrer\" content=\"no-referrer\">\n")?;
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")?;
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n")?;
    html.raw("<meta name=\"generator\" content=\"git glue-replay\">\n")?;
    html.element("title", &[], &title)?;
    html.raw("\n<style>")?;
    html.raw(STYLE)?;
    html.raw(
        "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#steps\">To the steps</a>\n<header class=\"top\">\n",
    )?;
    html.element("h1", &[], &title)?;
    facts(html, page, clean)?;
    html.raw("<p class=\"jump\"><a href=\"#contents\">Turns and files</a></p>\n")?;
    html.raw("</header>\n<div class=\"layout\">\n")?;
    let is_large = page.steps.len() > LARGE;
    html.open("main", &[("id", "steps"), ("class", if is_large { "large" } else { "" })])?;
    html.raw("\n")
}

/// What may load and run: the style and the script of this page, and nothing else, from nowhere.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn facts(html: &mut Html, page: &Page, clean: &mut Clean) -> io::Result<()> {
    let session = page.conversation.session.as_ref();
    let steps = match (page.steps.len(), page.timeline.len()) {
        (some, all) if some < all => format!("{} to {} of {all}", page.steps.start + 1, page.steps.end),
        (_, all) => all.to_string(),
    };
    let started = page.meta.started().map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let facts = [
        ("Started", started),
        ("Model", session.map(|_| page.meta.model())),
        ("Directory", Some(page.meta.cwd.clone()).filter(|cwd| !cwd.is_empty())),
        ("Turns", Some(page.timeline.turns().len().to_string())),
        ("Steps", Some(steps)),
        ("Tokens", Some(page.timeline.tokens()).filter(|tokens| !tokens.is_none()).map(|tokens| tokens.to_string())),
    ];
    html.raw("<dl class=\"facts\">")?;
    for (name, value) in facts {
        let Some(value) = value else { continue };
        html.raw("<div>")?;
        html.element("dt", &[], name)?;
        html.element("dd", &[], &clean.text(&value))?;
        html.raw("</div>")?;
    }
    html.raw("</dl>\n")
}

/// Where a turn begins, or what is before the first.
pub(super) fn turn(html: &mut Html, number: Option<usize>, turn: Option<&Turn>) -> io::Result<()> {
    match number {
        Some(number) => html.open("section", &[("class", "turn"), ("id", &format!("t{}", number + 1))])?,
        None => html.open("section", &[("class", "turn")])?,
    }
    html.raw("<h2>")?;
    html.text(&number.map_or("Before the first prompt".into(), |number| format!("Turn {}", number + 1)))?;
    if let Some(turn) = turn.filter(|turn| !turn.tokens.is_none()) {
        html.raw(" ")?;
        html.span("tokens", &turn.tokens.to_string())?;
    }
    html.raw("</h2>\n")
}

/// What the log does not tell, and the capture does.
pub(super) fn unseen(html: &mut Html, files: &[UnseenFile], clean: &mut Clean) -> io::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    html.raw("<section class=\"unseen\" id=\"unseen\">\n<h2>Not in the log</h2>\n")?;
    html.raw("<p class=\"note\">Where the capture differs from the log: commands, scripts or people did it.</p>\n")?;
    for (number, file) in files.iter().enumerate() {
        html.open("details", &[("class", "call"), ("id", &format!("u{}", number + 1))])?;
        html.raw("<summary>")?;
        html.element("code", &[("class", "about")], &clean.text(&file.path.to_str_lossy()))?;
        html.raw(" ")?;
        otherwise(html, file)?;
        html.raw("</summary>")?;
        if file.how == Difference::Undone {
            html.element("p", &[("class", "note")], file.how.why())?;
        } else {
            let patch = crate::audit::escape(&file.diff, crate::audit::Layout::Text).into_owned();
            let more = diff::start(html, &clean.patch(&patch))?;
            if let Some(more) = left_out(file.left_out + more as u64) {
                html.element("p", &[("class", "note")], &more)?;
            }
        }
        html.raw("</details>\n")?;
    }
    html.raw("</section>\n")
}

/// What the capture says of a file, in short.
fn otherwise(html: &mut Html, file: &UnseenFile) -> io::Result<()> {
    html.raw("<span class=\"meta\">")?;
    stat(html, (file.added as usize, file.removed as usize))?;
    if let Some(remark) = file.how.remark() {
        html.raw(" ")?;
        html.span("remark", remark)?;
    }
    html.close("span")
}

/// The lists of turns and files, beside the steps.
pub(super) fn contents(
    html: &mut Html,
    outline: &Outline,
    files: &Files,
    beside: &Beside,
    clean: &mut Clean,
) -> io::Result<()> {
    html.raw("<aside id=\"contents\" aria-label=\"Contents\">\n")?;
    if !outline.0.is_empty() {
        html.raw("<nav aria-label=\"Turns\"><h2>Turns</h2>\n<ol class=\"turns\">\n")?;
        for (step, prompt) in &outline.0 {
            html.raw("<li>")?;
            html.element("a", &[("href", &format!("#s{step}"))], &first_line(prompt, 90))?;
            html.raw("</li>\n")?;
        }
        html.raw("</ol></nav>\n")?;
    }
    html.raw("<nav aria-label=\"Files\"><h2>Files</h2>\n<ul class=\"files\">\n")?;
    files.all.iter().try_for_each(|file| listed(html, file))?;
    html.raw("</ul>\n")?;
    html.element("p", &[("class", "note"), ("id", "beside")], &clean.text(&beside.about()))?;
    html.raw("<ul class=\"files\">\n")?;
    for (number, file) in beside.files().iter().enumerate() {
        html.raw("<li>")?;
        html.open("a", &[("href", &format!("#u{}", number + 1))])?;
        html.element("code", &[], &clean.text(&file.path.to_str_lossy()))?;
        html.raw("</a> ")?;
        otherwise(html, file)?;
        html.raw("</li>\n")?;
    }
    html.raw("</ul></nav>\n</aside>\n</div>\n")
}

fn listed(html: &mut Html, file: &super::files::File) -> io::Result<()> {
    /// More steps of one file are not linked.
    const MOST_LINKS: usize = 200;
    html.raw("<li><details><summary>")?;
    html.element("code", &[("title", &file.path)], &file.path)?;
    html.raw(" <span class=\"meta\">")?;
    stat(html, file.counts)?;
    html.raw("</span></summary><p>")?;
    for (step, is_applied) in file.steps.iter().take(MOST_LINKS) {
        let class = if *is_applied { "" } else { "bad" };
        html.element("a", &[("href", &format!("#s{step}")), ("class", class)], &format!("{step}"))?;
        html.raw(" ")?;
    }
    if file.steps.len() > MOST_LINKS {
        html.text(&format!("and {} more", file.steps.len() - MOST_LINKS))?;
    }
    html.raw("</p></details></li>\n")
}

/// What is behind the steps: what was left out, the player, and what it needs to know.
pub(super) fn tail(html: &mut Html, files: &Files, pace: Pace, clean: &Clean) -> io::Result<()> {
    html.raw("<footer class=\"end\"><p>Made by git glue-replay.")?;
    if let Some(redactor) = &clean.0 {
        let rules: Vec<_> = redactor.found().map(|(rule, count)| format!("{count} {rule}")).collect();
        if !rules.is_empty() {
            html.text(&format!(" Redacted: {}.", rules.join(", ")))?;
        }
    }
    html.raw("</p></footer>\n")?;
    html.raw(PLAYER)?;
    let mut data = files.data();
    data["pace"] = json!(if pace == Pace::Recorded { "recorded" } else { "even" });
    html.raw("<script type=\"application/json\" id=\"data\">")?;
    html.json(&data)?;
    html.raw("</script>\n<script>")?;
    html.raw(SCRIPT)?;
    html.raw("</script>\n</body>\n</html>\n")
}
