//! Claude Code: `projects/<directory>/<session id>.jsonl`, a line for every block of a message, in the order in which
//! they came. Lines of one answer share a message id, and all carry its usage as far as it was known then: the last of
//! them counts.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::json::{arguments, content, list, number, owned, text, time};
use super::sidechain::Sidechains;
use super::writer::Writer;
use super::{Facts, each_line, edits, first_of, rewound};
use crate::session::{CallResult, Usage};

/// The file is called by it; a session that was forked has lines of others in it.
pub(super) fn native_id(file: &mut File, path: &Path) -> io::Result<Option<String>> {
    let is_line =
        |line: &Value| text(line, "type").is_some() && ["uuid", "leafUuid"].iter().any(|key| text(line, key).is_some());
    let told = first_of(file, |line| owned(line, "sessionId").filter(|_| text(line, "type").is_some()))?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_uuid(stem)).map(str::to_owned);
    if told.is_none() && first_of(file, |line| is_line(line).then_some(()))?.is_none() {
        return Ok(None);
    }
    Ok(stem.or(told))
}

pub(super) fn convert(mut file: File, path: &Path, writer: &mut Writer) -> io::Result<Facts> {
    let mut claude = Claude {
        rewound: rewound::prompts(&mut file)?,
        writer,
        facts: Facts::default(),
        seen: HashSet::new(),
        counted: HashSet::new(),
        answer: None,
        sides: Sidechains::beside(path),
        has_custom_title: false,
    };
    let skipped = each_line(file, |line, _| claude.line(line))?;
    claude.flush();
    claude.sides.finish(claude.writer);
    claude.writer.told.skipped += skipped;
    Ok(claude.facts)
}

struct Claude<'w> {
    writer: &'w mut Writer,
    facts: Facts,
    /// Lines come twice now and then.
    seen: HashSet<String>,
    /// Prompts that were taken back, and lines that came of them.
    rewound: HashSet<String>,
    /// Messages whose usage is written.
    counted: HashSet<String>,
    /// The message that is being read, and what it cost as far as is known.
    answer: Option<(String, Usage)>,
    sides: Sidechains,
    has_custom_title: bool,
}

impl Claude<'_> {
    fn line(&mut self, line: Value) {
        self.writer.at(time(&line["timestamp"]));
        if owned(&line, "uuid").is_some_and(|uuid| !self.seen.insert(uuid)) {
            return;
        }
        if self.facts.cwd.is_empty() {
            self.facts.cwd = owned(&line, "cwd").unwrap_or_default();
        }
        let branch = owned(&line, "gitBranch").filter(|branch| branch != "HEAD");
        self.facts.branch = branch.or(self.facts.branch.take());
        if line["isSidechain"] == true {
            return self.sides.line(self.writer, line);
        }
        if self.is_rewound(&line) {
            return self.writer.keep("rewound", line);
        }
        match text(&line, "type").unwrap_or("unknown") {
            "user" => self.user(line),
            "assistant" => self.assistant(line),
            kind @ ("custom-title" | "ai-title" | "summary") => {
                let kind = kind.to_owned();
                self.title(&kind, line);
            }
            "attachment" => match queued(&line["attachment"]) {
                Some(prompt) => self.writer.user(&prompt),
                None => self.writer.keep("attachment", line),
            },
            kind => self.writer.keep(kind, line.clone()),
        }
    }

    /// What was taken back is no part of the conversation any more, but was paid for.
    fn is_rewound(&mut self, line: &Value) -> bool {
        let Some(uuid) = text(line, "uuid") else { return false };
        let is_child = || text(line, "parentUuid").is_some_and(|parent| self.rewound.contains(parent));
        if !self.rewound.contains(uuid) && !is_child() {
            return false;
        }
        self.rewound.insert(uuid.to_owned());
        if text(line, "type") == Some("assistant") {
            let id = text(&line["message"], "id").unwrap_or(uuid).to_owned();
            if self.answer.as_ref().is_none_or(|(before, _)| *before != id) {
                self.flush();
            }
            self.answer = Some((id, usage(&line["message"]["usage"])));
        }
        true
    }

    fn user(&mut self, line: Value) {
        let said = &line["message"]["content"];
        if line["isCompactSummary"] == true {
            return self.writer.notice("compaction", &content(said));
        }
        let mut rest = Vec::new();
        for block in list(said) {
            match text(block, "type") {
                Some("tool_result") => self.result(block, &line["toolUseResult"]),
                _ => rest.push(block.clone()),
            }
        }
        let prompt = if said.is_string() { content(said) } else { content(&Value::from(rest)) };
        if prompt.trim().is_empty() {
            return;
        }
        if line["isMeta"] == true || prompt.starts_with("<local-command-") {
            return self.writer.keep("user", line);
        }
        if let Some(command) = slash_command(&prompt) {
            return self.writer.notice("command", &command);
        }
        if prompt.starts_with("[Request interrupted by user") {
            return self.writer.notice("interrupted", &prompt);
        }
        self.flush();
        self.writer.user(&prompt);
    }

    fn result(&mut self, block: &Value, told: &Value) {
        if let Some(agent) = text(told, "agentId") {
            self.sides.came_back(self.writer, agent);
        }
        self.writer.result(result(block, told));
    }

    fn assistant(&mut self, line: Value) {
        let message = &line["message"];
        if text(message, "model") == Some("<synthetic>") {
            return self.writer.notice("warning", &content(&message["content"]));
        }
        let id = text(message, "id").or_else(|| text(&line, "uuid")).unwrap_or_default().to_owned();
        if self.answer.as_ref().is_none_or(|(before, _)| *before != id) {
            self.flush();
            self.writer.request(text(message, "model").map(|model| format!("anthropic/{model}")));
        }
        self.answer = Some((id, usage(&message["usage"])));
        if let Some(said) = message["content"].as_str() {
            return self.writer.said(said);
        }
        for block in list(&message["content"]) {
            match text(block, "type").unwrap_or("unknown") {
                "text" => self.writer.said(text(block, "text").unwrap_or_default()),
                "thinking" => self.writer.thought(text(block, "thinking").unwrap_or_default()),
                "tool_use" => {
                    let (id, name) = (text(block, "id").unwrap_or_default(), text(block, "name").unwrap_or_default());
                    self.writer.call(id, name, arguments(&block["input"]));
                }
                kind => self.writer.keep(kind, block.clone()),
            }
        }
    }

    /// What the person chose stays; a summary at the start of a file is that of another session.
    fn title(&mut self, kind: &str, line: Value) {
        let key = match kind {
            "custom-title" => "customTitle",
            "ai-title" => "aiTitle",
            _ => "summary",
        };
        let is_other = kind == "summary" && text(&line, "leafUuid").is_none_or(|leaf| !self.seen.contains(leaf));
        match owned(&line, key).filter(|_| !is_other) {
            Some(title) if kind == "custom-title" || !self.has_custom_title => {
                self.has_custom_title |= kind == "custom-title";
                self.facts.is_users_title = self.has_custom_title;
                self.writer.title(&title);
                self.facts.title = Some(title);
            }
            _ => self.writer.keep(kind, line),
        }
    }

    /// The answer is read: what it cost is known.
    fn flush(&mut self) {
        if let Some((id, usage)) = self.answer.take()
            && self.counted.insert(id)
        {
            self.writer.usage(&usage, None);
        }
    }
}

/// A result's block, with what the line tells of it besides.
pub(super) fn result(block: &Value, told: &Value) -> CallResult {
    let content = content(&block["content"]);
    let is_error = block["is_error"] == true;
    let mut metadata = if is_error { None } else { edits::of_claude(told) }.unwrap_or_default();
    if let Some(code) = content.strip_prefix("Exit code ").and_then(|rest| rest.lines().next()?.parse::<i64>().ok()) {
        metadata.insert("exit_code".into(), code.into());
    } else if told.get("stdout").is_some() && told["interrupted"] != true && !is_error {
        metadata.insert("exit_code".into(), 0.into());
    }
    let is_denied = is_error && content.starts_with("The user doesn't want to proceed with this tool use");
    CallResult {
        call_id: owned(block, "tool_use_id"),
        success: Some(!is_error),
        status: is_denied.then(|| "denied".to_owned()),
        content,
        summary: None,
        metadata,
    }
}

/// What an answer cost.
pub(super) fn usage(usage: &Value) -> Usage {
    Usage {
        input: number(usage, "input_tokens"),
        output: number(usage, "output_tokens"),
        cache_read: number(usage, "cache_read_input_tokens"),
        cache_creation: number(usage, "cache_creation_input_tokens"),
        ..Usage::default()
    }
}

/// What the person typed while the model was at work. Tasks that end are told in the same way.
fn queued(attachment: &Value) -> Option<String> {
    let is_prompt = text(attachment, "commandMode").is_none_or(|mode| mode == "prompt");
    let is_human = text(&attachment["origin"], "kind").is_none_or(|kind| kind == "human");
    let prompt = content(&attachment["prompt"]);
    let is_typed = is_prompt && is_human && text(attachment, "type") == Some("queued_command");
    (is_typed && !prompt.trim().is_empty() && !prompt.starts_with("<task-notification>")).then_some(prompt)
}

/// `/name arguments`, when that is all the prompt is: what the command made of it comes in a line of its own.
fn slash_command(prompt: &str) -> Option<String> {
    if !prompt.trim_start().starts_with("<command-") {
        return None;
    }
    let between = |tag: &str| {
        let (_, rest) = prompt.split_once(&format!("<{tag}>"))?;
        rest.split_once(&format!("</{tag}>")).map(|(inside, _)| inside.trim())
    };
    let name = between("command-name")?;
    let arguments = between("command-args").unwrap_or_default();
    Some(format!("{name} {arguments}").trim_end().to_owned())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// What a message is made of, for a subagent: rows within rows.
pub(super) fn inner(block: &Value) -> Option<Map<String, Value>> {
    let row = match text(block, "type")? {
        "text" => serde_json::json!({ "type": "assistant_message", "text": text(block, "text")? }),
        "thinking" => serde_json::json!({ "type": "assistant_thinking", "text": text(block, "thinking")? }),
        "tool_use" => serde_json::json!({
            "type": "tool_call", "id": text(block, "id")?, "name": text(block, "name")?, "arguments": arguments(&block["input"]),
        }),
        _ => return None,
    };
    row.as_object().cloned()
}
