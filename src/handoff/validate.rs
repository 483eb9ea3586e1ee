//! Whether a history is consistent: every problem by name, in one order.

use std::fmt;

use super::fields::{first_todo, plain, problems};
use super::frontmatter::{self, Document, Reading};
use super::history::{Archives, History, INDEX, LATEST, Outside, PROMPT, SESSIONS};
use super::index::DONE;
use super::overview::Overview;
use super::value::Value;

/// What of a history is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The newest handoff, the prompt and the index.
    Newest,
    /// Every archived handoff, too.
    Archives,
}

/// What the index of a history says, or the problem that it cannot be read for.
pub fn read_index(history: &History, archives: &Archives) -> Result<Overview, String> {
    Overview::of(history, &|file| file_problem(history, archives, file))
}

/// All problems of a history that is there.
pub fn all_problems(history: &History, extent: Extent) -> Vec<String> {
    let archives = history.archives();
    problems_with(history, &archives, &read_index(history, &archives), extent)
}

/// All problems of a history whose index has been read.
pub fn problems_with(
    history: &History,
    archives: &Archives,
    index: &Result<Overview, String>,
    extent: Extent,
) -> Vec<String> {
    let latest = history.text(LATEST);
    let latest_read = latest.as_ref().map(|text| frontmatter::parse(text, Reading::Lenient));
    let handoff = latest_read.as_ref().ok().and_then(|read| read.as_ref().ok());
    let mut found = Vec::new();
    match &latest_read {
        Err(why) => found.push(why.problem(LATEST)),
        Ok(Err(error)) => found.push(format!("{LATEST}: {error}")),
        Ok(Ok(document)) => found.extend(named(LATEST, document)),
    }
    found.extend(prompt(history, handoff));
    match index {
        Err(problem) => found.push(problem.clone()),
        Ok(index) => found.extend(of_index(history, index, handoff)),
    }
    if extent == Extent::Archives {
        let mut buffer = Vec::new();
        archives.names().into_iter().for_each(|name| found.extend(archive(archives, name, &mut buffer)));
    }
    found
}

fn named(name: &str, document: &Document) -> Vec<String> {
    problems(document, Reading::Lenient).all().iter().map(|problem| format!("{name}: {problem}")).collect()
}

fn archive(archives: &Archives, file: &str, buffer: &mut Vec<u8>) -> Vec<String> {
    let problem = |what: &dyn fmt::Display| vec![format!("{SESSIONS}/{file}: {what}")];
    match archives.text(file, buffer) {
        Err(why) => problem(&why.reason()),
        Ok(text) => match frontmatter::parse(&text, Reading::Lenient) {
            Err(error) => problem(&error),
            Ok(document) => {
                let problems = problems(&document, Reading::Lenient).all();
                problems.iter().flat_map(|found| problem(found)).collect()
            }
        },
    }
}

fn prompt(history: &History, handoff: Option<&Document>) -> Option<String> {
    let text = match history.text(PROMPT) {
        Err(why) => return Some(why.problem(PROMPT)),
        Ok(text) => text,
    };
    let action = plain(first_todo(&handoff?.mapping)?);
    (!text.contains(&action))
        .then(|| format!("{PROMPT} is stale: it does not contain {LATEST} next_todo_items[0] ({action})"))
}

fn of_index(history: &History, index: &Overview, handoff: Option<&Document>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(handoff) = handoff {
        let wanted = first_todo(&handoff.mapping).map(plain);
        let action = index.head.get("first_next_action").map(|value| shown(Some(value)));
        let is_done = action.as_deref() == Some("")
            && index.latest().and_then(|entry| entry.get_text("status")).as_deref() == Some(DONE);
        if (action.is_none() || action != wanted) && !is_done {
            found.push(format!(
                "{INDEX}.first_next_action ({}) does not match {LATEST} next_todo_items[0] ({})",
                action.unwrap_or_else(|| NOTHING.to_owned()),
                wanted.unwrap_or_else(|| NOTHING.to_owned())
            ));
        }
        let (ours, theirs) = (index.head.get("latest_session"), handoff.mapping.get("session_id"));
        if ours != theirs {
            found.push(format!(
                "{INDEX}.latest_session ({}) does not match {LATEST} session_id ({})",
                shown(ours),
                shown(theirs)
            ));
        }
    }
    if let Some(file) = index.head.scalar("latest_file").filter(|file| !file.is_empty()) {
        // One file is looked up faster than all are listed.
        let problem = place_problem(history, file);
        found.extend(problem.map(|problem| format!("{INDEX}.latest_file {problem}")));
    }
    match &index.sessions {
        Some(sessions) => found.extend_from_slice(&sessions.problems),
        None if index.head.get("sessions").is_some() => found.push(format!("{INDEX}.sessions is not a list")),
        None => {}
    }
    found
}

fn file_problem(history: &History, archives: &Archives, file: &str) -> Option<String> {
    if file.strip_prefix("sessions/").is_some_and(|name| archives.has_plain(name)) {
        return None;
    }
    place_problem(history, file)
}

fn place_problem(history: &History, file: &str) -> Option<String> {
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
