//! OpenCode: what `opencode export <id>` prints, one object with the session's `info` and its `messages`; or the files
//! that versions before the database kept, `storage/session/<project>/<id>.json`, with messages and parts in folders
//! beside it. Ids rise with time, so names are in order.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::json::{arguments, list, number, owned, text, time, whole};
use super::writer::Writer;
use super::{Facts, edits};
use crate::session::{CallResult, Usage};

pub(super) fn native_id(file: &mut File, path: &Path) -> io::Result<Option<String>> {
    let Some(whole) = whole(file)? else { return Ok(None) };
    let is_stored = storage_of(path).is_some() && whole.get("time").is_some();
    Ok(match whole.get("messages") {
        Some(_) => owned(&whole["info"], "id"),
        None if is_stored => owned(&whole, "id"),
        None => None,
    })
}

pub(super) fn convert(mut file: File, path: &Path, writer: &mut Writer) -> io::Result<Facts> {
    let whole = whole(&mut file)?.unwrap_or_default();
    drop(file);
    let is_export = whole.get("messages").is_some();
    let info = if is_export { &whole["info"] } else { &whole };
    let mut facts = Facts { cwd: owned(info, "directory").unwrap_or_default(), ..Facts::default() };
    // A title that nobody made yet says when the session began.
    facts.title = owned(info, "title").filter(|title| !title.starts_with("New session - "));
    writer.at(time(&info["time"]["created"]));
    if is_export {
        for message in list(&whole["messages"]) {
            one(writer, &message["info"], list(&message["parts"]));
        }
    } else if let (Some(storage), Some(id)) = (storage_of(path), text(info, "id").filter(|id| is_name(id))) {
        for message in files(&storage.join("message").join(id)) {
            let Some(info) = read(writer, &message) else { continue };
            let Some(id) = text(&info, "id").filter(|id| is_name(id)) else { continue };
            let paths = files(&storage.join("part").join(id));
            let parts: Vec<_> = paths.iter().filter_map(|part| read(writer, part)).collect();
            one(writer, &info, &parts);
        }
    }
    Ok(facts)
}

/// A message with its parts.
fn one(writer: &mut Writer, info: &Value, parts: &[Value]) {
    writer.at(time(&info["time"]["created"]));
    if text(info, "role") == Some("user") {
        let is_text = |part: &&Value| text(part, "type") == Some("text") && part["ignored"] != true;
        let texts: Vec<_> = parts.iter().filter(is_text).filter_map(|part| text(part, "text")).collect();
        writer.user(&texts.join("\n\n"));
        let others = parts.iter().filter(|part| text(part, "type") != Some("text"));
        others.for_each(|part| writer.keep(text(part, "type").unwrap_or("unknown"), part.clone()));
        return;
    }
    let model = text(info, "providerID").zip(text(info, "modelID")).filter(|(provider, _)| !provider.contains('/'));
    writer.request(model.map(|(provider, model)| format!("{provider}/{model}")));
    for part in parts {
        writer.at(time(&part["time"]["start"]));
        match text(part, "type").unwrap_or("unknown") {
            "text" => writer.said(text(part, "text").unwrap_or_default()),
            "reasoning" => writer.thought(text(part, "text").unwrap_or_default()),
            "tool" => tool(writer, part),
            kind => writer.keep(kind, part.clone()),
        }
    }
    let tokens = &info["tokens"];
    let usage = Usage {
        input: number(tokens, "input"),
        output: number(tokens, "output"),
        cache_read: number(&tokens["cache"], "read"),
        cache_creation: number(&tokens["cache"], "write"),
        reasoning: number(tokens, "reasoning"),
        ..Usage::default()
    };
    writer.usage(&usage, None);
    if let Some(error) = text(&info["error"]["data"], "message").or_else(|| text(&info["error"], "name")) {
        writer.notice("warning", error);
    }
}

/// A call and what came of it are one part.
fn tool(writer: &mut Writer, part: &Value) {
    let (state, id) = (&part["state"], text(part, "callID").unwrap_or_default());
    writer.at(time(&state["time"]["start"]));
    writer.call(id, text(part, "tool").unwrap_or_default(), arguments(&state["input"]));
    let (success, content) = match text(state, "status") {
        Some("completed") => (true, text(state, "output")),
        Some("error") => (false, text(state, "error")),
        _ => return,
    };
    writer.at(time(&state["time"]["end"]));
    let told = &state["metadata"];
    let changed = &told["filediff"];
    let whole = text(changed, "file").zip(changed["before"].as_str()).zip(changed["after"].as_str());
    let is_new = told["exists"] == false;
    let written = || text(&state["input"], "filePath").zip(state["input"]["content"].as_str()).filter(|_| is_new);
    let mut metadata = match whole {
        Some(((path, before), after)) => edits::diff(path, before, after, before.is_empty()),
        None => written().map(|(path, after)| edits::diff(path, "", after, true)).unwrap_or_default(),
    };
    if !success {
        metadata.clear();
    }
    if let Some(code) = told["exit"].as_i64() {
        metadata.insert("exit_code".into(), code.into());
    }
    let content = content.unwrap_or_default().to_owned();
    let (call_id, success) = (Some(id.to_owned()), Some(success));
    writer.result(CallResult { call_id, content, success, metadata, ..CallResult::default() });
}

/// The folder `storage` that the session's file `storage/session/<project>/<id>.json` is in.
fn storage_of(path: &Path) -> Option<&Path> {
    let sessions = path.parent()?.parent()?;
    sessions.parent().filter(|_| sessions.file_name().is_some_and(|name| name == "session"))
}

/// Ids become parts of paths.
fn is_name(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// The files of a folder by name; no links.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut paths: Vec<_> = files
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    paths
}

fn read(writer: &mut Writer, path: &Path) -> Option<Value> {
    let value = File::open(path).and_then(|mut file| whole(&mut file)).ok().flatten();
    writer.told.skipped += u64::from(value.is_none());
    value
}
