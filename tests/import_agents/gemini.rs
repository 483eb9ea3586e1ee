//! Gemini CLI: lines that replace each other.

use serde_json::{Value, json};

use super::{lines, meta, of_type, rows, types};
use crate::programs::World;

pub(super) fn message(id: &str, second: u32, kind: &str, rest: Value) -> Value {
    let mut message = json!({"id": id, "timestamp": format!("2026-09-03T08:00:{second:02}.000Z"), "type": kind});
    message.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    message
}

pub(super) fn head() -> Value {
    json!({"sessionId": "5e55-10", "projectHash": "abc", "startTime": "2026-09-03T08:00:00.000Z", "lastUpdated": "2026-09-03T08:00:00.000Z", "directories": ["/w/api"]})
}

pub(super) fn answer(status: &str) -> Value {
    let call = json!({
        "id": "replace-1", "name": "replace", "args": {"file_path": "/w/api/a", "old_string": "1", "new_string": "2"}, "status": status,
        "result": [{"functionResponse": {"id": "replace-1", "name": "replace", "response": {"output": "Modified"}}}],
        "resultDisplay": {"fileName": "a", "fileDiff": "..", "originalContent": "1\n", "newContent": "2\n"},
    });
    message(
        "m2",
        2,
        "gemini",
        json!({
            "content": "I edit.", "model": "gemini-3-pro", "thoughts": [{"subject": "Plan", "description": "edit"}], "toolCalls": [call],
            "tokens": {"input": 50, "output": 5, "cached": 20, "thoughts": 3, "total": 58},
        }),
    )
}

const WANTED: [&str; 6] =
    ["user_message", "assistant_thinking", "assistant_message", "tool_call", "tool_result", "usage"];

#[track_caller]
fn check(world: &World) {
    let rows = rows(world, "gemini-5e55-10");
    assert_eq!(types(&rows)[..6], WANTED);
    let result = of_type(&rows, "tool_result")[0];
    assert_eq!(result["metadata"]["diff"], json!({"path": "/w/api/a", "old_text": "1\n", "new_text": "2\n"}));
    assert_eq!((&rows[5]["input_tokens"], &rows[5]["cache_read_tokens"]), (&30.into(), &20.into()));
    let meta = meta(world, "gemini-5e55-10");
    assert_eq!((&meta["cwd"], &meta["model_ref"]), (&"/w/api".into(), &"google/gemini-3-pro".into()));
}

#[test]
fn the_last_line_of_a_message_counts() {
    let world = World::new();
    let all = [
        head(),
        message("m1", 1, "user", json!({"content": [{"text": "Edit a"}]})),
        message("m2", 2, "gemini", json!({"content": ""})),
        answer("executing"),
        message("m3", 3, "user", json!({"content": "Take this back"})),
        message("m4", 4, "gemini", json!({"content": "I do."})),
        json!({"$rewindTo": "m3"}),
        answer("success"),
        json!({"$set": {"lastUpdated": "2026-09-03T08:00:09.000Z", "summary": "An edit"}}),
        message("m5", 5, "info", json!({"content": "Update available"})),
    ];
    world.sandbox.write("s.jsonl", lines(&all));
    world.ends(0, "import", &["--from", "gemini", "s.jsonl"]);
    check(&world);
    assert_eq!(rows(&world, "gemini-5e55-10").len(), 7);
    assert_eq!(meta(&world, "gemini-5e55-10")["title"], "An edit");
}

#[test]
fn a_prompt_that_was_taken_back_is_not_lost_on_the_way() {
    let world = World::new();
    let mut all = vec![
        head(),
        message("m1", 1, "user", json!({"content": "Fix it"})),
        message("m2", 2, "gemini", json!({"content": "ok"})),
        message("m3", 3, "user", json!({"content": "next"})),
        message("m4", 4, "gemini", json!({"content": "done"})),
    ];
    let import = |code, all: &[_]| {
        world.sandbox.write("s.jsonl", lines(all));
        world.ends(code, "import", &["--from", "gemini", "s.jsonl"]).1
    };
    import(0, &all);
    all.extend([
        json!({"$rewindTo": "m3"}),
        message("m5", 5, "user", json!({"content": "again"})),
        message("m6", 6, "gemini", json!({"content": "done again"})),
    ]);
    let err = import(1, &all);
    assert!(err.contains("the transcript no longer begins with what it has"), "{err}");
    assert_eq!(of_type(&rows(&world, "gemini-5e55-10"), "user_message")[1]["text"], "next");
}

#[test]
fn a_new_title_is_news_enough() {
    let world = World::new();
    let mut all = vec![head(), message("m1", 1, "user", json!({"content": "Fix it"}))];
    let import = |all: &[_]| {
        world.sandbox.write("s.jsonl", lines(all));
        world.ends(0, "import", &["--from", "gemini", "s.jsonl"]);
        meta(&world, "gemini-5e55-10")["title"].clone()
    };
    assert_eq!(import(&all), "Fix it");
    all.push(json!({"$set": {"summary": "A fix"}}));
    assert_eq!(import(&all), "A fix");
}

#[test]
fn all_messages_can_be_set_at_once() {
    let world = World::new();
    let prompt = message("m1", 1, "user", json!({"content": "Edit a"}));
    let all = [
        head(),
        message("m0", 0, "user", json!({"content": "gone"})),
        json!({"$set": {"messages": [prompt, answer("success")]}}),
    ];
    world.sandbox.write("s.jsonl", lines(&all));
    world.ends(0, "import", &["--from", "gemini", "s.jsonl"]);
    check(&world);
}

#[test]
fn the_older_form_is_one_object() {
    for pretty in [true, false] {
        let world = World::new();
        let mut whole = head();
        whole["messages"] = json!([message("m1", 1, "user", json!({"content": "Edit a"})), answer("success")]);
        world.sandbox.write("s.json", if pretty { format!("{whole:#}") } else { whole.to_string() });
        world.ends(0, "import", &["--from", "gemini", "s.json"]);
        check(&world);
        // The last message may still change, and others come.
        whole["messages"][1] = answer("cancelled");
        whole["messages"].as_array_mut().unwrap().push(message("m3", 3, "user", json!({"content": "Why?"})));
        world.sandbox.write("s.json", whole.to_string());
        assert!(world.ends(0, "import", &["--from", "gemini", "s.json"]).1.contains("has grown"));
    }
}
