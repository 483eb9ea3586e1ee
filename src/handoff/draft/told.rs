//! What a conversation tells about the work: its title, its first prompt, the files it touched, the commands it ran.
//!
//! Nothing of it is kept but what is handed on.

use std::collections::HashMap;

use super::censor::Censor;
use super::places::Places;
use super::purpose::Purpose;
use super::{Error, GOAL};
use crate::session::{self, Body, Call, Conversation, Event, Outcome, Session, Source};

/// What a conversation tells.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    /// The last title that it was given.
    pub(super) title: Option<String>,
    /// The first paragraph of what the person said first.
    pub(super) prompt: Option<String>,
    /// Files that were read or written, from the root of the repository, the latest last.
    pub(super) files: Vec<String>,
    /// Commands that were run: first those that check something, else the latest last.
    pub(super) runs: Vec<Run>,
}

/// A command, and how it ended the last time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) command: String,
    pub(super) outcome: Outcome,
}

impl Run {
    /// The protocol's word for how it ended.
    pub(super) fn result(&self) -> &'static str {
        match self.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "failed",
            Outcome::Stopped(_) | Outcome::Untold => "not_run",
        }
    }

    /// What else there is to say of how it ended.
    pub(super) fn note(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Passed => None,
            Outcome::Failed(note) => note.clone(),
            Outcome::Stopped(how) => Some((*how).to_owned()),
            Outcome::Untold => Some("no result is recorded".to_owned()),
        }
    }
}

/// Reads a conversation. A session without one tells nothing.
pub(super) fn read(session: &Session, places: &Places, censor: &Censor) -> Result<Told, Error> {
    let conversation = match Conversation::open(Source::Session(session.clone())) {
        Err(session::Error::NoConversation { .. }) => return Ok(Told::default()),
        conversation => conversation?,
    };
    let name = conversation.name();
    let (mut rows, mut reading) = (conversation.rows(), Reading::new(places, censor));
    while let Some(row) = rows.advance().map_err(session::Error::io("read", &name))? {
        if let Some(event) = Event::parse(row.bytes) {
            reading.take(event.body);
        }
    }
    Ok(reading.told())
}

/// What is kept while a conversation is read.
struct Reading<'a> {
    places: &'a Places,
    censor: &'a Censor,
    title: Option<String>,
    prompt: Option<String>,
    files: Vec<String>,
    /// Commands that check something.
    checks: Vec<Run>,
    /// Other ones that do something.
    others: Vec<Run>,
    /// Calls without a result so far, by subagent and id.
    open: HashMap<(String, String), Deed>,
}

/// What a call of a tool is about.
enum Deed {
    /// Files, from the root.
    Files(Vec<String>),
    /// A command, in one line.
    Command(String, Purpose),
}

const MOST_FILES: usize = 20;
const MOST_RUNS: usize = 10;
/// More calls are not open at a time; those before them will never get their results.
const MOST_OPEN: usize = 1000;
/// Of a call, in bytes.
const LONGEST_ID: usize = 256;
/// In characters.
const LONGEST_COMMAND: usize = 300;
/// In characters.
const LONGEST_PATH: usize = 1000;

impl<'a> Reading<'a> {
    fn new(places: &'a Places, censor: &'a Censor) -> Reading<'a> {
        Reading {
            places,
            censor,
            title: None,
            prompt: None,
            files: Vec::new(),
            checks: Vec::new(),
            others: Vec::new(),
            open: HashMap::new(),
        }
    }

    fn take(&mut self, body: Body) {
        match body {
            Body::UserMessage { text } if self.prompt.is_none() => {
                // Behind the first paragraph there may be whole files.
                self.prompt = text.trim().split("\n\n").find_map(|paragraph| self.censor.line(paragraph, GOAL));
            }
            Body::Title(title) => {
                let title = self.censor.line(&title, GOAL);
                self.title = title.or(self.title.take());
            }
            Body::SubagentEvent { subagent_id, inner } if subagent_id.len() <= LONGEST_ID => {
                self.take_call(*inner, subagent_id);
            }
            body => self.take_call(body, String::new()),
        }
    }

    fn take_call(&mut self, body: Body, subagent: String) {
        let tame = |id: Option<String>| id.filter(|id| id.len() <= LONGEST_ID);
        match body {
            Body::ToolCall(call) => {
                let Some(deed) = self.deed(&call) else { return };
                let id = tame(call.id);
                // What has no id gets no result.
                self.note(&deed, Outcome::Untold, id.is_none());
                if let Some(id) = id {
                    if self.open.len() >= MOST_OPEN {
                        self.open.clear();
                    }
                    self.open.insert((subagent, id), deed);
                }
            }
            Body::ToolResult(mut result) => {
                let Some(id) = tame(result.call_id.take()) else { return };
                let Some(deed) = self.open.remove(&(subagent, id)) else { return };
                let outcome = Outcome::of(&result, matches!(deed, Deed::Command(..)));
                self.note(&deed, outcome, true);
            }
            _ => {}
        }
    }

    /// What a call is about, if it is about files or a command.
    fn deed(&self, call: &Call) -> Option<Deed> {
        if let Some(command) = call.command() {
            let purpose = Purpose::of(&command);
            return Some(Deed::Command(self.censor.line(&command, LONGEST_COMMAND)?, purpose));
        }
        let files: Vec<_> = call.files().into_iter().filter_map(|(_, path)| self.file(path)).collect();
        (!files.is_empty()).then_some(Deed::Files(files))
    }

    /// A file of the work, if it is one and its name can be told as it is.
    fn file(&self, path: &str) -> Option<String> {
        let path = self.places.relative(path)?;
        let is_plain = self.censor.line(&path, LONGEST_PATH).as_deref() == Some(&path);
        (is_plain && !path.starts_with(".agent-history/")).then_some(path)
    }

    /// Notes how a call went, which may not be known yet.
    fn note(&mut self, deed: &Deed, outcome: Outcome, is_final: bool) {
        match deed {
            Deed::Files(paths) if is_final && outcome.may_have_worked() => {
                for path in paths {
                    keep_latest(&mut self.files, path.clone(), MOST_FILES, |a, b| a == b);
                }
            }
            Deed::Command(command, purpose) if *purpose != Purpose::Look => {
                let runs = if *purpose == Purpose::Check { &mut self.checks } else { &mut self.others };
                let run = Run { command: command.clone(), outcome };
                keep_latest(runs, run, MOST_RUNS, |a, b| a.command == b.command);
            }
            _ => {}
        }
    }

    fn told(self) -> Told {
        let Reading { title, prompt, files, checks: mut runs, mut others, .. } = self;
        let room = MOST_RUNS - runs.len();
        runs.extend(others.split_off(others.len().saturating_sub(room)));
        Told { title, prompt, files, runs }
    }
}

/// Adds `new` as the latest, in place of what is the same, and forgets the oldest where there are too many.
fn keep_latest<T>(kept: &mut Vec<T>, new: T, most: usize, is_same: impl Fn(&T, &T) -> bool) {
    kept.retain(|old| !is_same(old, &new));
    kept.push(new);
    if kept.len() > most {
        kept.remove(0);
    }
}

#[cfg(test)]
mod tests;
