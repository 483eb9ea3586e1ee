//! Gemini CLI: `tmp/<project>/chats/session-<time>-<id>.jsonl`, in older versions one object with all `messages`. A
//! line replaces the message with its id that came before; `$set` changes what is known, and with `messages` all of
//! them; `$rewindTo` takes back a message and those after it. So the file is read twice: to know which lines stay, then
//! these, in their order.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use serde_json::{Map, Value};

use super::json::{arguments, content, list, number, owned, parse, text, time, whole};
use super::writer::Writer;
use super::{Facts, LONGEST_LINE, edits, first_of};
use crate::session::{CallResult, Rows, Usage};

pub(super) fn native_id(file: &mut File) -> io::Result<Option<String>> {
    let of = |head: &Value| {
        let is_head = ["projectHash", "startTime", "messages"].iter().any(|key| head.get(key).is_some());
        owned(head, "sessionId").filter(|_| is_head)
    };
    match first_of(file, of)? {
        Some(id) => Ok(Some(id)),
        None => Ok(whole(file)?.as_ref().and_then(of)),
    }
}

pub(super) fn convert(mut file: File, path: &Path, writer: &mut Writer) -> io::Result<Facts> {
    let mut kept = Kept::default();
    kept.read(&mut file)?;
    if kept.order.is_empty() && kept.head.get("messages").is_none() {
        // The older form, in more than one line.
        if let Some(head) = whole(&mut file)? {
            kept = Kept { head, ..Kept::default() };
        }
    }
    let mut facts = Facts { cwd: directory(&kept.head, path).unwrap_or_default(), ..Facts::default() };
    facts.title = owned(&kept.head, "summary");
    writer.at(time(&kept.head["startTime"]));
    for message in list(&kept.head["messages"]) {
        message_of(writer, message);
    }
    let mut replaced: Option<(u64, Value)> = None;
    for (_, place) in std::mem::take(&mut kept.order) {
        if replaced.as_ref().is_none_or(|(offset, _)| *offset != place.offset) {
            replaced = read_at(&mut file, place.offset)?.map(|line| (place.offset, line));
        }
        let Some((_, line)) = &replaced else { continue };
        match place.number {
            None => message_of(writer, line),
            Some(number) => message_of(writer, &line["$set"]["messages"][number]),
        }
    }
    writer.told.skipped += kept.skipped;
    Ok(facts)
}

/// Where the messages are that stay.
#[derive(Default)]
struct Kept {
    /// What is known of the session.
    head: Value,
    order: Vec<(String, Place)>,
    skipped: u64,
}

/// A line, or one of the messages that a line sets.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    number: Option<usize>,
}

impl Kept {
    fn read(&mut self, file: &mut File) -> io::Result<()> {
        file.rewind()?;
        let mut rows = Rows::new(file, 0, LONGEST_LINE);
        let mut at: HashMap<String, usize> = HashMap::new();
        while let Some(row) = rows.advance()? {
            if row.is_blank() {
                continue;
            }
            match parse(row.bytes).filter(|line| !row.is_cut && line.is_object()) {
                Some(line) => self.line(line, row.offset, &mut at),
                None => self.skipped += 1,
            }
        }
        Ok(())
    }

    fn line(&mut self, mut line: Value, offset: u64, at: &mut HashMap<String, usize>) {
        if let Some(id) = text(&line, "$rewindTo") {
            // A message that is not there takes all of them back, as it does for the agent itself.
            let from = at.get(id).copied().unwrap_or(0);
            self.order.truncate(from);
            at.retain(|_, place| *place < from);
        } else if let Some(set) = line.get_mut("$set").and_then(Value::as_object_mut) {
            if let Some(messages) = set.shift_remove("messages") {
                (self.order, *at) = (Vec::new(), HashMap::new());
                for (number, message) in list(&messages).iter().enumerate() {
                    self.put(message, Place { offset, number: Some(number) }, at);
                }
            }
            self.know(std::mem::take(set));
        } else if line.get("type").is_some() && line.get("id").is_some() {
            self.put(&line, Place { offset, number: None }, at);
        } else if let Value::Object(head) = line {
            self.know(head);
        }
    }

    fn put(&mut self, message: &Value, place: Place, at: &mut HashMap<String, usize>) {
        let id = owned(message, "id").unwrap_or_default();
        match at.get(&id).copied().filter(|_| !id.is_empty()) {
            Some(before) => self.order[before].1 = place,
            None => {
                at.insert(id.clone(), self.order.len());
                self.order.push((id, place));
            }
        }
    }

    fn know(&mut self, head: Map<String, Value>) {
        match &mut self.head {
            Value::Object(known) => known.extend(head),
            known => *known = head.into(),
        }
    }
}

fn read_at(file: &mut File, offset: u64) -> io::Result<Option<Value>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut rows = Rows::new(file, offset, LONGEST_LINE);
    Ok(rows.advance()?.and_then(|row| parse(row.bytes)))
}

/// The directory that the session worked in: what the head says, or the file that marks the project's folder.
fn directory(head: &Value, path: &Path) -> Option<String> {
    let told = || list(&head["directories"]).first()?.as_str().map(str::to_owned);
    let marked = || fs::read_to_string(path.parent()?.parent()?.join(".project_root")).ok();
    told().or_else(marked).map(|cwd| cwd.trim().to_owned()).filter(|cwd| !cwd.is_empty())
}

fn message_of(writer: &mut Writer, message: &Value) {
    writer.at(time(&message["timestamp"]));
    let said = content(&message["content"]);
    match text(message, "type").unwrap_or("unknown") {
        "user" => writer.user(&said),
        "gemini" => answer(writer, message, &said),
        "error" | "warning" => writer.notice("warning", &said),
        "info" => writer.notice("info", &said),
        kind => writer.keep(kind, message.clone()),
    }
}

fn answer(writer: &mut Writer, message: &Value, said: &str) {
    writer.request(text(message, "model").map(|model| format!("google/{model}")));
    for thought in list(&message["thoughts"]) {
        let parts = [text(thought, "subject"), text(thought, "description")];
        writer.thought(&parts.into_iter().flatten().collect::<Vec<_>>().join("\n"));
    }
    writer.said(said);
    let calls = list(&message["toolCalls"]);
    for call in calls {
        let id = text(call, "id").unwrap_or_default();
        writer.call(id, text(call, "name").unwrap_or_default(), arguments(&call["args"]));
    }
    calls.iter().filter_map(result).for_each(|result| writer.result(result));
    let tokens = &message["tokens"];
    let usage = Usage {
        input: number(tokens, "input").saturating_sub(number(tokens, "cached")),
        output: number(tokens, "output"),
        cache_read: number(tokens, "cached"),
        reasoning: number(tokens, "thoughts"),
        ..Usage::default()
    };
    writer.usage(&usage, None);
}

/// What came of a call; none while it runs.
fn result(call: &Value) -> Option<CallResult> {
    let status = text(call, "status").unwrap_or_default();
    let success = match status {
        "success" => true,
        "error" | "cancelled" => false,
        _ => return None,
    };
    let shown = &call["resultDisplay"];
    let path = ["filePath", "fileName"].iter().find_map(|key| text(shown, key));
    let path = text(&call["args"], "file_path").or(path);
    let is_new = shown["isNewFile"] == true || shown.get("originalContent").is_some_and(Value::is_null);
    let before = shown["originalContent"].as_str().or(if is_new { Some("") } else { None });
    let diff = path.zip(before).zip(shown["newContent"].as_str()).filter(|_| success);
    let metadata = diff.map(|((path, before), after)| edits::diff(path, before, after, is_new)).unwrap_or_default();
    let content = match (responses(&call["result"]), status) {
        (content, "cancelled") if content.is_empty() => "[cancelled by user]".to_owned(),
        (content, _) if content.is_empty() => super::json::content(shown),
        (content, _) => content,
    };
    let status = (status == "cancelled").then(|| "cancelled".to_owned());
    Some(CallResult { call_id: owned(call, "id"), content, success: Some(success), status, summary: None, metadata })
}

/// What the model got: parts with a `functionResponse`, or with text.
fn responses(result: &Value) -> String {
    let one = |part: &Value| {
        let response = &part["functionResponse"]["response"];
        let told = ["output", "error"].iter().find_map(|key| text(response, key));
        match (told, response) {
            (Some(told), _) => Some(told.to_owned()),
            (None, Value::Null) => text(part, "text").map(str::to_owned),
            (None, response) => Some(response.to_string()),
        }
    };
    match result {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(one).collect::<Vec<_>>().join("\n"),
        part => one(part).unwrap_or_default(),
    }
}
