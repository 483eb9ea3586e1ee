//! Turns as the messages of an API. Anthropic's Messages API wants roles to alternate, beginning with the user, every
//! `tool_use` answered in the very next message, results before other content, no blank text, names and ids of few
//! characters, and tools that are declared
//! (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use>). OpenAI's chat completions want
//! every call answered by messages of the role `tool` right behind it, its arguments as JSON in a string
//! (<https://platform.openai.com/docs/api-reference/chat/create>). Both want the ids of calls to be unique.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::keep::Piece;
use super::turns::{Answered, CANCELLED, Left, Turn};
use super::{About, preamble};
use crate::session::Outcome;

/// What the user says when a conversation begins with the model.
const NO_PROMPT: &str = "[The session begins without a prompt.]";

pub(super) fn anthropic(pieces: &[Piece<'_>], about: &About, left: &Left, prompt: Option<&str>) -> String {
    let (mut messages, mut names) = (Vec::new(), Names::default());
    for piece in pieces {
        match piece {
            Piece::Turn(turn) => anthropic_turn(&mut messages, turn, &mut names),
            Piece::Gap(gap) => add(&mut messages, "user", vec![text_block(gap)]),
        }
    }
    if let Some(prompt) = prompt {
        add(&mut messages, "user", vec![text_block(prompt)]);
    }
    let tools = names
        .tools
        .iter()
        .map(|name| json!({ "name": name, "description": DESCRIPTION, "input_schema": { "type": "object" } }));
    let mut request = json!({
        "model": model_name(about),
        "max_tokens": 8192,
        "system": preamble(about, left),
        "messages": messages,
        "tools": tools.collect::<Vec<_>>(),
    });
    tidied(&mut request)
}

pub(super) fn anthropic_bytes(turn: &Turn) -> usize {
    let mut messages = Vec::new();
    anthropic_turn(&mut messages, turn, &mut Names::default());
    Value::from(messages).to_string().len()
}

fn anthropic_turn(messages: &mut Vec<Value>, turn: &Turn, names: &mut Names) {
    match turn {
        Turn::User(text) => add(messages, "user", vec![text_block(text)]),
        Turn::Model { text, calls } => {
            let (mut blocks, mut results) = (Vec::new(), Vec::new());
            if !text.trim().is_empty() {
                blocks.push(text_block(text));
            }
            for call in calls {
                let id = names.id(call);
                blocks.push(json!({
                    "type": "tool_use", "id": id, "name": names.tool(call), "input": call.call.arguments,
                }));
                let mut result = json!({ "type": "tool_result", "tool_use_id": id });
                if !content(call).trim().is_empty() {
                    result["content"] = content(call).into();
                }
                if has_failed(call) {
                    result["is_error"] = true.into();
                }
                results.push(result);
            }
            if !blocks.is_empty() {
                add(messages, "assistant", blocks);
            }
            if !results.is_empty() {
                add(messages, "user", results);
            }
        }
    }
}

/// Content of one role that follows content of the same is one message with it.
fn add(messages: &mut Vec<Value>, role: &str, blocks: Vec<Value>) {
    if messages.is_empty() && role == "assistant" {
        messages.push(json!({ "role": "user", "content": [text_block(NO_PROMPT)] }));
    }
    match messages.last_mut() {
        Some(last) if last["role"] == role => {
            if let Some(content) = last["content"].as_array_mut() {
                content.extend(blocks);
            }
        }
        _ => messages.push(json!({ "role": role, "content": blocks })),
    }
}

/// The last message may not end in white space.
fn text_block(text: &str) -> Value {
    json!({ "type": "text", "text": text.trim_end() })
}

pub(super) fn openai(pieces: &[Piece<'_>], about: &About, left: &Left, prompt: Option<&str>) -> String {
    let (mut messages, mut names) = (Vec::new(), Names::default());
    messages.push(json!({ "role": "system", "content": preamble(about, left) }));
    for piece in pieces {
        match piece {
            Piece::Turn(turn) => openai_turn(&mut messages, turn, &mut names),
            Piece::Gap(gap) => say(&mut messages, "user", gap),
        }
    }
    if let Some(prompt) = prompt {
        say(&mut messages, "user", prompt);
    }
    let tools = names.tools.iter().map(|name| {
        let parameters = json!({ "type": "object", "properties": {} });
        json!({ "type": "function", "function": { "name": name, "description": DESCRIPTION, "parameters": parameters } })
    });
    let mut request = json!({ "model": model_name(about), "messages": messages, "tools": tools.collect::<Vec<_>>() });
    tidied(&mut request)
}

pub(super) fn openai_bytes(turn: &Turn) -> usize {
    let mut messages = Vec::new();
    openai_turn(&mut messages, turn, &mut Names::default());
    Value::from(messages).to_string().len()
}

fn openai_turn(messages: &mut Vec<Value>, turn: &Turn, names: &mut Names) {
    let (text, calls) = match turn {
        Turn::User(text) => return say(messages, "user", text),
        Turn::Model { text, calls } => (text, calls),
    };
    if calls.is_empty() {
        return say(messages, "assistant", text);
    }
    let ids: Vec<_> = calls.iter().map(|call| names.id(call)).collect();
    let made: Vec<_> = calls
        .iter()
        .zip(&ids)
        .map(|(call, id)| {
            let arguments = serde_json::to_string(&call.arguments()).unwrap_or_default();
            json!({ "id": id, "type": "function", "function": { "name": names.tool(call), "arguments": arguments } })
        })
        .collect();
    if text.trim().is_empty() && !is_text_of(messages.last(), "assistant") {
        begin(messages);
        messages.push(json!({ "role": "assistant", "content": null, "tool_calls": made }));
    } else {
        if !text.trim().is_empty() {
            say(messages, "assistant", text);
        }
        if let Some(last) = messages.last_mut() {
            last["tool_calls"] = made.into();
        }
    }
    for (call, id) in calls.iter().zip(&ids) {
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": content(call) }));
    }
}

/// What one role says twice in a row is one message.
fn say(messages: &mut Vec<Value>, role: &str, text: &str) {
    let text = text.trim_end();
    match messages.last_mut() {
        Some(last) if is_text_of(Some(&*last), role) => {
            if let Some(Value::String(said)) = last.get_mut("content") {
                said.push_str("\n\n");
                said.push_str(text);
            }
        }
        _ => {
            if role == "assistant" {
                begin(messages);
            }
            messages.push(json!({ "role": role, "content": text }));
        }
    }
}

/// Behind the system's message there is the user's.
fn begin(messages: &mut Vec<Value>) {
    if is_text_of(messages.last(), "system") {
        messages.push(json!({ "role": "user", "content": NO_PROMPT }));
    }
}

/// Whether a message is a plain text of that role.
fn is_text_of(message: Option<&Value>, role: &str) -> bool {
    message.is_some_and(|message| {
        message["role"] == role && message["content"].is_string() && message.get("tool_calls").is_none()
    })
}

const DESCRIPTION: &str = "A tool of the earlier session.";

/// What is not known, and tools that are not there, are not in a request.
fn tidied(request: &mut Value) -> String {
    if let Some(request) = request.as_object_mut() {
        request.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    }
    format!("{request}\n")
}

/// The model without its provider; none when nobody knows.
fn model_name(about: &About) -> Option<&str> {
    let model = about.model.as_deref()?;
    Some(model.split_once('/').map_or(model, |(_, name)| name))
}

/// The names and ids that were given out.
#[derive(Default)]
struct Names {
    ids: HashSet<String>,
    tools: Vec<String>,
}

impl Names {
    /// The call's own id where an API takes it and nobody has it yet, else a new one.
    fn id(&mut self, call: &Answered) -> String {
        const LONGEST: usize = 40;
        let is_good = |id: &&String| id.len() <= LONGEST && id.bytes().all(is_plain) && !self.ids.contains(*id);
        let own = call.call.id.as_ref().filter(is_good).cloned();
        let id = own.unwrap_or_else(|| {
            let mut number = self.ids.len();
            std::iter::repeat_with(|| {
                number += 1;
                format!("replay_{number}")
            })
            .find(|id| !self.ids.contains(id))
            .unwrap_or_default()
        });
        self.ids.insert(id.clone());
        id
    }

    /// The tool's name in the characters that an API takes.
    fn tool(&mut self, call: &Answered) -> String {
        const LONGEST: usize = 64;
        let plain = |c: char| if c.is_ascii() && is_plain(c as u8) { c } else { '_' };
        let name: String = call.call.name.trim().chars().take(LONGEST).map(plain).collect();
        if !self.tools.contains(&name) {
            self.tools.push(name.clone());
        }
        name
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn content(call: &Answered) -> &str {
    call.result.as_ref().map_or(CANCELLED, |result| &result.content)
}

fn has_failed(call: &Answered) -> bool {
    let is_command = call.call.command().is_some();
    call.result.as_ref().is_none_or(|result| !Outcome::of(result, is_command).may_have_worked())
}
