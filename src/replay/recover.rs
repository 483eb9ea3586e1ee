//! Finds out what a file was before and after a step, from the first of these that tells: the result of the call; what was
//! read and written before, step by step; the call itself.
//!
//! What a command did to a file is seen by none of them. It shows where an edit does not fit what should be there: then
//! only the part that it replaced is told.

use std::collections::HashMap;
use std::io;

use super::change::{Change, Edit, Effect, Recovered, Text, is_new};
use super::step::{Act, Step};
use super::timeline::{State, Timeline};
use crate::session::Conversation;

/// Looks into earlier steps of a session; remembers what it found.
#[derive(Debug, Default)]
pub struct Recovery {
    known: HashMap<String, Known>,
    /// How much that is.
    bytes: usize,
}

/// What a file is after a step that touches it.
#[derive(Debug)]
struct Known {
    step: usize,
    content: String,
    /// Some call before that has no result, and may get one: this holds while no more of the log has been read than that.
    while_read: Option<u64>,
}

/// A file at a step of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAt {
    /// All that was done to it so far, in one; none where the log does not tell enough.
    pub whole: Option<Text>,
    /// The steps that changed it so far.
    pub steps: Vec<usize>,
}

/// More steps are not looked at to find out about one. Then less is told.
const MOST_STEPS: usize = 5_000;
/// More of all files together is not remembered, in bytes.
const MOST_KNOWN: usize = 64 << 20;

impl Recovery {
    /// What a step does to files; empty where it does not.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn changes(
        &mut self,
        conversation: &Conversation,
        timeline: &Timeline,
        step: &Step,
    ) -> io::Result<Vec<Change>> {
        let Act::Call { call, result, outcome, .. } = &step.act else { return Ok(Vec::new()) };
        let is_applied = result.is_some() && outcome.may_have_worked();
        let mut changes = Vec::new();
        for (access, path) in timeline.files_of(call).into_iter().filter(|(access, _)| access.is_change()) {
            let effect = match Effect::of(&step.act, access, &path, timeline) {
                Effect::Nothing => Effect::asked(call, result.as_ref(), access, &path, timeline),
                effect => effect,
            };
            let before = match effect {
                Effect::Told(_) | Effect::Whole(_, true) => None,
                _ => self.content(conversation, timeline, &path, step.number)?,
            };
            let is_new = match &effect {
                Effect::Added(_) | Effect::Moved(..) => before.as_ref().is_none_or(String::is_empty),
                Effect::Whole(_, is_new) => *is_new,
                _ => result.as_ref().is_some_and(is_new),
            };
            let recovered = match effect {
                Effect::Moved(from, edits) => {
                    moved(&edits, before, self.content(conversation, timeline, &from, step.number)?)
                }
                effect => recovered(effect, before),
            };
            changes.push(Change { path, access, is_applied, is_new, recovered });
        }
        Ok(changes)
    }

    /// A file after the step `playhead`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn file_at(
        &mut self,
        conversation: &Conversation,
        timeline: &Timeline,
        path: &str,
        playhead: usize,
    ) -> io::Result<FileAt> {
        let (mut first, mut steps) = (None, Vec::new());
        let touches = timeline.touches(path).iter().filter(|(_, access)| access.is_change());
        for &(number, _) in touches.take_while(|(number, _)| *number as usize <= playhead) {
            let number = number as usize;
            if !timeline.mark(number).is_some_and(|mark| mark.state() == State::Passed) {
                continue;
            }
            if steps.is_empty() {
                first = self.before(conversation, timeline, path, number)?;
            }
            steps.push(number);
        }
        let whole = match first {
            Some(before) if !steps.is_empty() => {
                let after = self.content(conversation, timeline, path, playhead + 1)?;
                after.map(|after| Text { before, after })
            }
            _ => None,
        };
        Ok(FileAt { whole, steps })
    }

    /// What a file was before a step that changes it.
    fn before(
        &mut self,
        conversation: &Conversation,
        timeline: &Timeline,
        path: &str,
        number: usize,
    ) -> io::Result<Option<String>> {
        let Some(step) = Step::read(conversation, timeline, number)? else { return Ok(None) };
        let changes = self.changes(conversation, timeline, &step)?;
        Ok(changes.into_iter().find(|change| change.path == path).and_then(|change| match change.recovered {
            Recovered::Recorded(text) | Recovered::Rebuilt(text) => Some(text.before),
            _ => None,
        }))
    }

    /// What a file is before the step `number`, as far as earlier steps tell.
    fn content(
        &mut self,
        conversation: &Conversation,
        timeline: &Timeline,
        path: &str,
        number: usize,
    ) -> io::Result<Option<String>> {
        let (mut file, mut end, mut last) = (path.to_owned(), number, None);
        let (mut content, mut edits, mut while_read) = (None, Vec::new(), None);
        for _ in 0..MOST_STEPS {
            let Some((number, access)) = timeline.last_touch(&file, end) else { break };
            last = last.or((file == path).then_some(number));
            if let Some(known) = self.known_after(timeline, &file, number) {
                content = Some(known.content.clone());
                while_read = while_read.or(known.while_read);
                break;
            }
            let Some(step) = Step::read(conversation, timeline, number)? else { break };
            if matches!(step.act, Act::Call { result: None, .. }) {
                while_read = Some(timeline.read());
            }
            end = number;
            match Effect::of(&step.act, access, &file, timeline) {
                Effect::Nothing => {}
                Effect::Told(Text { after: text, .. })
                | Effect::Seen(text)
                | Effect::Whole(text, _)
                | Effect::Added(text) => {
                    content = Some(text);
                    break;
                }
                Effect::Edits(parts) => edits.push(parts),
                Effect::Moved(from, parts) => {
                    edits.push(parts);
                    file = from;
                }
                Effect::TooLong | Effect::Unknown => break,
            }
        }
        for parts in edits.iter().rev() {
            content = edited(parts, content).map(|text| text.after);
        }
        if let (Some(content), Some(step)) = (&content, last) {
            self.remember(path, Known { step, content: content.clone(), while_read });
        }
        Ok(content)
    }

    fn known_after(&self, timeline: &Timeline, path: &str, step: usize) -> Option<&Known> {
        let holds = |known: &&Known| known.step == step && known.while_read.is_none_or(|read| read == timeline.read());
        self.known.get(path).filter(holds)
    }

    fn remember(&mut self, path: &str, known: Known) {
        let old = self.known.get(path).map_or(0, |known| known.content.len());
        self.bytes = self.bytes - old + known.content.len();
        if self.bytes > MOST_KNOWN {
            self.known.clear();
            self.bytes = known.content.len();
        }
        self.known.insert(path.to_owned(), known);
    }
}

fn recovered(effect: Effect, before: Option<String>) -> Recovered {
    match (effect, before) {
        (Effect::Told(text), _) => Recovered::Recorded(text),
        (Effect::Added(after), before) => match before.filter(|before| !before.is_empty()) {
            Some(before) => Recovered::Rebuilt(Text { before, after }),
            None => Recovered::Recorded(Text { before: String::new(), after }),
        },
        (Effect::Whole(after, true), _) => Recovered::Recorded(Text { before: String::new(), after }),
        (Effect::Whole(after, false), Some(before)) => Recovered::Rebuilt(Text { before, after }),
        (Effect::Whole(after, false), None) => Recovered::Overwritten(after),
        (Effect::Edits(edits), before) => edited(&edits, before).map_or_else(|| parts(&edits), Recovered::Rebuilt),
        (Effect::TooLong, _) => Recovered::TooLong,
        (Effect::Moved(..) | Effect::Nothing | Effect::Seen(_) | Effect::Unknown, _) => Recovered::Untold,
    }
}

/// A file that was `before`, and is now what another one was, with edits.
fn moved(edits: &[Edit], before: Option<String>, other: Option<String>) -> Recovered {
    match edited(edits, other) {
        Some(text) => Recovered::Rebuilt(Text { before: before.unwrap_or_default(), after: text.after }),
        None => parts(edits),
    }
}

fn parts(edits: &[Edit]) -> Recovered {
    Recovered::Parts(edits.iter().map(Edit::to_text).collect())
}

/// A file before and after edits; `None` when it is not known, or they do not fit.
fn edited(edits: &[Edit], before: Option<String>) -> Option<Text> {
    let before = before.or_else(|| edits.first()?.creates().then(String::new))?;
    let after = edits.iter().try_fold(before.clone(), |text, edit| edit.apply(&text))?;
    Some(Text { before, after })
}
