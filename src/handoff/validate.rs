//! Whether a history is consistent: every problem by name, in one order.

use std::collections::HashSet;
use std::fs;

use super::fields::{first_todo, plain, problems};
use super::frontmatter::{self, Document, Reading};
use super::history::{Archives, History, INDEX, LATEST, Outside, PROMPT, SESSIONS, Unreadable};
use super::index;
use super::value::{Inner, Item, Mapping, Value};

/// What of a history is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The newest handoff, the prompt and the index.
    Newest,
    /// Every archived handoff, too.
    Archives,
}

/// An index as it was read: its mapping, or why there is none.
pub type IndexRead<'a> = Result<Result<Mapping<'a>, frontmatter::Error>, &'a Unreadable>;

/// Reads the text of an index.
pub fn read_index(text: &Result<String, Unreadable>) -> IndexRead<'_> {
    text.as_ref().map(|text| index::read(text))
}

/// All problems of a history that is there.
pub fn all_problems(history: &History, extent: Extent) -> Vec<String> {
    problems_with(history, &read_index(&history.text(INDEX)), extent)
}

/// All problems of a history whose index has been read.
pub fn problems_with(history: &History, index_read: &IndexRead, extent: Extent) -> Vec<String> {
    let latest = history.text(LATEST);
    let latest_read = latest.as_ref().map(|text| frontmatter::parse(text, Reading::Lenient));
    let handoff = latest_read.as_ref().ok().and_then(|read| read.as_ref().ok());
    let mut found = Vec::new();
    match &latest_read {
        Err(why) => found.push(unreadable(LATEST, why)),
        Ok(Err(error)) => found.push(format!("{LATEST}: {error}")),
        Ok(Ok(document)) => found.extend(named(LATEST, document)),
    }
    found.extend(prompt(history, handoff));
    match index_read {
        Err(why) => found.push(unreadable(INDEX, why)),
        Ok(Err(error)) => found.push(format!("{INDEX}: {error}")),
        Ok(Ok(index)) => found.extend(of_index(history, index, handoff)),
    }
    if extent == Extent::Archives {
        let archives = history.archives();
        found.extend(archives.names().flat_map(|name| archive(&archives, name)));
    }
    found
}

fn unreadable(name: &str, why: &Unreadable) -> String {
    match why {
        Unreadable::Missing(_) => format!("missing {name}"),
        Unreadable::Not(reason) => format!("{name}: {reason}"),
    }
}

fn named(name: &str, document: &Document) -> Vec<String> {
    problems(document, Reading::Lenient).all().iter().map(|problem| format!("{name}: {problem}")).collect()
}

fn archive(archives: &Archives, file: &str) -> Vec<String> {
    let name = format!("{SESSIONS}/{file}");
    match archives.text(file) {
        Err(why) => vec![format!("{name}: {}", why.reason())],
        Ok(text) => match frontmatter::parse(&text, Reading::Lenient) {
            Err(error) => vec![format!("{name}: {error}")],
            Ok(document) => named(&name, &document),
        },
    }
}

fn prompt(history: &History, handoff: Option<&Document>) -> Option<String> {
    let text = match history.text(PROMPT) {
        Err(why) => return Some(unreadable(PROMPT, &why)),
        Ok(text) => text,
    };
    let action = plain(first_todo(&handoff?.mapping)?);
    (!text.contains(&action))
        .then(|| format!("{PROMPT} is stale: it does not contain {LATEST} next_todo_items[0] ({action})"))
}

fn of_index(history: &History, index: &Mapping, handoff: Option<&Document>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(handoff) = handoff {
        let wanted = first_todo(&handoff.mapping).map(plain);
        let action = index.get("first_next_action").map(|value| shown(Some(value)));
        let is_done = action.as_deref() == Some("")
            && index::latest(index).and_then(|entry| entry.get_text("status")).as_deref() == Some(index::DONE);
        if (action.is_none() || action != wanted) && !is_done {
            found.push(format!(
                "{INDEX}.first_next_action ({}) does not match {LATEST} next_todo_items[0] ({})",
                action.unwrap_or_else(|| NOTHING.to_owned()),
                wanted.unwrap_or_else(|| NOTHING.to_owned())
            ));
        }
        let (ours, theirs) = (index.get("latest_session"), handoff.mapping.get("session_id"));
        if ours != theirs {
            found.push(format!(
                "{INDEX}.latest_session ({}) does not match {LATEST} session_id ({})",
                shown(ours),
                shown(theirs)
            ));
        }
    }
    if let Some(file) = index.scalar("latest_file").filter(|file| !file.is_empty()) {
        let problem = file_problem(history, file, &HashSet::new());
        found.extend(problem.map(|problem| format!("{INDEX}.latest_file {problem}")));
    }
    match index.get("sessions") {
        None => {}
        Some(Value::List(sessions)) => found.extend(entries(history, sessions)),
        Some(_) => found.push(format!("{INDEX}.sessions is not a list")),
    }
    found
}

fn entries(history: &History, sessions: &[Item]) -> Vec<String> {
    let known = regular_archives(history);
    let problem = |(at, item): (usize, &Item)| {
        if !item.is_pairs() {
            return Some(format!("{INDEX}.sessions[{at}] is not a mapping"));
        }
        let problem = match item.get("file")? {
            Inner::Text(file) if !file.is_empty() => file_problem(history, &file, &known)?,
            Inner::Text(_) => "is malformed ()".to_owned(),
            Inner::Empty => "is malformed ([])".to_owned(),
        };
        Some(format!("{INDEX}.sessions[{at}].file {problem}"))
    };
    sessions.iter().enumerate().filter_map(problem).collect()
}

/// The archives that are plain files, from one look at their folder: there may be thousands.
fn regular_archives(history: &History) -> HashSet<String> {
    let folder = history.path(SESSIONS);
    if folder.is_symlink() {
        return HashSet::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn file_problem(history: &History, file: &str, known: &HashSet<String>) -> Option<String> {
    if file.strip_prefix("sessions/").is_some_and(|name| known.contains(name)) {
        return None;
    }
    match history.holds(file) {
        Ok(true) => None,
        Ok(false) => Some(format!("({file}) does not exist on disk")),
        Err(Outside) => Some(format!("({file}) is outside .agent-history/")),
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => NOTHING.to_owned(),
        Some(Value::List(items)) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Some(value) => value.scalar().unwrap_or_default().to_owned(),
    }
}

/// What stands for a value that is not there.
const NOTHING: &str = "(none)";
