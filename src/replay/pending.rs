//! The calls that have no result so far, and which of them a result answers.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// The calls without a result, as far as the log has been read.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// By subagent and id.
    by_id: HashMap<u64, Same>,
    /// Those without an id, in their order.
    unnamed: VecDeque<Unnamed>,
    count: usize,
    /// How often something else than a call has come.
    batch: u64,
    hasher: RandomState,
}

/// A call without a result so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) step: u32,
    /// The row that it is in.
    pub(super) row: u64,
    pub(super) is_command: bool,
}

/// The calls of one id: of one batch, for an older one was given up.
#[derive(Debug, Default)]
struct Same {
    batch: u64,
    open: VecDeque<Open>,
}

/// A call without an id.
#[derive(Debug)]
struct Unnamed {
    agent: u64,
    tool: u64,
    open: Open,
}

impl Pending {
    /// Takes in a call of a tool.
    pub(super) fn ask(&mut self, agent: Option<&str>, id: Option<&str>, tool: &str, open: Open) {
        /// More calls are not open at a time; those before them will never get their results.
        const MOST_OPEN: usize = 10_000;
        if self.count >= MOST_OPEN {
            self.by_id.clear();
            self.unnamed.clear();
            self.count = 0;
        }
        self.count += 1;
        let Some(id) = id else {
            let (agent, tool) = (self.hasher.hash_one(agent), self.hasher.hash_one(tool));
            return self.unnamed.push_back(Unnamed { agent, tool, open });
        };
        let same = self.by_id.entry(self.hasher.hash_one((agent, id))).or_default();
        if same.batch != self.batch {
            self.count -= same.open.len();
            *same = Same { batch: self.batch, open: VecDeque::new() };
        }
        same.open.push_back(open);
    }

    /// The call that a result answers: the first of that id. A result without an id answers the first call without one,
    /// and if it names a tool, of that tool.
    pub(super) fn answer(&mut self, agent: Option<&str>, id: Option<&str>, tool: Option<&str>) -> Option<Open> {
        let open = match id {
            Some(id) => {
                let key = self.hasher.hash_one((agent, id));
                let same = &mut self.by_id.get_mut(&key)?.open;
                let open = same.pop_front()?;
                if same.is_empty() {
                    self.by_id.remove(&key);
                }
                open
            }
            None => {
                let (agent, tool) = (self.hasher.hash_one(agent), tool.map(|tool| self.hasher.hash_one(tool)));
                let is_it = |call: &Unnamed| call.agent == agent && tool.is_none_or(|tool| call.tool == tool);
                let place = self.unnamed.iter().position(is_it)?;
                self.unnamed.remove(place)?.open
            }
        };
        self.count -= 1;
        Some(open)
    }

    /// Calls that follow are of another batch.
    pub(super) fn end_batch(&mut self) {
        self.batch += 1;
    }

    /// What has no id answers a call of its own turn.
    pub(super) fn end_turn(&mut self) {
        self.count -= self.unnamed.len();
        self.unnamed.clear();
    }
}
