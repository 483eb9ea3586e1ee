//! The log as the player goes through it: which steps are shown, where the next one is, what each says in one line. Reads
//! what it is asked for, and remembers the little that is on the screen.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::rc::Rc;

use jiff::Timestamp;
use serde_json::Value;

use super::text::brief;
use crate::replay::{Act, Agent, Change, Kind, Mark, Recovery, State, Step, Timeline};
use crate::session::{Call, Conversation, Fate, size_text};

/// The log of a session.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) conversation: Conversation,
    /// Where the session worked; empty where that is not known.
    cwd: String,
    pub(super) timeline: Timeline,
    pub(super) recovery: Recovery,
    /// Which steps are shown.
    pub(super) filter: Filter,
    /// Whether the steps of subagents are.
    pub(super) has_agents: bool,
    briefs: HashMap<usize, Rc<Brief>>,
    /// How long the file was when it was looked at last, in bytes.
    length: u64,
    /// The end of what has been read of it.
    last: Vec<u8>,
    /// Whether all of that has been read.
    pub(super) is_read: bool,
    /// Whether the file is not there any more.
    pub(super) is_gone: bool,
    /// Why it cannot be read.
    pub(super) problem: Option<String>,
}

/// Which steps are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Filter {
    #[default]
    All,
    /// What was said.
    Talk,
    Prompts,
    Calls,
    Edits,
    Failures,
    /// What was done with one file.
    File(String),
}

/// A step in one line.
#[derive(Debug)]
pub(super) struct Brief {
    mark: Mark,
    pub(super) at: Option<Timestamp>,
    /// The subagent whose step it is.
    pub(super) agent: Option<Agent>,
    pub(super) text: String,
    /// How much there is to read, in bytes.
    pub(super) bytes: usize,
}

/// How much is read at a time, in bytes: small enough that nobody waits for it.
const ROUND: u64 = 6 << 20;
/// The first time less: until then there is nothing to look at.
const FIRST_ROUND: u64 = 256 << 10;
const MOST_BRIEFS: usize = 2_000;

impl Log {
    pub(super) fn new(conversation: Conversation, cwd: &str) -> Log {
        Log {
            conversation,
            cwd: cwd.to_owned(),
            timeline: Timeline::new(cwd),
            recovery: Recovery::default(),
            filter: Filter::All,
            has_agents: true,
            briefs: HashMap::new(),
            length: 0,
            last: Vec::new(),
            is_read: false,
            is_gone: false,
            problem: None,
        }
    }

    /// Begins again when the file was replaced or cut off, and says so. One that is gone is shown as it was.
    pub(super) fn renew(&mut self) -> Option<&'static str> {
        let fate = self.conversation.fate(self.timeline.read(), &self.last);
        let fate = self.said(fate)?;
        self.is_gone = fate == Fate::Gone;
        let news = match fate {
            Fate::Same | Fate::Gone => return None,
            Fate::Replaced => "the log was replaced: read again",
            Fate::Cut => "the log was cut off: read again",
        };
        let reopened = self.conversation.reopen();
        self.said(reopened)?;
        self.timeline = Timeline::new(&self.cwd);
        self.recovery = Recovery::default();
        self.briefs.clear();
        self.last.clear();
        (self.length, self.is_read, self.problem) = (0, false, None);
        Some(news)
    }

    /// Reads on a little. Whether anything new was found.
    pub(super) fn read_on(&mut self) -> bool {
        let before = (self.timeline.len(), self.timeline.read(), self.is_read);
        let round = if self.timeline.is_empty() { FIRST_ROUND } else { ROUND };
        let more = self.conversation.length().and_then(|length| {
            self.length = length;
            self.timeline.read_on(&self.conversation, round)
        });
        if self.timeline.read() != before.1 {
            let last = self.conversation.before(self.timeline.read());
            self.last = self.said(last).unwrap_or_default();
        }
        self.is_read = !self.said(more).unwrap_or(false);
        if self.is_read && self.conversation.path.is_none() && self.timeline.read() < self.length {
            // Nothing more can come from a pipe that has ended.
            let finished = self.timeline.finish(&self.conversation);
            self.said(finished);
        }
        before != (self.timeline.len(), self.timeline.read(), self.is_read)
    }

    /// How much has been read, of a hundred.
    pub(super) fn percent(&self) -> u64 {
        self.timeline.read().saturating_mul(100).checked_div(self.length).unwrap_or(100).min(100)
    }

    /// Whether the last row has no end: it is being written, or torn.
    pub(super) fn is_torn(&self) -> bool {
        self.is_read && self.timeline.read() < self.length
    }

    pub(super) fn mark(&self, step: usize) -> Option<Mark> {
        self.timeline.mark(step)
    }

    /// Whether a step is shown.
    pub(super) fn is_shown(&self, step: usize) -> bool {
        let Some(mark) = self.mark(step) else { return false };
        let is_hidden = mark.is_nested() && mark.kind() != Kind::Spawned && !self.has_agents;
        !is_hidden
            && match &self.filter {
                Filter::All => true,
                Filter::Talk => matches!(mark.kind(), Kind::Prompt | Kind::Answer),
                Filter::Prompts => mark.kind() == Kind::Prompt,
                Filter::Calls => mark.kind() == Kind::Call,
                Filter::Edits => mark.is_change(),
                Filter::Failures => is_bad(mark),
                Filter::File(path) => {
                    self.timeline.touches(path).binary_search_by_key(&step, |(step, _)| *step as usize).is_ok()
                }
            }
    }

    /// The first step from `step` on that is shown and of which that holds.
    pub(super) fn onward(&self, step: usize, holds: impl Fn(Mark) -> bool) -> Option<usize> {
        self.shown(step..usize::MAX).find(|&step| self.mark(step).is_some_and(&holds))
    }

    /// The last step before `step` that is shown and of which that holds.
    pub(super) fn back(&self, step: usize, holds: impl Fn(Mark) -> bool) -> Option<usize> {
        self.shown(0..step).rfind(|&step| self.mark(step).is_some_and(&holds))
    }

    /// Up to `most` steps from `step` on that are shown.
    pub(super) fn shown_from(&self, step: usize, most: usize) -> Vec<usize> {
        self.shown(step..usize::MAX).take(most).collect()
    }

    /// The steps of a range that are shown. Those of a file are known, and are not searched for among millions.
    fn shown(&self, range: Range<usize>) -> Box<dyn DoubleEndedIterator<Item = usize> + '_> {
        if let Filter::File(path) = &self.filter {
            let touches = self.timeline.touches(path);
            let place = |end: usize| touches.partition_point(|(step, _)| (*step as usize) < end);
            let touches = touches.get(place(range.start)..place(range.end)).unwrap_or_default();
            return Box::new(touches.iter().map(|(step, _)| *step as usize).filter(|&step| self.is_shown(step)));
        }
        let range = range.start..range.end.min(self.timeline.len());
        Box::new(range.filter(|&step| self.is_shown(step)))
    }

    /// The steps that changed a file; those that only tried are none of them.
    pub(super) fn changed_by(&self, path: &str) -> Vec<usize> {
        let changes = self.timeline.touches(path).iter().filter(|(_, access)| access.is_change());
        let steps = changes.map(|(step, _)| *step as usize);
        steps.filter(|&step| self.mark(step).is_some_and(|mark| mark.state() == State::Passed)).collect()
    }

    pub(super) fn step(&mut self, step: usize) -> Option<Step> {
        let read = Step::read(&self.conversation, &self.timeline, step);
        self.said(read).flatten()
    }

    pub(super) fn changes(&mut self, step: &Step) -> Vec<Change> {
        let changes = self.recovery.changes(&self.conversation, &self.timeline, step);
        self.said(changes).unwrap_or_default()
    }

    /// A step in one line. What is remembered counts no longer when the result of a call has come.
    pub(super) fn brief(&mut self, step: usize) -> Option<Rc<Brief>> {
        let mark = self.mark(step)?;
        if let Some(brief) = self.briefs.get(&step).filter(|brief| brief.mark == mark) {
            return Some(brief.clone());
        }
        if self.briefs.len() >= MOST_BRIEFS {
            self.briefs.clear();
        }
        let read = self.step(step)?;
        let (text, bytes) = told(&read.act);
        let agent = read.agent.as_ref().and_then(|id| self.timeline.agent(id));
        let brief = Rc::new(Brief { mark, at: read.at, agent, text, bytes });
        self.briefs.insert(step, brief.clone());
        Some(brief)
    }

    /// What came of reading; a failure is told, and nothing stops for it.
    pub(super) fn said<T>(&mut self, result: io::Result<T>) -> Option<T> {
        result.map_err(|error| self.problem = Some(format!("cannot read {}: {error}", self.conversation.name()))).ok()
    }
}

/// Whether something went wrong in a step.
pub(super) fn is_bad(mark: Mark) -> bool {
    mark.state().is_bad() || mark.kind() == Kind::Damaged
}

/// Whether a step changed files, or tried to.
pub(super) fn is_edit(mark: Mark) -> bool {
    mark.is_change() && mark.state() != State::Open
}

/// What a step says in one line, and how many bytes it has to say in all.
fn told(act: &Act) -> (String, usize) {
    match act {
        Act::Prompt(text) if text.trim().is_empty() => ("(empty)".into(), 0),
        Act::Prompt(text) | Act::Answer(text) | Act::Thinking(text) => (brief(text), text.len()),
        Act::Title(text) => (format!("title: {}", brief(text)), 0),
        Act::Call { call, result, .. } => {
            (asked(call), result.as_ref().map_or(0, |result| result.content.len()) + call.arguments.len() * 40)
        }
        Act::Result(result) => (format!("result: {}", brief(result.text())), result.text().len()),
        Act::Notice { message, .. } => (brief(message), message.len()),
        Act::Spawned(spawned) => (brief(&spawned.task), spawned.task.len()),
        Act::Completed { status, error, .. } => {
            let status = brief(status.as_deref().unwrap_or("done"));
            (error.as_ref().map_or(status.clone(), |error| format!("{status}: {}", brief(error))), 0)
        }
        Act::Unknown { kind, .. } => (brief(kind.as_deref().unwrap_or("row without a type")), 0),
        Act::Damaged { length, is_long: true, .. } => (format!("too long: {}", size_text(*length)), 0),
        Act::Damaged { bytes, .. } => (format!("damaged: {}", brief(&String::from_utf8_lossy(bytes))), 0),
    }
}

/// A call in one line: the tool, and what it is about.
pub(super) fn asked(call: &Call) -> String {
    let files = call.files().into_iter().map(|(_, path)| path.to_owned()).collect::<Vec<_>>().join(" ");
    let text = || call.arguments.values().find_map(Value::as_str).unwrap_or_default().to_owned();
    let about = call.command().or(Some(files).filter(|files| !files.is_empty())).unwrap_or_else(text);
    let name = if call.name.is_empty() { "call" } else { &call.name };
    format!("{} {}", brief(name), brief(&about)).trim_end().to_owned()
}
