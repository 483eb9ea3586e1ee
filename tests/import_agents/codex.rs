//! Codex: two logs in one file.

use std::fs;

use serde_json::{Value, json};

use super::{lines, meta, of_type, rows, types};
use crate::programs::World;

const UUID: &str = "019a2d7a-41c4-78b1-b7cc-a45d62a89cd5";

fn line(second: u32, kind: &str, payload: Value) -> Value {
    json!({"timestamp": format!("2026-09-02T08:00:{second:02}.500Z"), "type": kind, "payload": payload})
}

fn item(second: u32, payload: Value) -> Value {
    line(second, "response_item", payload)
}

fn event(second: u32, payload: Value) -> Value {
    line(second, "event_msg", payload)
}

fn said(second: u32, role: &str, text: &str) -> Value {
    let kind = if role == "assistant" { "output_text" } else { "input_text" };
    item(second, json!({"type": "message", "role": role, "content": [{"type": kind, "text": text}]}))
}

fn tokens(second: u32, input: u32, cached: u32, output: u32) -> Value {
    let usage = json!({"input_tokens": input, "cached_input_tokens": cached, "output_tokens": output, "reasoning_output_tokens": 1});
    event(second, json!({"type": "token_count", "info": {"total_token_usage": usage, "last_token_usage": usage}}))
}

pub(super) fn session(cwd: &str) -> Vec<Value> {
    vec![
        line(
            0,
            "session_meta",
            json!({"id": UUID, "cwd": cwd, "cli_version": "0.99.0", "source": "cli", "model_provider": "openai", "git": {"branch": "main", "commit_hash": "ec6a588191a3", "repository_url": "https://example.org/r.git"}}),
        ),
        said(0, "developer", "<permissions instructions>"),
        said(0, "user", "<environment_context>\n</environment_context>"),
        said(1, "user", "Add a file"),
        event(1, json!({"type": "user_message", "message": "Add a file"})),
        line(1, "turn_context", json!({"cwd": cwd, "model": "gpt-5-codex", "effort": "high"})),
        event(2, json!({"type": "agent_reasoning", "text": "Which one?"})),
        item(
            2,
            json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "Which one?"}], "encrypted_content": "x"}),
        ),
        event(3, json!({"type": "agent_message", "message": "I look first."})),
        said(3, "assistant", "I look first."),
        item(
            4,
            json!({"type": "function_call", "name": "exec_command", "arguments": "{\"cmd\":\"ls\"}", "call_id": "c1"}),
        ),
        event(5, json!({"type": "exec_command_end", "call_id": "c1", "exit_code": 2, "aggregated_output": "ls: no"})),
        item(5, json!({"type": "function_call_output", "call_id": "c1", "output": "ls: no"})),
        tokens(5, 100, 40, 10),
        tokens(5, 100, 40, 10),
        item(
            6,
            json!({"type": "custom_tool_call", "name": "apply_patch", "call_id": "c2", "input": "*** Begin Patch\n*** Add File: notes.md\n+one\n*** End Patch"}),
        ),
        item(
            6,
            json!({"type": "custom_tool_call_output", "call_id": "c2", "output": "{\"output\":\"Success.\\n\",\"metadata\":{\"exit_code\":0}}"}),
        ),
        item(
            7,
            json!({"type": "local_shell_call", "call_id": "c3", "action": {"type": "exec", "command": ["rm", "x"]}}),
        ),
        item(
            7,
            json!({"type": "function_call_output", "call_id": "c3", "output": "exec_command failed: rejected by user"}),
        ),
        said(8, "assistant", "Done."),
        event(8, json!({"type": "agent_message", "message": "Done."})),
        tokens(8, 300, 140, 30),
        said(9, "user", "Again"),
        event(9, json!({"type": "user_message", "message": "Again"})),
        said(9, "assistant", "Done."),
        line(9, "world_state", json!({"a": 1})),
        line(9, "compacted", json!({"message": "So far: a file"})),
        event(9, json!({"type": "turn_aborted", "reason": "interrupted"})),
    ]
}

#[test]
fn of_two_logs_everything_comes_once() {
    let world = World::new();
    let name = format!("rollout-2026-09-02T08-00-00-{UUID}.jsonl");
    world.sandbox.write(&name, lines(&session("/w/api")));
    let id = format!("codex-{UUID}");
    assert_eq!(world.ends(0, "import", &["--from", "codex", &name]).0, format!("{id}\n"));
    let rows = rows(&world, &id);
    assert_eq!(
        types(&rows),
        [
            "codex.message",
            "codex.message",
            "user_message",
            "assistant_thinking",
            "assistant_message",
            "tool_call",
            "tool_result",
            "usage",
            "tool_call",
            "tool_result",
            "tool_call",
            "tool_result",
            "assistant_message",
            "usage",
            "user_message",
            "assistant_message",
            "codex.world_state",
            "agent_notice",
            "agent_notice",
        ]
    );
    let results = of_type(&rows, "tool_result");
    assert_eq!(results[0]["metadata"]["exit_code"], 2);
    assert_eq!(results[1]["content"], "Success.\n");
    assert_eq!(results[1]["metadata"]["diff"], json!({"path": "notes.md", "old_text": "", "new_text": "one\n"}));
    assert_eq!((&results[2]["status"], &results[2]["success"]), (&"denied".into(), &false.into()));
    let spent: Vec<_> = of_type(&rows, "usage")
        .iter()
        .map(|row| (row["input_tokens"].as_u64().unwrap(), row["cache_read_tokens"].as_u64().unwrap()))
        .collect();
    assert_eq!(spent, [(60, 40), (100, 100)], "what is new of the sum, and what the cache gave apart");
    let meta = meta(&world, &id);
    for (key, value) in [
        ("model_ref", "openai/gpt-5-codex"),
        ("branch", "main"),
        ("head_sha", "ec6a588191a3"),
        ("title", "Add a file"),
        ("cwd", "/w/api"),
    ] {
        assert_eq!(meta[key], value);
    }
    let (out, _) = world.ends(0, "resume", &[&id]);
    assert!(out.contains("=== call apply_patch\ninput:\n    *** Begin Patch\n"), "{out}");
}

#[test]
fn the_first_form_has_nothing_around_its_items() {
    let world = World::new();
    let old = [
        json!({"id": UUID, "timestamp": "2025-06-01T00:00:00Z", "instructions": null}),
        json!({"record_type": "state"}),
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}),
        json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}),
    ];
    world.sandbox.write("old.jsonl", lines(&old));
    world.ends(0, "import", &["--from", "codex", "old.jsonl"]);
    assert_eq!(types(&rows(&world, &format!("codex-{UUID}"))), ["codex.state", "user_message", "assistant_message"]);
}

#[test]
fn the_newest_is_one_of_this_directory() {
    let world = World::new();
    let here = fs::canonicalize(world.sandbox.dir()).unwrap();
    let day = world.sandbox.home().join(".codex/sessions/2026/09/02");
    fs::create_dir_all(&day).unwrap();
    let mut child = session(here.to_str().unwrap());
    child[0]["payload"]["source"] = json!({"subagent": "review"});
    for (name, session) in
        [("here", session(here.to_str().unwrap())), ("child", child), ("other", session("/elsewhere"))]
    {
        fs::write(day.join(format!("rollout-{name}.jsonl")), lines(&session)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let object = world.json(0, "import", &["--from", "codex"]);
    assert!(object["source"].as_str().unwrap().ends_with("rollout-here.jsonl"), "{object}");
}
