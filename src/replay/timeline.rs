//! Where the steps of a session are, and what is told of each without reading it: eight bytes a step.
//!
//! A step is a row that people look at; a call and its result are one. The timeline grows with the log, a few rows at a
//! time, so that the first step can be looked at while the last has not been read, or written.

use std::collections::HashMap;
use std::io;

use super::agents::{Agent, Agents};
use super::files::{FileSteps, Files};
use super::head::{Head, What};
use super::pending::{Open, Pending};
use super::tokens::Tokens;
use crate::session::{Access, Call, Conversation, Outcome, Usage};

/// The steps of a conversation, as far as they have been read.
#[derive(Debug, Default)]
pub struct Timeline {
    marks: Vec<Mark>,
    turns: Vec<Turn>,
    files: Files,
    agents: Agents,
    /// What was spent before the first turn.
    loose: Tokens,
    pending: Pending,
    /// Results that are further away than a mark can tell: by step, where their rows start.
    far: HashMap<u32, u64>,
    /// Where reading goes on, in bytes; and how many rows are before that.
    offset: u64,
    rows: u64,
}

/// What is told of a step without reading it. Packed, because a log of a gigabyte has millions: from the low end 40 bits
/// for where its row starts, 4 for its kind, 2 for its state, 1 each for whether it changes files and whether it is a
/// subagent's, 16 for how many rows further the result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64);

/// What kind of a step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What the person said. A turn begins.
    Prompt,
    /// What the model said.
    Answer,
    /// What the model thought.
    Thinking,
    /// A call of a tool, and its result.
    Call,
    /// A result of no call.
    Result,
    /// The session got a title.
    Title,
    /// The harness had something to say.
    Notice,
    /// A subagent was started.
    Spawned,
    /// A subagent came to its end.
    Completed,
    /// A row of a type that is not known.
    Unknown,
    /// A row that is no JSON object.
    Damaged,
}

const KINDS: [Kind; 11] = [
    Kind::Prompt,
    Kind::Answer,
    Kind::Thinking,
    Kind::Call,
    Kind::Result,
    Kind::Title,
    Kind::Notice,
    Kind::Spawned,
    Kind::Completed,
    Kind::Unknown,
    Kind::Damaged,
];

/// How a step ended, where that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is no call, or a call without a result so far.
    Open,
    /// As it should.
    Passed,
    /// With an error.
    Failed,
    /// It was denied or cancelled.
    Stopped,
}

const STATES: [State; 4] = [State::Open, State::Passed, State::Failed, State::Stopped];

/// What happened from one prompt to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// Its first step.
    pub first: usize,
    /// What it cost.
    pub tokens: Tokens,
}

impl Timeline {
    /// The timeline of a session that worked in the directory `cwd`, which is empty where that is not known. Nothing has
    /// been read yet.
    pub fn new(cwd: &str) -> Timeline {
        Timeline { files: Files::new(cwd), ..Timeline::default() }
    }

    /// Reads on, no more than about `budget` bytes. Whether there is more to read at once.
    ///
    /// A row at the end without a newline that is no whole event is left for later: it may be half written. See
    /// [`Timeline::finish`].
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn read_on(&mut self, conversation: &Conversation, budget: u64) -> io::Result<bool> {
        let (mut rows, start) = (conversation.rows_from(self.offset).shortening(), self.offset);
        while self.offset - start < budget {
            let Some(row) = rows.advance()? else { return Ok(false) };
            let head = Head::of(&row);
            if !row.is_ended && matches!(head.what, What::Damaged) {
                return Ok(false);
            }
            self.rows += 1;
            self.take(head, row.offset);
            self.offset = row.offset + row.length;
        }
        Ok(true)
    }

    /// Reads to the end; what is torn there becomes a step of its own.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn finish(&mut self, conversation: &Conversation) -> io::Result<()> {
        while self.read_on(conversation, u64::MAX)? {}
        let torn = conversation.rows_from(self.offset).advance()?.map(|row| (row.offset, row.length));
        if let Some((offset, length)) = torn {
            self.rows += 1;
            self.take(Head { agent: None, what: What::Damaged }, offset);
            self.offset = offset + length;
        }
        Ok(())
    }

    /// How much has been read, in bytes from the start of the file.
    pub fn read(&self) -> u64 {
        self.offset
    }

    /// How many steps are known.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether no step is known.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// What is told of a step.
    pub fn mark(&self, step: usize) -> Option<Mark> {
        self.marks.get(step).copied()
    }

    /// Where the row of a call's result starts, in bytes, if it is further away than its [`Mark`] can tell.
    pub fn far_result(&self, step: usize) -> Option<u64> {
        self.far.get(&u32::try_from(step).ok()?).copied()
    }

    /// All of them, in their order.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The turns. What comes before the first prompt belongs to none.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The turn that a step belongs to, from 0.
    pub fn turn_of(&self, step: usize) -> Option<usize> {
        self.turns.partition_point(|turn| turn.first <= step).checked_sub(1)
    }

    /// The files that were touched, in the order in which they were.
    pub fn files(&self) -> &[FileSteps] {
        &self.files.all
    }

    /// The steps that touch the file of this [name](Timeline::name).
    pub fn touches(&self, path: &str) -> &[(u32, Access)] {
        self.files.touches(path)
    }

    /// The last step before `end` that touches the file of this name, and how.
    pub(super) fn last_touch(&self, path: &str, end: usize) -> Option<(usize, Access)> {
        let touches = self.touches(path);
        let place = touches.partition_point(|(step, _)| (*step as usize) < end).checked_sub(1)?;
        touches.get(place).map(|(step, access)| (*step as usize, *access))
    }

    /// The one name of the file that a call names so.
    pub fn name(&self, named: &str) -> String {
        self.files.name(named)
    }

    /// The files that a call is about, each once, by their names.
    pub fn files_of(&self, call: &Call) -> Vec<(Access, String)> {
        self.files.of(call)
    }

    /// The subagent of this id.
    pub fn agent(&self, id: &str) -> Option<Agent> {
        self.agents.get(id)
    }

    /// What the whole session cost, as far as it has been read.
    pub fn tokens(&self) -> Tokens {
        let mut all = self.loose;
        self.turns.iter().for_each(|turn| all += turn.tokens);
        all
    }

    fn take(&mut self, head: Head, offset: u64) {
        let is_nested = head.agent.is_some();
        if let Some(id) = &head.agent {
            let depth = if let What::Spawned(depth) = head.what { Some(depth) } else { None };
            self.agents.meet(id, depth);
        }
        if !matches!(head.what, What::Call { .. }) {
            self.pending.end_batch();
        }
        let kind = match head.what {
            What::Nothing => return,
            // What a subagent says of its tokens, a row beside its own says as well.
            What::Usage(_) if is_nested => return,
            What::Usage(usage) => return self.spend(&usage),
            What::Result { id, tool, as_command, as_other } => {
                let open = self.pending.answer(head.agent.as_deref(), id.as_deref(), tool.as_deref());
                return match open {
                    Some(open) => self.answer(open, if open.is_command { as_command } else { as_other }, offset),
                    None => self.marks.push(Mark::new(offset, Kind::Result, is_nested).with_state(as_other)),
                };
            }
            What::Call { id, tool, files, is_command } => {
                let mark = Mark::new(offset, Kind::Call, is_nested);
                let changes = files.iter().any(|(access, _)| access.is_change());
                let step = u32::try_from(self.marks.len()).unwrap_or(u32::MAX);
                self.marks.push(if changes { mark.with_change() } else { mark });
                files.iter().for_each(|(access, path)| self.files.touch(path, step, *access));
                let open = Open { step, row: self.rows, is_command };
                return self.pending.ask(head.agent.as_deref(), id.as_deref(), &tool, open);
            }
            What::Prompt => Kind::Prompt,
            What::Answer => Kind::Answer,
            What::Thinking => Kind::Thinking,
            What::Title => Kind::Title,
            What::Notice(state) => {
                return self.marks.push(Mark::new(offset, Kind::Notice, is_nested).with_state(state));
            }
            What::Spawned(_) => Kind::Spawned,
            What::Completed(state) => {
                return self.marks.push(Mark::new(offset, Kind::Completed, is_nested).with_state(state));
            }
            What::Unknown => Kind::Unknown,
            What::Damaged => Kind::Damaged,
        };
        if kind == Kind::Prompt && !is_nested {
            self.pending.end_turn();
            self.turns.push(Turn { first: self.marks.len(), tokens: Tokens::default() });
        }
        self.marks.push(Mark::new(offset, kind, is_nested));
    }

    /// Gives an open call its result, whose row starts at `offset`.
    fn answer(&mut self, Open { step, row, .. }: Open, state: State, offset: u64) {
        let Some(mark) = self.marks.get_mut(step as usize) else { return };
        *mark = mark.with_state(state);
        match u16::try_from(self.rows - row) {
            Ok(distance) => *mark = mark.with_result(distance),
            Err(_) => drop(self.far.insert(step, offset)),
        }
    }

    fn spend(&mut self, usage: &Usage) {
        *self.turns.last_mut().map_or(&mut self.loose, |turn| &mut turn.tokens) += Tokens::of(usage);
    }
}

impl State {
    pub(super) fn of(outcome: &Outcome) -> State {
        match outcome {
            Outcome::Failed(_) => State::Failed,
            Outcome::Stopped(_) => State::Stopped,
            Outcome::Passed | Outcome::Untold => State::Passed,
        }
    }

    /// How a subagent ended. Older rows say no more than that there was an error.
    pub(super) fn of_subagent(status: Option<&str>, is_error: bool) -> State {
        match status {
            Some("cancelled" | "denied") => State::Stopped,
            Some("failed") => State::Failed,
            _ if is_error => State::Failed,
            _ => State::Passed,
        }
    }
}

const OFFSET_BITS: u32 = 40;
const STATE_SHIFT: u32 = 44;
const CHANGE: u64 = 1 << 46;
const NESTED: u64 = 1 << 47;
const RESULT_SHIFT: u32 = 48;

impl Mark {
    fn new(offset: u64, kind: Kind, is_nested: bool) -> Mark {
        // A log of more than a tebibyte shows its last steps wrongly, and does not stop.
        let offset = offset & ((1 << OFFSET_BITS) - 1);
        Mark(offset | (kind as u64) << OFFSET_BITS | if is_nested { NESTED } else { 0 })
    }

    fn with_state(self, state: State) -> Mark {
        Mark(self.0 & !(3 << STATE_SHIFT) | (state as u64) << STATE_SHIFT)
    }

    fn with_change(self) -> Mark {
        Mark(self.0 | CHANGE)
    }

    fn with_result(self, rows: u16) -> Mark {
        Mark(self.0 | u64::from(rows) << RESULT_SHIFT)
    }

    /// Where its row starts, in bytes from the start of the file.
    pub fn offset(self) -> u64 {
        self.0 & ((1 << OFFSET_BITS) - 1)
    }

    /// What kind of a step it is.
    pub fn kind(self) -> Kind {
        KINDS.get((self.0 >> OFFSET_BITS & 15) as usize).copied().unwrap_or(Kind::Damaged)
    }

    /// How it ended.
    pub fn state(self) -> State {
        STATES[(self.0 >> STATE_SHIFT & 3) as usize]
    }

    /// Whether it is a call that changes files.
    pub fn is_change(self) -> bool {
        self.0 & CHANGE != 0
    }

    /// Whether a subagent did it.
    pub fn is_nested(self) -> bool {
        self.0 & NESTED != 0
    }

    /// How many rows behind the call its result is; none without a result, and for one that is
    /// [far away](Timeline::far_result).
    pub fn rows_to_result(self) -> Option<u16> {
        Some((self.0 >> RESULT_SHIFT) as u16).filter(|&rows| rows > 0)
    }
}
