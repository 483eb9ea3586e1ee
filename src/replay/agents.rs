//! The subagents of a session, in the order in which they came.

use std::collections::HashMap;

/// A subagent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent {
    /// Which one, from 1.
    pub number: usize,
    /// How many are above it.
    pub depth: u64,
}

/// The subagents, as far as the log has been read.
#[derive(Debug, Default)]
pub(super) struct Agents(HashMap<String, Agent>);

impl Agents {
    pub(super) fn get(&self, id: &str) -> Option<Agent> {
        self.0.get(id).copied()
    }

    /// Takes in that a subagent did something; where it was started, how many are above it.
    pub(super) fn meet(&mut self, id: &str, depth: Option<u64>) {
        let number = self.0.len() + 1;
        if !self.0.contains_key(id) {
            self.0.insert(id.to_owned(), Agent { number, depth: 0 });
        }
        if let (Some(depth), Some(agent)) = (depth, self.0.get_mut(id)) {
            agent.depth = depth;
        }
    }
}
