//! What stays when there is a budget. The beginning says what it is all about, the newest where things stand, and the
//! prompts and changes of files in between what was wanted and done; what else was said and read in between goes first.
//!
//! | part | share |
//! |---|---|
//! | the beginning: the first message, and what follows while there is room | an eighth |
//! | from the middle, prompts, shortened | up to an eighth |
//! | from the middle, changes of files: the calls alone, with the start of their results | up to three eighths |
//! | the newest | the rest |
//!
//! A change for which there is no room even so is named by its file.

use std::collections::{BTreeMap, VecDeque};

use super::clip::{clipped, shorten, start_of};
use super::turns::{Omitted, Turn};
use super::{Format, bytes_of};
use crate::session::{Outcome, counted};

/// More files are not named.
const MOST_FILES: usize = 1000;

/// Takes turns in their order, and lets go of what there is no room for.
pub(super) struct Keeper {
    /// In bytes; none is no limit.
    limit: Option<usize>,
    format: Format,
    head: Vec<Sized>,
    head_is_open: bool,
    /// What is kept of the middle.
    prompts: Middle,
    edits: Middle,
    tail: VecDeque<Sized>,
    bytes: usize,
    /// How many turns have gone from the newest.
    gone: u64,
    omitted: Omitted,
    /// Files whose changes are left out, with how many times each was changed.
    files: BTreeMap<String, u64>,
}

/// A turn and how many bytes it takes.
struct Sized {
    turn: Turn,
    bytes: usize,
    /// It is not the whole turn any more.
    is_short: bool,
}

/// Turns of the middle, or what remains of them, each with its place in the conversation.
#[derive(Default)]
struct Middle {
    turns: VecDeque<(u64, Sized)>,
    bytes: usize,
}

impl Middle {
    fn push(&mut self, place: u64, sized: Sized) {
        self.bytes += sized.bytes;
        self.turns.push_back((place, sized));
    }

    /// The oldest goes.
    fn pop(&mut self) -> Option<Sized> {
        let (_, sized) = self.turns.pop_front()?;
        self.bytes -= sized.bytes;
        Some(sized)
    }
}

/// What is rendered, in its order.
pub(super) enum Piece<'a> {
    Turn(&'a Turn),
    /// Something is left out here: what there is to say about it.
    Gap(String),
}

impl Keeper {
    pub(super) fn new(limit: Option<usize>, format: Format) -> Keeper {
        Keeper {
            limit,
            format,
            head: Vec::new(),
            head_is_open: limit.is_some(),
            prompts: Middle::default(),
            edits: Middle::default(),
            tail: VecDeque::new(),
            bytes: 0,
            gone: 0,
            omitted: Omitted::default(),
            files: BTreeMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    /// How many bytes the turns take that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn omitted(&self) -> Omitted {
        Omitted { shortened: self.all().filter(|sized| sized.is_short).count() as u64, ..self.omitted.clone() }
    }

    /// Messages and calls that are kept.
    pub(super) fn counts(&self) -> (u64, u64) {
        let all = self.all().map(|sized| sized.turn.counts());
        all.fold((0, 0), |(messages, calls), (more, others)| (messages + more, calls + others))
    }

    /// Everything that is kept.
    fn all(&self) -> impl Iterator<Item = &Sized> {
        self.head.iter().chain(self.middle()).chain(&self.tail)
    }

    /// What is kept of the middle, in its order.
    fn middle(&self) -> impl Iterator<Item = &Sized> {
        let mut middle: Vec<_> = self.prompts.turns.iter().chain(&self.edits.turns).collect();
        middle.sort_by_key(|(place, _)| *place);
        middle.into_iter().map(|(_, sized)| sized)
    }

    /// Takes the next turn.
    pub(super) fn take(&mut self, turn: Turn) {
        let Some(limit) = self.limit else {
            self.tail.push_back(Sized { turn, bytes: 0, is_short: false });
            return;
        };
        let is_first = self.head.is_empty();
        let sized = self.sized(turn, if is_first { limit / 8 } else { limit / 4 }, false);
        self.head_is_open &= is_first || self.head_bytes() + sized.bytes <= limit / 8;
        self.bytes += sized.bytes;
        if self.head_is_open {
            self.head.push(sized);
        } else {
            self.tail.push_back(sized);
            self.shrink(limit);
        }
    }

    /// Lets go of the least important until what is kept takes no more than `allowed` bytes. Whether there is nothing
    /// more to let go of.
    pub(super) fn shrink(&mut self, allowed: usize) -> bool {
        while self.bytes > allowed {
            if self.tail.len() > 1 {
                self.let_go();
            } else if let Some(edit) = self.edits.pop() {
                self.name(&edit);
            } else if let Some(prompt) = self.prompts.pop() {
                self.omit(&prompt);
            } else if self.head.len() > 1 {
                self.let_go_of_head();
            } else {
                return self.shorten_rest(allowed);
            }
        }
        false
    }

    /// What is rendered: the beginning, what is left out, the changes from there, the newest.
    pub(super) fn pieces(&self) -> Vec<Piece<'_>> {
        fn piece(sized: &Sized) -> Piece<'_> {
            Piece::Turn(&sized.turn)
        }
        let mut pieces: Vec<_> = self.head.iter().map(piece).collect();
        if self.omitted.messages + self.omitted.calls > 0 {
            pieces.push(Piece::Gap(self.gap()));
        }
        let before = pieces.len();
        pieces.extend(self.middle().map(piece));
        if pieces.len() > before {
            pieces.push(Piece::Gap("[From here on, nothing is left out.]".to_owned()));
        }
        pieces.extend(self.tail.iter().map(piece));
        pieces
    }

    /// What is left out in the middle.
    fn gap(&self) -> String {
        let messages = counted(self.omitted.messages, "message", "messages");
        let calls = counted(self.omitted.calls, "tool call", "tool calls");
        let kept = if self.prompts.turns.is_empty() && self.edits.turns.is_empty() {
            ""
        } else {
            " As far as they fit, prompts from there, shortened, and changes of files follow, without what was around them."
        };
        let mut text = format!("[Left out here, to fit: {messages}, {calls}.{kept}");
        let limit = self.limit.unwrap_or(usize::MAX);
        let room = (limit / 16).max(limit.saturating_sub(self.bytes) / 2);
        for (number, (file, times)) in self.files.iter().enumerate() {
            if text.len() > room {
                text += &format!(" and {} more files", self.files.len() - number);
                break;
            }
            let file = file.replace(['\n', '\r'], " ");
            let start = if number == 0 { " Changed as well:" } else { "," };
            text += &format!("{start} {file}");
            if *times > 1 {
                text += &format!(" ({times} times)");
            }
        }
        text + if self.files.is_empty() { "]" } else { ".]" }
    }

    fn head_bytes(&self) -> usize {
        self.head.iter().map(|sized| sized.bytes).sum()
    }

    /// As it is, or shorter when it would take more than `most` bytes.
    fn sized(&mut self, turn: Turn, most: usize, is_short: bool) -> Sized {
        let bytes = bytes_of(&turn, self.format);
        if bytes <= most {
            return Sized { turn, bytes, is_short };
        }
        let calls = turn.counts().1;
        let (mut turn, mut aim) = (turn, most);
        while bytes_of(&turn, self.format) > most && aim > 200 {
            aim = aim * 2 / 3;
            turn = clipped(turn, aim);
        }
        self.omitted.calls += calls - turn.counts().1;
        Sized { bytes: bytes_of(&turn, self.format), turn, is_short: true }
    }

    /// The oldest of the newest goes, but for what was wanted and what was changed in it.
    fn let_go(&mut self) {
        let Some(sized) = self.tail.pop_front() else { return };
        self.omit(&sized);
        self.gone += 1;
        let Some((essence, is_short)) = essence_of(sized.turn) else { return };
        let (messages, calls) = essence.counts();
        self.omitted.messages -= messages;
        self.omitted.calls -= calls;
        let bytes = bytes_of(&essence, self.format);
        self.bytes += bytes;
        let limit = self.limit.unwrap_or(usize::MAX);
        let of_middle = if matches!(essence, Turn::User(_)) { &mut self.prompts } else { &mut self.edits };
        of_middle.push(self.gone, Sized { turn: essence, bytes, is_short: sized.is_short || is_short });
        while self.prompts.bytes > limit / 8 {
            let Some(prompt) = self.prompts.pop() else { break };
            self.omit(&prompt);
        }
        while self.edits.bytes > limit / 8 * 3 {
            let Some(edit) = self.edits.pop() else { break };
            self.name(&edit);
        }
    }

    /// A turn is not kept any more.
    fn omit(&mut self, sized: &Sized) {
        self.bytes -= sized.bytes;
        let (messages, calls) = sized.turn.counts();
        self.omitted.messages += messages;
        self.omitted.calls += calls;
    }

    /// A change of files is not kept any more, but for their names.
    fn name(&mut self, sized: &Sized) {
        self.omit(sized);
        let Turn::Model { calls, .. } = &sized.turn else { return };
        for (access, file) in calls.iter().flat_map(|call| call.call.files()) {
            if access.is_change() {
                self.omitted.edits += 1;
                let file = start_of(file, 200);
                if self.files.len() < MOST_FILES || self.files.contains_key(&file) {
                    *self.files.entry(file).or_default() += 1;
                }
            }
        }
    }

    fn let_go_of_head(&mut self) {
        if let Some(sized) = self.head.pop() {
            self.omit(&sized);
        }
    }

    /// The first message and the newest turn are all there is.
    fn shorten_rest(&mut self, allowed: usize) -> bool {
        let parts = self.head.len() + self.tail.len();
        let each = allowed / parts.max(1);
        let rest: Vec<_> = self.head.drain(..).map(|sized| (true, sized)).collect();
        let rest: Vec<_> = rest.into_iter().chain(self.tail.drain(..).map(|sized| (false, sized))).collect();
        let before = std::mem::take(&mut self.bytes);
        for (is_head, sized) in rest {
            let sized = self.sized(sized.turn, each, sized.is_short);
            self.bytes += sized.bytes;
            if is_head { self.head.push(sized) } else { self.tail.push_back(sized) }
        }
        self.bytes >= before
    }
}

/// What is worth keeping of a turn: the start of a prompt, or the calls that changed files, as far as they worked, with
/// the start of what came of them. And whether texts in it are shorter now.
fn essence_of(turn: Turn) -> Option<(Turn, bool)> {
    const RESULT: usize = 300;
    const PROMPT: usize = 600;
    let mut edits = match turn {
        Turn::User(mut text) => {
            let is_short = shorten(&mut text, PROMPT);
            return Some((Turn::User(text), is_short));
        }
        Turn::Model { calls, .. } => calls,
    };
    edits.retain(|call| {
        let worked = call.result.as_ref().is_some_and(|result| Outcome::of(result, false).may_have_worked());
        worked && call.call.files().into_iter().any(|(access, _)| access.is_change())
    });
    let mut is_short = false;
    for result in edits.iter_mut().filter_map(|edit| edit.result.as_mut()) {
        is_short |= shorten(&mut result.content, RESULT);
    }
    (!edits.is_empty()).then(|| (Turn::Model { text: String::new(), calls: edits }, is_short))
}
