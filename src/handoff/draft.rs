//! A handoff to be completed: everything that can be looked up is filled in, what needs judgement is a marked gap.
//!
//! ```text
//! repository -> branch, commit -\
//! meta.json -> title, agent, cwd -> Draft -> document with gaps -> the agent fills them -> create
//! conversation.jsonl -> Told ---/
//! ```
//!
//! What comes from a session is data, and foreign: `censor` makes each piece of it one short line without secrets. Left to
//! others: what a handoff must hold, and refusing one that still has a gap.

mod censor;
mod places;
mod purpose;
mod told;

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::drift::{self, Head};
use super::frontmatter::value_text;
use crate::audit::{Layout, escape};
use crate::session::{self, Meta, Session};
use censor::Censor;
use places::Places;
use told::{Run, Told};

/// How a gap begins; it ends with `>>`.
const GAP: &str = "<<FILL: ";

/// A whole handoff for the project in the directory `root`, to be completed; with what is known of `session`, if one is given.
///
/// # Errors
/// When `root` is no directory, or the session's conversation is there but cannot be read. A repository, a `meta.json` or a
/// conversation that is missing leaves gaps.
pub fn draft(root: &Path, session: Option<&Session>) -> Result<String, Error> {
    Ok(Draft::of(root, session)?.to_string())
}

/// Whether a handoff still has a gap that nobody filled.
pub fn has_gap(text: &str) -> bool {
    text.contains(GAP)
}

/// Why there is no draft. The messages say what and where; [`Error::hint`] says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project is not there.
    #[error("{} is not a directory", .path.display())]
    NoProject {
        /// Where it was said to be.
        path: PathBuf,
    },
    /// The conversation is there, but cannot be read.
    #[error(transparent)]
    Conversation(#[from] session::Error),
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Error::NoProject { .. } => "name the directory of the project with --repo-root",
            Error::Conversation(_) => "without --from-session there is a draft all the same, with more gaps",
        }
    }
}

/// What is known of the work that is handed off. As text, it is the document.
#[derive(Debug)]
pub struct Draft {
    now: Timestamp,
    session_id: String,
    project_root: String,
    repo_root: String,
    branch: String,
    commit: String,
    agent: Option<String>,
    goal: Option<String>,
    /// The files that the session touched; none without a session.
    files: Option<Vec<String>>,
    runs: Vec<Run>,
}

impl Draft {
    /// Looks up what can be known.
    ///
    /// # Errors
    /// See [`draft`].
    pub fn of(root: &Path, session: Option<&Session>) -> Result<Draft, Error> {
        if !root.is_dir() {
            return Err(Error::NoProject { path: root.to_owned() });
        }
        let now = Timestamp::now();
        let censor = Censor::default();
        let meta = session.and_then(|session| session.meta().ok()).unwrap_or_default();
        let places = Places::new(root, &meta.cwd);
        let told = session.map(|session| told::read(session, &places, &censor)).transpose()?;
        let Told { title, prompt, files, runs } = told.unwrap_or_default();
        let title = meta.title.as_deref().and_then(|title| censor.line(title, GOAL)).or(title);
        let head = drift::head(root);
        let branch = head.as_ref().map(|head| escape(head.branch.as_bytes(), Layout::Line).into_owned());
        Ok(Draft {
            now,
            session_id: session_id(now, title.as_deref(), branch.as_deref()),
            project_root: shown(&places.project()),
            repo_root: shown(places.root()),
            branch: branch.unwrap_or_else(unknown),
            commit: head.and_then(|Head { commit, .. }| commit).unwrap_or_else(unknown),
            agent: agent(&meta).and_then(|agent| censor.line(&agent, GOAL)),
            goal: title.or(prompt),
            files: session.map(|_| files),
            runs,
        })
    }
}

/// The length of a goal, in characters.
const GOAL: usize = 200;

/// A path in one line, whatever it holds.
fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes(), Layout::Line).into_owned()
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// The model that a session worked with, if it says so.
fn agent(meta: &Meta) -> Option<String> {
    Some(meta.model()).filter(|model| !model.ends_with("/unknown"))
}

/// An id that tells the day and the matter, and is no other session's: `2026-07-01-add-dry-run-flag-3fa9c1`.
fn session_id(now: Timestamp, title: Option<&str>, branch: Option<&str>) -> String {
    let matter = [title, branch].into_iter().flatten().map(words).find(|words| !words.is_empty());
    let unique = fastrand::u32(..) & 0xff_ffff;
    let day = now.strftime("%Y-%m-%d");
    format!("{day}-{}-{unique:06x}", matter.as_deref().unwrap_or("session"))
}

/// The first words of a text in small ASCII letters, with dashes between them: as many as fit.
fn words(text: &str) -> String {
    const LONGEST: usize = 40;
    let text = text.to_ascii_lowercase();
    let mut joined = String::new();
    for word in text.split(|ch: char| !ch.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let dash = if joined.is_empty() { "" } else { "-" };
        if joined.len() + dash.len() + word.len() > LONGEST {
            break;
        }
        joined = joined + dash + word;
    }
    joined
}

/// The headings of the body, and what is to be told under each.
const BODY: [(&str, &str); 8] = [
    ("# Resume Prompt", "two or three sentences from which the next agent can go on without this conversation"),
    ("# What We Did", "what was done, and why it was done so"),
    ("# Current State", "what works, what does not yet, what is not committed"),
    ("# Decisions Made", "each decision with its reason, or none"),
    ("# Failed Attempts / Dead Ends", "what was tried in vain, and what it showed, or none"),
    ("# Next-Agent Instructions", "the next steps, the first one in detail"),
    ("# Commands And Validation", "the commands that matter here, and what they showed"),
    ("# Risks And Constraints", "what must stay as it is, and what may go wrong"),
];

impl fmt::Display for Draft {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |out: &mut fmt::Formatter<'_>, key: &str, value: &str| writeln!(out, "{key}: {}", value_text(value));
        writeln!(out, "---")?;
        line(out, "session_id", &self.session_id)?;
        line(out, "session_date", &self.now.strftime("%Y-%m-%d").to_string())?;
        line(out, "generated_at", &self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())?;
        writeln!(out, "schema_version: 1")?;
        line(out, "project_root", &self.project_root)?;
        line(out, "repo_root", &self.repo_root)?;
        line(out, "current_branch", &self.branch)?;
        line(out, "head_commit", &self.commit)?;
        line(out, "agent", &or_gap(self.agent.as_deref(), "the name of the agent that writes this"))?;
        line(out, "status", "IN_PROGRESS")?;
        line(out, "primary_goal", &or_gap(self.goal.as_deref(), "what this work is for, in one line"))?;
        self.write_files(out)?;
        list(out, "completed_tasks", [gap("one task that is done, in one line; without any, remove this line")])?;
        list(out, "next_todo_items", [gap("the first thing to do next in the work itself, in one line")])?;
        list(
            out,
            "known_issues",
            [gap("one thing that is known to be wrong, in one line; without any, remove this line")],
        )?;
        list(out, "search_tags", [gap("one word to find this by")])?;
        self.write_runs(out)?;
        writeln!(out, "---")?;
        for (heading, what) in BODY {
            writeln!(out, "\n{heading}\n\n{}", gap(what))?;
        }
        Ok(())
    }
}

impl Draft {
    fn write_files(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.files {
            Some(files) => list(out, "active_context_files", files),
            None => list(
                out,
                "active_context_files",
                [gap("one file to read first, from the root; without any, remove this line")],
            ),
        }
    }

    fn write_runs(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "validation:")?;
        if self.runs.is_empty() {
            writeln!(out, "  - command: {}", value_text(&gap("one command that checks the work")))?;
            writeln!(out, "    result: {}", value_text(&gap("passed, failed or not_run")))?;
            return writeln!(out, "    notes: {}", value_text(&gap("what it showed")));
        }
        for run in &self.runs {
            writeln!(out, "  - command: {}", value_text(&run.command))?;
            writeln!(out, "    result: {}", run.result())?;
            if let Some(note) = run.note() {
                writeln!(out, "    notes: {}", value_text(&note))?;
            }
        }
        Ok(())
    }
}

fn gap(what: &str) -> String {
    format!("{GAP}{what}>>")
}

fn or_gap<'a>(value: Option<&'a str>, what: &str) -> Cow<'a, str> {
    value.map_or_else(|| gap(what).into(), Cow::from)
}

/// A key with its list; one without entries is the empty list.
fn list<T: AsRef<str>>(out: &mut fmt::Formatter<'_>, key: &str, entries: impl IntoIterator<Item = T>) -> fmt::Result {
    writeln!(out, "{key}:")?;
    entries.into_iter().try_for_each(|entry| writeln!(out, "  - {}", value_text(entry.as_ref())))
}

#[cfg(test)]
mod tests;
