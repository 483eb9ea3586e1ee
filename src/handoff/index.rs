//! INDEX.yaml: what the sessions of a history are about, without their text.

use std::ops::Range;

use super::fields::{first_todo, plain};
use super::frontmatter::{self, mapping_text, parse_mapping};
use super::value::{Inner, Item, Mapping, Text, Value};

/// What an entry has of a handoff, by the names of its fields; between them stands what is not one of these.
const COPIED: [&str; 8] =
    ["session_date", "generated_at", "agent", "project_root", "repo_root", "current_branch", "head_commit", "status"];

/// The line after which the entries come.
pub(super) const SESSIONS: &[u8] = b"\nsessions:\n";

/// Reads the text of an index. Its entries are kept as they are written, where they are in our own form.
///
/// # Errors
/// Where it is no mapping.
pub fn read(text: &str) -> Result<Mapping<'_>, frontmatter::Error> {
    let whole = || parse_mapping(text);
    let Some(at) = memchr::memmem::find(text.as_bytes(), SESSIONS) else { return whole() };
    let Some(sessions) = frontmatter::written::items(&text[at + SESSIONS.len()..]) else { return whole() };
    let mut index = parse_mapping(&text[..at])?;
    if index.get("sessions").is_some() {
        return whole();
    }
    index.0.push(("sessions".into(), Value::List(sessions)));
    Ok(index)
}

/// The text of the index after a handoff joined: those of `old` that are not of its session, in their order, and its own.
pub fn with(old: Mapping, handoff: &Mapping, file: &str) -> String {
    let id = text(handoff, "session_id");
    let mut sessions = old.0.into_iter().find_map(|(key, value)| match value {
        Value::List(items) if key == "sessions" => Some(items),
        _ => None,
    });
    let sessions = sessions.get_or_insert_default();
    sessions.retain(|item| item.get_text("session_id").as_deref() != Some(&id));
    sessions.push(entry(handoff, file));
    let version = handoff.get("schema_version").cloned().unwrap_or(Value::Text("".into()));
    let mut index = Mapping(vec![("schema_version".into(), version)]);
    let mut put = |key: &'static str, value: Text<'_>| {
        index.0.push((key.into(), Value::Text(value.into_owned().into())));
    };
    put("latest_session", id.as_str().into());
    put("latest_file", file.into());
    for key in ["repo_root", "current_branch", "head_commit", "primary_goal"] {
        put(key, text(handoff, key).into());
    }
    put("search_tags", tags(handoff).into());
    put("first_next_action", action(handoff).into());
    index.0.push(("sessions".into(), Value::List(std::mem::take(sessions))));
    mapping_text(&index) + "\n"
}

/// The same of an index whose entries are all in our own form: they stay where they are. Any other is given back.
///
/// # Errors
/// The index as it was.
pub fn grown(mut old: Vec<u8>, handoff: &Mapping, file: &str) -> Result<Vec<u8>, Vec<u8>> {
    let new = with(Mapping::default(), handoff, file).into_bytes();
    let places = memchr::memmem::find(&new, SESSIONS).zip(entries_of(&old, &text(handoff, "session_id")));
    let Some((at, (start, its_own))) = places else { return Err(old) };
    let (head, entry) = new.split_at(at + SESSIONS.len());
    for place in its_own.into_iter().rev() {
        old.drain(place);
    }
    if !old.ends_with(b"\n") {
        old.push(b'\n');
    }
    old.splice(..start, head.iter().copied());
    old.extend_from_slice(entry);
    Ok(old)
}

/// Where the entries of an index begin, and where those of a session are, each with its newline; `None` where the entries are
/// not all in our own form.
fn entries_of(index: &[u8], id: &str) -> Option<(usize, Vec<Range<usize>>)> {
    let text = std::str::from_utf8(index).ok()?;
    let head = memchr::memmem::find(index, SESSIONS)?;
    let start = head + SESSIONS.len();
    let items = frontmatter::written::items(&text[start..])?;
    if parse_mapping(&text[..head]).ok()?.get("sessions").is_some() {
        return None;
    }
    let (mut its_own, mut at) = (Vec::new(), start);
    for item in &items {
        let Item::Written(entry) = item else { return None };
        let end = at + entry.len() + 1;
        if item.get_text("session_id").as_deref() == Some(id) {
            its_own.push(at..end.min(index.len()));
        }
        at = end;
    }
    Some((start, its_own))
}

/// The text of the index after a session got another status; `None` when no entry is that session's.
pub fn closed(index: &Mapping, id: &str, status: &str) -> Option<String> {
    let mut index = index.clone();
    let is_latest = index.scalar("latest_session") == Some(id);
    let (_, Value::List(sessions)) = index.0.iter_mut().find(|(key, _)| key == "sessions")? else { return None };
    let entry = sessions.iter_mut().find(|item| item.get_text("session_id").as_deref() == Some(id))?;
    let mut pairs = entry.pairs().into_owned();
    let value = Inner::Text(status.to_owned().into());
    match pairs.iter_mut().find(|(key, _)| key == "status") {
        Some((_, old)) => *old = value,
        None => pairs.push(("status".into(), value)),
    }
    *entry = Item::Pairs(pairs);
    if is_latest && status == DONE {
        index.set("first_next_action", Value::Text("".into()));
    }
    Some(mapping_text(&index) + "\n")
}

/// The status after which nothing is left to do.
pub const DONE: &str = "DONE";

fn entry(handoff: &Mapping, file: &str) -> Item<'static> {
    let mut pairs: Vec<(Text<'static>, Inner<'static>)> = Vec::new();
    let mut put = |key: &'static str, value: String| pairs.push((key.into(), Inner::Text(value.into())));
    put("session_id", text(handoff, "session_id"));
    put("file", file.to_owned());
    COPIED.iter().for_each(|key| put(key, text(handoff, key)));
    put("primary_goal", text(handoff, "primary_goal"));
    put("search_tags", tags(handoff));
    put("supersedes", text(handoff, "supersedes"));
    put("first_next_action", action(handoff));
    Item::Pairs(pairs)
}

fn text(handoff: &Mapping, key: &str) -> String {
    handoff.scalar(key).unwrap_or_default().to_owned()
}

fn tags(handoff: &Mapping) -> String {
    let tags = handoff.list("search_tags").unwrap_or_default();
    tags.iter().map(plain).collect::<Vec<_>>().join(", ")
}

fn action(handoff: &Mapping) -> String {
    first_todo(handoff).map(plain).unwrap_or_default()
}

#[cfg(test)]
mod tests;
