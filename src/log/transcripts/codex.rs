//! Codex: `sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl`. Two logs are interleaved in it, what went over the wire
//! (`response_item`) and what was shown (`event_msg`); most of what was said is in both, in either order. Of each text
//! as many are taken as the log has that has more of them.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::json::{arguments, content, list, number, owned, parse, text, time};
use super::writer::Writer;
use super::{Facts, each_line, edits, first_of};
use crate::session::{CallResult, Usage};

pub(super) fn native_id(file: &mut File, path: &Path) -> io::Result<Option<String>> {
    let told = first_of(file, |line| match text(line, "type") {
        Some("session_meta") => Some(owned(&line["payload"], "id").unwrap_or_default()),
        Some("response_item" | "event_msg" | "turn_context") => Some(String::new()),
        // The first versions began with a line of their own.
        None if line.get("timestamp").is_some() => owned(line, "id"),
        _ => None,
    })?;
    const UUID: usize = 36;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let named = || stem.get(stem.len().checked_sub(UUID)?..).map(str::to_owned);
    Ok(told.and_then(|id| if id.is_empty() { named() } else { Some(id) }))
}

pub(super) fn convert(file: File, writer: &mut Writer) -> io::Result<Facts> {
    let mut codex = Codex {
        writer,
        facts: Facts::default(),
        has_meta: false,
        provider: "openai".to_owned(),
        model: None,
        heard: HashMap::new(),
        exit_codes: HashMap::new(),
        added: HashMap::new(),
        spent: Usage::default(),
    };
    let skipped = each_line(file, |line, _| codex.line(line))?;
    codex.writer.told.skipped += skipped;
    Ok(codex.facts)
}

struct Codex<'w> {
    writer: &'w mut Writer,
    facts: Facts,
    has_meta: bool,
    provider: String,
    model: Option<String>,
    /// How often each text was in each of the logs since the last prompt.
    heard: HashMap<u64, [u32; 2]>,
    /// Of commands whose output is still to come.
    exit_codes: HashMap<String, i64>,
    /// Files that patches add whose output is still to come.
    added: HashMap<String, Map<String, Value>>,
    /// All that was spent so far.
    spent: Usage,
}

/// Which of the two logs.
const WIRE: usize = 0;
const SHOWN: usize = 1;

/// What is put before the first prompt, and is none.
const INJECTED: [&str; 6] = [
    "<environment_context>",
    "<user_instructions>",
    "<INSTRUCTIONS>",
    "# AGENTS.md instructions",
    "<permissions instructions>",
    "<turn_aborted>",
];

impl Codex<'_> {
    fn line(&mut self, line: Value) {
        self.writer.at(time(&line["timestamp"]));
        // The first versions wrote what went over the wire without anything around it.
        let Some(payload) = line.get("payload") else {
            return match text(&line, "type") {
                Some(_) => self.wire(&line),
                None if !self.has_meta => self.meta(&line),
                None => self.writer.keep("state", line),
            };
        };
        match text(&line, "type").unwrap_or("unknown") {
            "session_meta" => self.meta(payload),
            "turn_context" => {
                if self.facts.cwd.is_empty() {
                    self.facts.cwd = owned(payload, "cwd").unwrap_or_default();
                }
                self.model = owned(payload, "model").or(self.model.take());
            }
            "response_item" => self.wire(payload),
            "event_msg" => self.shown(payload),
            "compacted" => {
                let summary = text(payload, "message").unwrap_or("the conversation was compacted").to_owned();
                self.writer.notice("compaction", &summary);
            }
            kind => self.writer.keep(kind, line.clone()),
        }
    }

    /// A fork has the lines of the session that it comes from behind its own.
    fn meta(&mut self, meta: &Value) {
        if std::mem::replace(&mut self.has_meta, true) {
            return;
        }
        self.facts.cwd = owned(meta, "cwd").unwrap_or_default();
        self.facts.branch = owned(&meta["git"], "branch");
        self.facts.head_sha = owned(&meta["git"], "commit_hash");
        self.facts.repo_remote = owned(&meta["git"], "repository_url");
        self.facts.forked_from = owned(meta, "forked_from_id");
        self.provider = owned(meta, "model_provider").filter(|name| !name.contains('/')).unwrap_or("openai".to_owned());
    }

    fn wire(&mut self, item: &Value) {
        match text(item, "type").unwrap_or("unknown") {
            "message" => self.message(item),
            "reasoning" => {
                for part in list(&item["summary"]).iter().chain(list(&item["content"])) {
                    self.think(text(part, "text").unwrap_or_default(), WIRE);
                }
            }
            "function_call" => {
                let told = text(item, "arguments").unwrap_or_default();
                let given = parse(told.as_bytes()).unwrap_or_else(|| told.into());
                self.call(item, arguments(&given));
            }
            "custom_tool_call" => self.call(item, arguments(&item["input"])),
            "local_shell_call" => self.call(item, arguments(&item["action"])),
            "function_call_output" | "custom_tool_call_output" => self.output(item),
            "web_search_call" => {
                let id = owned(item, "id").unwrap_or_else(|| format!("web_search_{}", self.writer.told.rows));
                self.writer.call(&id, "web_search", arguments(&item["action"]));
                let content = "[not recorded]".to_owned();
                self.writer.result(CallResult { call_id: Some(id), content, ..CallResult::default() });
            }
            kind => self.writer.keep(kind, item.clone()),
        }
    }

    fn message(&mut self, item: &Value) {
        let said = content(&item["content"]);
        match text(item, "role") {
            Some("user") if !INJECTED.iter().any(|start| said.trim_start().starts_with(start)) => {
                self.prompt(&said, WIRE)
            }
            Some("assistant") => self.say(&said, WIRE),
            _ => self.writer.keep("message", item.clone()),
        }
    }

    fn shown(&mut self, event: &Value) {
        let told = |key| text(event, key).unwrap_or_default();
        match text(event, "type").unwrap_or("unknown") {
            "user_message" => self.prompt(told("message"), SHOWN),
            "agent_message" => self.say(told("message"), SHOWN),
            "agent_reasoning" => self.think(told("text"), SHOWN),
            "token_count" => self.tokens(&event["info"]),
            "exec_command_end" => {
                if let (Some(id), Some(code)) = (owned(event, "call_id"), event["exit_code"].as_i64()) {
                    self.exit_codes.insert(id, code);
                }
            }
            "turn_aborted" => self.writer.notice("interrupted", told("reason")),
            "error" | "stream_error" | "warning" => self.writer.notice("warning", told("message")),
            // What these say is in the other log.
            "exec_command_begin"
            | "exec_command_output_delta"
            | "patch_apply_begin"
            | "agent_reasoning_section_break"
            | "agent_message_delta"
            | "agent_reasoning_delta"
            | "agent_message_content_delta"
            | "agent_reasoning_raw_content" => {}
            kind => self.writer.keep(kind, event.clone()),
        }
    }

    /// Whether the text was not in the other log already.
    fn is_news(&mut self, kind: &str, said: &str, log: usize) -> bool {
        let heard = self.heard.entry(heard_as(kind, said)).or_default();
        let before = heard[0].max(heard[1]);
        heard[log] += 1;
        heard[log] > before && !said.trim().is_empty()
    }

    fn prompt(&mut self, said: &str, log: usize) {
        if self.is_news("user", said, log) {
            // It may come again in the other log, what was before it no more.
            let own = heard_as("user", said);
            self.heard.retain(|text, _| *text == own);
            self.writer.user(said);
        }
    }

    fn say(&mut self, said: &str, log: usize) {
        if self.is_news("model", said, log) {
            self.writer.request(self.model_ref());
            self.writer.said(said);
        }
    }

    fn think(&mut self, thought: &str, log: usize) {
        if self.is_news("thought", thought, log) {
            self.writer.request(self.model_ref());
            self.writer.thought(thought);
        }
    }

    fn call(&mut self, item: &Value, arguments: Map<String, Value>) {
        let id = text(item, "call_id").or_else(|| text(item, "id")).unwrap_or_default().to_owned();
        let name = text(item, "name").or_else(|| text(item, "type")).unwrap_or("unknown").to_owned();
        let patch = arguments.get("input").and_then(Value::as_str).filter(|_| name == "apply_patch");
        if let Some((path, content)) = patch.and_then(edits::added) {
            self.added.insert(id.clone(), edits::diff(path, "", &content, true));
        }
        self.writer.request(self.model_ref());
        self.writer.call(&id, &name, arguments);
    }

    fn output(&mut self, item: &Value) {
        let id = owned(item, "call_id").unwrap_or_default();
        let told = &item["output"];
        let packed = told.as_str().filter(|text| text.starts_with('{')).and_then(|text| parse(text.as_bytes()));
        let (told, code) = match &packed {
            Some(packed) if packed["output"].is_string() => {
                (&packed["output"], packed["metadata"]["exit_code"].as_i64())
            }
            _ => (told.get("content").unwrap_or(told), None),
        };
        let content = content(told);
        let code = code.or_else(|| self.exit_codes.remove(&id)).or_else(|| printed_code(&content));
        let is_said_to = item["output"].get("success").and_then(Value::as_bool);
        let has_failed = ["apply_patch verification failed", "Failed to ", "aborted by user", "exec_command failed"];
        let success =
            is_said_to.unwrap_or(code.unwrap_or(0) == 0 && !has_failed.iter().any(|start| content.starts_with(start)));
        let mut metadata = self.added.remove(&id).filter(|_| success).unwrap_or_default();
        if let Some(code) = code {
            metadata.insert("exit_code".into(), code.into());
        }
        let is_denied = !success && content.contains("rejected by user");
        let status = is_denied.then(|| "denied".to_owned());
        let call_id = Some(id);
        self.writer.result(CallResult { call_id, content, success: Some(success), status, summary: None, metadata });
    }

    /// What was spent in all comes again and again; what is new of it counts. Codex counts what comes from the cache as
    /// read.
    fn tokens(&mut self, info: &Value) {
        let of = |usage: &Value| Usage {
            input: number(usage, "input_tokens").saturating_sub(number(usage, "cached_input_tokens")),
            output: number(usage, "output_tokens"),
            cache_read: number(usage, "cached_input_tokens"),
            reasoning: number(usage, "reasoning_output_tokens"),
            ..Usage::default()
        };
        let all = of(&info["total_token_usage"]);
        let parts = |usage: &Usage| [usage.input, usage.output, usage.cache_read, usage.reasoning];
        let has_grown = parts(&all).iter().zip(parts(&self.spent)).all(|(now, before)| *now >= before);
        let new = match has_grown {
            true => Usage {
                input: all.input - self.spent.input,
                output: all.output - self.spent.output,
                cache_read: all.cache_read - self.spent.cache_read,
                reasoning: all.reasoning - self.spent.reasoning,
                ..Usage::default()
            },
            // It began anew.
            false => of(&info["last_token_usage"]),
        };
        if parts(&all) != [0; 4] {
            self.spent = all;
        }
        self.writer.usage(&Usage { model: self.model_ref(), ..new }, None);
    }

    fn model_ref(&self) -> Option<String> {
        Some(format!("{}/{}", self.provider, self.model.as_deref()?))
    }
}

/// Long texts need not be kept to be known again.
fn heard_as(kind: &str, said: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, said.trim()).hash(&mut hasher);
    hasher.finish()
}

/// The exit code in the first lines of what a command printed, as Codex writes them above it.
fn printed_code(content: &str) -> Option<i64> {
    let lines = content.lines().take(6).take_while(|line| *line != "Output:");
    let code = |line: &str| {
        let rest = ["Exit code: ", "Process exited with code "].iter().find_map(|start| line.strip_prefix(start))?;
        rest.trim().parse().ok()
    };
    lines.into_iter().find_map(code)
}
