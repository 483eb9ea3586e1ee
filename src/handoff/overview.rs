//! INDEX.yaml at a glance: what it says of the newest session, and what is wrong with its entries.
//!
//! An index grows with every session, and is read whenever somebody asks where the last one stopped. So its entries are
//! looked at as they come out of the file, a block at a time, as long as they are in the form in which they are written.
//! Where one is not, the whole index is read by all the rules.

use std::io::{self, Read};

use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::frontmatter::parse_mapping;
use super::history::{History, INDEX};
use super::index::{self, SESSIONS};
use super::text::{has_odd_break, trim};
use super::value::{Inner, Item, Mapping, Value};

/// What an index says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// All of it but the list of sessions.
    pub head: Mapping<'static>,
    /// What is in that list; `None` where there is none.
    pub sessions: Option<Sessions>,
}

/// The entries of an index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sessions {
    /// How many there are, of any kind.
    pub count: usize,
    /// The first one of the session that was written last.
    pub latest: Option<Item<'static>>,
    /// The last one that is a mapping.
    pub last: Option<Item<'static>>,
    /// What is wrong with them.
    pub problems: Vec<String>,
    /// The text of the latest and of the last one, where all are in the usual form.
    texts: Option<(Option<String>, String)>,
}

/// What is worth remembering of an index that is in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// How many entries there are.
    count: usize,
    /// The text of the one of the session that was written last.
    latest: Option<String>,
    /// The text of the last one.
    last: String,
}

/// What is wrong with a file that an entry names.
pub type FileProblem<'f> = &'f dyn Fn(&str) -> Option<String>;

impl Overview {
    /// Of the index of a history.
    ///
    /// # Errors
    /// The problem, where there is none that can be read.
    pub fn of(history: &History, file_problem: FileProblem) -> Result<Overview, String> {
        let glance = history.open(INDEX).and_then(|file| by_blocks(file, BLOCK, file_problem));
        if let Ok(Some(overview)) = glance {
            return Ok(overview);
        }
        let text = history.text(INDEX).map_err(|why| why.problem(INDEX))?;
        Overview::of_text(&text, file_problem).map_err(|error| format!("{INDEX}: {error}"))
    }

    fn of_text(text: &str, file_problem: FileProblem) -> Result<Overview, super::frontmatter::Error> {
        let mut head = index::read(text)?;
        let at = head.0.iter().position(|(key, value)| key == "sessions" && matches!(value, Value::List(_)));
        let Some(Value::List(items)) = at.map(|at| head.0.remove(at).1) else {
            return Ok(Overview { head: head.into_owned(), sessions: None });
        };
        let mut sessions = Sessions::default();
        let latest = head.scalar("latest_session");
        items.iter().for_each(|item| sessions.add(item, latest, file_problem));
        sessions.last = items.into_iter().rev().find(Item::is_pairs).map(Item::into_owned);
        Ok(Overview { head: head.into_owned(), sessions: Some(sessions) })
    }

    /// What is worth remembering; none where not all is in order.
    pub fn written(&self) -> Option<Written> {
        let sessions = self.sessions.as_ref().filter(|sessions| sessions.problems.is_empty())?;
        let (latest, last) = sessions.texts.clone()?;
        Some(Written { count: sessions.count, latest, last })
    }

    /// The same again, of an index that has not changed since.
    pub fn recalled(history: &History, written: &Written) -> Option<Overview> {
        let mut block = vec![0; BLOCK];
        let filled = read_full(&mut history.open(INDEX).ok()?, &mut block).ok()?;
        let (head, _) = head_of(&block[..filled])?;
        let latest = match &written.latest {
            Some(text) => Some(exactly(text)?),
            None => None,
        };
        let texts = Some((written.latest.clone(), written.last.clone()));
        let last = exactly(&written.last);
        let sessions = Sessions { count: written.count, latest, last, problems: Vec::new(), texts };
        Some(Overview { head, sessions: Some(sessions) })
    }

    /// The entry of the session that was written last.
    pub fn latest(&self) -> Option<&Item<'static>> {
        self.sessions.as_ref()?.latest.as_ref()
    }
}

impl Sessions {
    fn add(&mut self, item: &Item, latest: Option<&str>, file_problem: FileProblem) {
        let at = self.count;
        self.count += 1;
        if !item.is_pairs() {
            return self.problems.push(format!("{INDEX}.sessions[{at}] is not a mapping"));
        }
        let problem = match item.get("file") {
            None => None,
            Some(Inner::Text(file)) if !file.is_empty() => file_problem(&file),
            Some(Inner::Text(_)) => Some("is malformed ()".to_owned()),
            Some(Inner::Empty) => Some("is malformed ([])".to_owned()),
        };
        self.problems.extend(problem.map(|problem| format!("{INDEX}.sessions[{at}].file {problem}")));
        if self.latest.is_none() && latest.is_some() && item.get_text("session_id").as_deref() == latest {
            self.latest = Some(item.clone().into_owned());
        }
    }

    /// Adds entries in the usual form; `None` where one is not.
    fn add_block(&mut self, block: &[u8], latest: Option<&str>, file_problem: FileProblem) -> Option<()> {
        let block = block.strip_suffix(b"\n").unwrap_or(block);
        let text = Some(block).filter(|block| is_in_form(block)).and_then(|block| std::str::from_utf8(block).ok())?;
        if !text.is_ascii() && has_odd_break(text) {
            return None;
        }
        let ends = memmem::find_iter(block, BETWEEN).chain([text.len()]);
        let mut latest_text = self.texts.take().and_then(|(latest, _)| latest);
        let (mut from, mut last, again) = (0, "", [AGAIN[0], AGAIN[1]].map(memmem::Finder::new));
        for end in ends {
            last = &text[from..end];
            from = end + 1;
            let (id, rest) = last.strip_prefix("  - session_id: ")?.split_once('\n')?;
            // Without a value, it would be a text.
            let is_first = rest.starts_with("    file: ") && !trim(id).is_empty();
            if !is_first || again.iter().any(|key| key.find(&rest.as_bytes()[1..]).is_some()) {
                return None;
            }
            let was_known = self.latest.is_some();
            self.add(&Item::Written(last), latest, file_problem);
            if !was_known && self.latest.is_some() {
                self.latest = exactly(last);
                latest_text = Some(last.to_owned());
            }
        }
        self.last = exactly(last);
        self.texts = Some((latest_text, last.to_owned()));
        Some(())
    }
}

/// As much of an index is looked at in one go; more would not stay where the processor is fast.
const BLOCK: usize = 64 << 10;

/// What stands between two entries, but for the indent of the second one's first key.
const BETWEEN: &[u8] = b"\n  - ";

/// A second key of these names, or another that begins so, which nobody writes.
const AGAIN: [&[u8]; 2] = [b"\n    session_id", b"\n    file"];

/// Reads an index by blocks of that many bytes; `None` where that would not do.
fn by_blocks(mut file: impl Read, size: usize, file_problem: FileProblem) -> io::Result<Option<Overview>> {
    let (mut block, mut filled) = (vec![0; size], 0);
    let (mut head, mut sessions) = (None, Sessions::default());
    loop {
        let read = read_full(&mut file, &mut block[filled..])?;
        let is_end = filled + read < size;
        filled += read;
        let mut start = 0;
        if head.is_none() {
            let Some((mapping, end)) = head_of(&block[..filled]) else { return Ok(None) };
            (head, start) = (Some(mapping), end);
        }
        let rest = &block[start..filled];
        let end = if is_end { Some(rest.len()) } else { memmem::rfind(rest, BETWEEN).map(|at| at + 1) };
        let latest = head.as_ref().and_then(|head| head.scalar("latest_session"));
        let added = end.and_then(|end| sessions.add_block(&rest[..end], latest, file_problem).map(|()| end));
        let Some(end) = added else { return Ok(None) };
        if is_end {
            return Ok(head.map(|head| Overview { head, sessions: Some(sessions) }));
        }
        block.copy_within(start + end..filled, 0);
        filled -= start + end;
    }
}

/// What stands before the list of sessions, and where that starts.
fn head_of(block: &[u8]) -> Option<(Mapping<'static>, usize)> {
    let text = std::str::from_utf8(&block[..memmem::find(block, SESSIONS)?]).ok()?;
    let head = parse_mapping(text).ok().filter(|head| head.get("sessions").is_none())?;
    Some((head.into_owned(), text.len() + SESSIONS.len()))
}

/// Fills the buffer as far as the file goes.
fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Whether every line begins an entry or goes on with one, with a name; and nothing is there that could break a line but LF.
///
/// Each byte is judged with the five behind it, all in the same way, so that compilers judge many at once.
fn is_in_form(block: &[u8]) -> bool {
    let Some(count) = block.len().checked_sub(5).filter(|_| is_line_start(&block[..5])) else { return false };
    let behind = |by: usize| &block[by..by + count];
    let (one, two, three, four, five, six) = (behind(0), behind(1), behind(2), behind(3), behind(4), behind(5));
    let mut is_odd = false;
    for at in 0..count {
        let is_name = (six[at] | 0x20).wrapping_sub(b'a') < 26;
        let is_start = (two[at] == b' ') & (three[at] == b' ') & (five[at] == b' ') & is_name;
        let is_start = is_start & ((four[at] == b' ') | (four[at] == b'-'));
        is_odd |= (one[at] < b' ') & ((one[at] != b'\n') | !is_start);
    }
    !is_odd && block[count..].iter().all(|byte| *byte >= b' ')
}

fn is_line_start(start: &[u8]) -> bool {
    matches!(start, [b' ', b' ', b' ' | b'-', b' ', name] if name.is_ascii_alphabetic())
}

/// An entry by all the rules.
fn exactly(entry: &str) -> Option<Item<'static>> {
    let text = format!("sessions:\n{entry}");
    let mapping = parse_mapping(&text).ok()?;
    mapping.list("sessions")?.first().cloned().map(Item::into_owned)
}

#[cfg(test)]
mod tests;
