//! DECISIONS.md: the log of what was decided for good, which only ever grows; and those of its lines that stand.

use std::borrow::Cow;
use std::collections::HashSet;

use super::text::{lines, trim};
use super::value::Mapping;

/// What a log begins with.
const HEAD: &str =
    "# Decisions\n\nAppend-only log of durable decisions; one line each. Read after LATEST.md on resume.\n\n";

/// So many standing lines, the last ones, are told in full.
const STANDING: usize = 20;

/// The log after a handoff's decisions; `None` when none of them is new. Nothing that was there changes.
pub fn with(log: &[u8], handoff: &Mapping) -> Option<Vec<u8>> {
    let mut known: HashSet<Cow<[u8]>> = log.split(|byte| matches!(byte, b'\n' | b'\r')).map(Cow::Borrowed).collect();
    let (date, id) =
        (handoff.scalar("session_date").unwrap_or_default(), handoff.scalar("session_id").unwrap_or_default());
    let mut new: Vec<String> = Vec::new();
    for decision in handoff.list("decisions")?.iter().filter_map(|item| item.text()) {
        let line = format!("- [{date}][{id}] {decision}");
        if known.insert(Cow::Owned(line.clone().into_bytes())) {
            new.push(line);
        }
    }
    if new.is_empty() {
        return None;
    }
    let mut grown = if log.is_empty() { HEAD.as_bytes().to_vec() } else { log.to_vec() };
    if !grown.ends_with(b"\n") {
        grown.push(b'\n');
    }
    for line in new {
        grown.extend_from_slice(line.as_bytes());
        grown.push(b'\n');
    }
    Some(grown)
}

/// How many decisions a log holds.
pub fn count(log: &str) -> usize {
    lines(log).filter(|line| line.starts_with("- [")).count()
}

/// The standing lines, with how many older ones there are in front.
pub fn standing(log: &str) -> Vec<String> {
    let all: Vec<&str> = lines(log).filter(|line| line.contains("[standing]")).map(trim).collect();
    let older = all.len().saturating_sub(STANDING);
    let note = (older > 0).then(|| format!("(+{older} older standing lines in DECISIONS.md)"));
    note.into_iter().chain(all[older..].iter().map(ToString::to_string)).collect()
}
