//! What subagents of Claude Code did. Older versions write it into the session's file, as lines with `isSidechain` that
//! hang together by their parents; later ones name the agent in each line, and give it a file of its own:
//! `agent-<id>.jsonl` beside the session's, or in `<session id>/subagents/`.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::claude::{inner, result, usage};
use super::each_line;
use super::json::{content, list, owned, text, time};
use super::writer::{Writer, result_of};
use crate::session::{Spawned, Usage};

/// All subagents of a session.
pub(super) struct Sidechains {
    /// Where files of their own are, best first.
    places: Vec<PathBuf>,
    /// Those whose file was read.
    read: HashSet<String>,
    running: HashMap<String, Side>,
    /// The subagent that a line belongs to, by the line's id: the next one names it as its parent.
    of_line: HashMap<String, String>,
    order: Vec<String>,
    session: Option<String>,
}

struct Side {
    first: Timestamp,
    last: Timestamp,
    /// The answer that is being read, and what it cost.
    answer: Option<(String, Usage)>,
    is_done: bool,
}

impl Sidechains {
    /// Of the session whose file is at `path`.
    pub(super) fn beside(path: &Path) -> Sidechains {
        let places = vec![path.with_extension("").join("subagents"), path.parent().unwrap_or(Path::new("")).to_owned()];
        let session = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        Sidechains {
            places,
            read: HashSet::new(),
            running: HashMap::new(),
            of_line: HashMap::new(),
            order: Vec::new(),
            session,
        }
    }

    /// A line of a subagent.
    pub(super) fn line(&mut self, writer: &mut Writer, line: Value) {
        let id = self.agent_of(&line);
        if let Some(uuid) = owned(&line, "uuid") {
            self.of_line.insert(uuid, id.clone());
        }
        let now = writer.now();
        let is_new = !self.running.contains_key(&id);
        if is_new {
            self.order.push(id.clone());
            self.running.insert(id.clone(), Side { first: now, last: now, answer: None, is_done: false });
            let task =
                if text(&line, "type") == Some("user") { content(&line["message"]["content"]) } else { String::new() };
            let model = text(&line["message"], "model").map(|model| format!("anthropic/{model}"));
            writer.spawned(&Spawned { subagent_id: id.clone(), task, model, ..Spawned::default() });
        }
        let Some(side) = self.running.get_mut(&id) else { return };
        side.last = side.last.max(now);
        let message = &line["message"];
        match text(&line, "type") {
            Some("assistant") => {
                let answer = text(message, "id").unwrap_or_default().to_owned();
                if side.answer.as_ref().is_some_and(|(before, _)| *before != answer) {
                    side.flush(writer, &id);
                }
                let model = text(message, "model").map(|model| format!("anthropic/{model}"));
                side.answer = Some((answer, Usage { model, ..usage(&message["usage"]) }));
                list(&message["content"]).iter().filter_map(inner).for_each(|row| writer.sub_event(&id, row.into()));
            }
            Some("user") => {
                let blocks =
                    list(&message["content"]).iter().filter(|block| text(block, "type") == Some("tool_result"));
                for block in blocks {
                    let mut row = result_of(&result(block, &Value::Null));
                    row.shift_remove("status");
                    row.insert("type".into(), "tool_result".into());
                    writer.sub_event(&id, row.into());
                }
            }
            _ => writer.keep("sidechain", line),
        }
    }

    /// The call that started a subagent has its result: all of it is known.
    pub(super) fn came_back(&mut self, writer: &mut Writer, agent: &str) {
        // It becomes a part of a path.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if agent.len() <= 100 && agent.bytes().all(is_plain) {
            let name = format!("agent-{agent}.jsonl");
            let file = self.places.iter().map(|place| place.join(&name)).find(|path| is_file(path));
            if let Some(path) = file.filter(|_| self.read.insert(agent.to_owned())) {
                self.read(writer, &path);
            }
        }
        self.complete(writer, agent);
    }

    /// The session's file is read: what is left.
    pub(super) fn finish(&mut self, writer: &mut Writer) {
        let entries = self.places.first().and_then(|place| fs::read_dir(place).ok());
        let mut paths: Vec<_> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let agent = name.strip_prefix("agent-").and_then(|name| name.strip_suffix(".jsonl")).map(str::to_owned);
            if agent.is_some_and(|agent| self.read.insert(agent)) && is_file(&path) {
                self.read(writer, &path);
            }
        }
        for id in self.order.clone() {
            self.complete(writer, &id);
        }
    }

    fn read(&mut self, writer: &mut Writer, path: &Path) {
        let now = writer.now();
        let session = self.session.clone();
        let lines = File::open(path).and_then(|file| {
            each_line(file, |line, _| {
                let is_ours = text(&line, "sessionId").is_none_or(|id| session.as_deref().is_none_or(|own| own == id));
                if is_ours {
                    writer.at(time(&line["timestamp"]));
                    self.line(writer, line);
                }
            })
        });
        // A file that cannot be read is as good as a line that cannot.
        writer.told.skipped += lines.unwrap_or(1);
        writer.at(Some(now));
    }

    fn complete(&mut self, writer: &mut Writer, id: &str) {
        let Some(side) = self.running.get_mut(id).filter(|side| !side.is_done) else { return };
        side.flush(writer, id);
        side.is_done = true;
        let took = side.last.as_millisecond() - side.first.as_millisecond();
        writer.completed(id, u64::try_from(took).unwrap_or(0));
    }

    fn agent_of(&self, line: &Value) -> String {
        let by_parent = || self.of_line.get(text(line, "parentUuid")?).cloned();
        owned(line, "agentId").or_else(by_parent).unwrap_or_else(|| format!("side-{}", self.order.len() + 1))
    }
}

impl Side {
    fn flush(&mut self, writer: &mut Writer, id: &str) {
        if let Some((_, usage)) = self.answer.take() {
            writer.usage(&usage, Some(id));
        }
    }
}

/// No links: a transcript can come from anywhere.
fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}
