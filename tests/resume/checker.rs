//! The rules of the two APIs, written down after their documentation and not after our code.

use std::collections::HashSet;

use serde_json::Value;

fn is_plain(text: &str, longest: usize) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    plain && !text.is_empty() && text.len() <= longest
}

/// Panics when Anthropic's Messages API would not take the request.
pub(super) fn anthropic(request: &Value) {
    let messages = request["messages"].as_array().expect("messages");
    assert!(!messages.is_empty() && messages[0]["role"] == "user", "{request}");
    let declared: HashSet<_> = request["tools"].as_array().into_iter().flatten().map(|tool| &tool["name"]).collect();
    let mut ids = HashSet::new();
    let mut open: Vec<&Value> = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        assert_eq!(message["role"], ["user", "assistant"][number % 2], "roles alternate: {request}");
        let blocks = message["content"].as_array().expect("blocks");
        assert!(!blocks.is_empty(), "{request}");
        let mut results: Vec<&Value> = Vec::new();
        let mut has_other = false;
        let mut calls = Vec::new();
        for block in blocks {
            match block["type"].as_str().expect("type") {
                "text" => {
                    let text = block["text"].as_str().expect("text");
                    assert!(!text.trim().is_empty() && !text.ends_with(char::is_whitespace), "{block}");
                    has_other = true;
                }
                "tool_use" => {
                    assert_eq!(message["role"], "assistant");
                    assert!(
                        is_plain(block["id"].as_str().unwrap(), 64) && is_plain(block["name"].as_str().unwrap(), 64)
                    );
                    assert!(ids.insert(block["id"].clone()), "the id comes again: {block}");
                    assert!(block["input"].is_object() && declared.contains(&block["name"]), "{block}");
                    calls.push(&block["id"]);
                }
                "tool_result" => {
                    assert!(message["role"] == "user" && !has_other, "results come first: {request}");
                    assert!(block.get("content").is_none_or(|content| !content.as_str().unwrap().is_empty()));
                    results.push(&block["tool_use_id"]);
                }
                other => panic!("{other}"),
            }
        }
        assert_eq!(open, results, "what was called is answered, in the next message: {request}");
        open = calls;
    }
    assert!(open.is_empty(), "{request}");
}

/// Panics when OpenAI's chat completions would not take the request.
pub(super) fn openai(request: &Value) {
    let messages = request["messages"].as_array().expect("messages");
    assert!(messages.len() > 1 && messages[0]["role"] == "system" && messages[1]["role"] == "user", "{request}");
    let names = |tool: &Value| tool["function"]["name"].clone();
    let declared: HashSet<_> = request["tools"].as_array().into_iter().flatten().map(names).collect();
    let mut ids = HashSet::new();
    let mut open: Vec<Value> = Vec::new();
    let mut before = "system";
    for message in &messages[1..] {
        let role = message["role"].as_str().expect("role");
        let has_text = message["content"].as_str().is_some_and(|text| !text.trim().is_empty());
        match role {
            "tool" => {
                assert!(message["content"].is_string(), "{message}");
                let at = open.iter().position(|id| *id == message["tool_call_id"]);
                open.remove(at.unwrap_or_else(|| panic!("a result without its call: {request}")));
                before = role;
                continue;
            }
            "user" => assert!(has_text, "{message}"),
            "assistant" => assert!(has_text || message["tool_calls"].is_array(), "{message}"),
            other => panic!("{other}"),
        }
        assert!(open.is_empty(), "calls are answered before anybody speaks: {request}");
        assert_ne!(before, role, "{request}");
        before = role;
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            assert!(ids.insert(call["id"].clone()) && is_plain(call["id"].as_str().unwrap(), 40), "{call}");
            let function = &call["function"];
            assert!(is_plain(function["name"].as_str().unwrap(), 64) && declared.contains(&function["name"]));
            let arguments: Value = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
            assert!(arguments.is_object() && call["type"] == "function");
            open.push(call["id"].clone());
        }
    }
    assert!(open.is_empty(), "{request}");
}
