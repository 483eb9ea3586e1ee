//! What rows say of each other: sequence numbers, calls and their results, whose rows they are.
//!
//! Each session counts for itself: a fork begins with rows of the session that it was made from, which keep their ids.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::{Class, Findings};
use crate::log::fields::{Field, Fields};
use crate::session::counted;

/// What is known after some rows.
pub(super) struct Sequel {
    /// The ids of the session itself; empty where it is not known.
    own: Vec<String>,
    /// The sequence numbers of each session, the session of the last row first.
    sessions: Vec<(String, Numbers)>,
    /// Rows of other sessions, and the line of the first.
    foreign: Option<(u64, u64, String)>,
    /// Calls without a result so far, by their ids, with their lines.
    open: HashMap<String, Vec<u64>>,
    /// Calls that have one, as hashes.
    answered: HashSet<u64>,
    hasher: RandomState,
}

impl Sequel {
    pub(super) fn of(own: Vec<String>) -> Sequel {
        Sequel {
            own,
            sessions: Vec::new(),
            foreign: None,
            open: HashMap::new(),
            answered: HashSet::new(),
            hasher: RandomState::new(),
        }
    }

    /// Looks at the next row.
    pub(super) fn follow(&mut self, line: u64, row: &Fields, findings: &mut Findings) {
        if let (Some(session), Some(sequence)) = (row.text(Field::SessionId), row.number(Field::Sequence)) {
            self.ids(line, row, &session, sequence, findings);
        }
        match row.get(Field::Type) {
            Some(r#""tool_call""#) => {
                // Old calls of skills have no id, and get no result by one.
                if let Some(id) = row.text(Field::Id).filter(|id| !id.is_empty()) {
                    self.open.entry(id.into_owned()).or_default().push(line);
                }
            }
            Some(r#""tool_result""#) => {
                if let Some(id) = row.text(Field::CallId).filter(|id| !id.is_empty()) {
                    self.answer(line, &id, findings);
                }
            }
            _ => {}
        }
    }

    /// What can only be said at the end.
    pub(super) fn finish(self, findings: &mut Findings) {
        if let Some((line, count, id)) = self.foreign {
            let rows = counted(count, "row was", "rows were");
            let reason = format!("{rows} written for session {id}, as in a fork; this is the first");
            findings.warning(Some(line), Class::IdMismatch, reason);
        }
        let mut dangling: Vec<_> = self
            .open
            .into_iter()
            .flat_map(|(id, lines)| lines.into_iter().map(move |line| (line, id.clone())))
            .collect();
        dangling.sort();
        for (line, id) in dangling {
            findings.warning(Some(line), Class::DanglingCall, format!("the call {id} has no result"));
        }
    }

    fn answer(&mut self, line: u64, id: &str, findings: &mut Findings) {
        let number = self.hasher.hash_one(id);
        if let Some(lines) = self.open.get_mut(id) {
            lines.pop();
            if lines.is_empty() {
                self.open.remove(id);
            }
            self.answered.insert(number);
        } else if self.answered.contains(&number) {
            findings.error(Some(line), Class::OrphanResult, format!("the call {id} has a result already"));
        } else {
            findings.error(Some(line), Class::OrphanResult, format!("there is no call {id} before it"));
        }
    }

    fn ids(&mut self, line: u64, row: &Fields, session: &str, sequence: u64, findings: &mut Findings) {
        if let Some(event) = row.text(Field::EventId) {
            let fits = event.strip_prefix(session).and_then(|rest| rest.strip_prefix(':'));
            if fits.and_then(|number| number.parse().ok()) != Some(sequence) {
                let reason = format!("`event_id` is {event}, not {session}:{sequence}");
                findings.error(Some(line), Class::IdMismatch, reason);
            }
        }
        if !self.own.is_empty() && self.own.iter().all(|own| own != session) {
            match &mut self.foreign {
                Some((_, count, _)) => *count += 1,
                None => self.foreign = Some((line, 1, session.to_owned())),
            }
        }
        let at = self.sessions.iter().position(|(id, _)| id == session).unwrap_or_else(|| {
            self.sessions.push((session.to_owned(), Numbers::default()));
            self.sessions.len() - 1
        });
        self.sessions.swap(0, at);
        match self.sessions[0].1.add(sequence) {
            Place::Next => {}
            Place::Taken => {
                let reason = format!("another row before it has sequence {sequence} too");
                findings.error(Some(line), Class::DuplicateSequence, reason);
            }
            Place::Lower(highest) => {
                let reason = format!("its sequence {sequence} comes after {highest}");
                findings.error(Some(line), Class::DecreasingSequence, reason);
            }
        }
    }
}

/// Numbers as ranges, from the lowest; next to each other there are no two.
#[derive(Debug, Default)]
struct Numbers(Vec<(u64, u64)>);

/// How a number stands to those before it.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Next,
    Taken,
    Lower(u64),
}

impl Numbers {
    fn add(&mut self, number: u64) -> Place {
        match self.0.last_mut() {
            Some((_, last)) if Some(number) == last.checked_add(1) => {
                *last = number;
                Place::Next
            }
            Some(&mut (_, last)) if number <= last => {
                let at = self.0.partition_point(|(_, last)| *last < number);
                if self.0[at].0 <= number {
                    return Place::Taken;
                }
                self.0.insert(at, (number, number));
                Place::Lower(last)
            }
            _ => {
                self.0.push((number, number));
                Place::Next
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise() {
        let mut numbers = Numbers::default();
        let places = [1, 2, 3, 7, 8, 5, 5, 8, 9, 1, 4, 6, 20].map(|number| numbers.add(number));
        use Place::{Lower, Next, Taken};
        assert_eq!(
            places,
            [Next, Next, Next, Next, Next, Lower(8), Taken, Taken, Next, Taken, Lower(9), Lower(9), Next]
        );
    }
}
