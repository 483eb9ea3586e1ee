//! `git glue-import --from`: what other agents recorded, as sessions. The transcripts are made here, line by line.

mod codex;
mod gemini;
mod mutations;
mod opencode;
mod schema;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::programs::World;

const UUID: &str = "11111111-2222-4333-8444-555555555555";

pub(crate) fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The rows of a session, checked.
#[track_caller]
pub(crate) fn rows(world: &World, id: &str) -> Vec<Value> {
    let text = fs::read_to_string(world.sessions().join(id).join("conversation.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    schema::check(id, &rows);
    rows
}

/// Those rows of one type.
pub(crate) fn of_type<'a>(rows: &'a [Value], kind: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["type"] == kind).collect()
}

pub(crate) fn types(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["type"].as_str().unwrap()).collect()
}

pub(crate) fn meta(world: &World, id: &str) -> Value {
    serde_json::from_slice(&fs::read(world.sessions().join(id).join("meta.json")).unwrap()).unwrap()
}

/// Claude Code's lines: a number becomes id and time.
fn line(number: u32, kind: &str, rest: Value) -> Value {
    let mut line = json!({
        "type": kind, "uuid": format!("u{number}"), "parentUuid": format!("u{}", number - 1), "sessionId": UUID,
        "cwd": "/w/api", "gitBranch": "feature", "version": "2.0.0", "isSidechain": false,
        "timestamp": format!("2026-09-01T10:{:02}:{:02}.000Z", number / 60, number % 60),
    });
    line.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    line
}

fn answer(number: u32, id: &str, block: Value, output: u32) -> Value {
    line(
        number,
        "assistant",
        json!({"message": {
            "id": id, "role": "assistant", "model": "claude-sonnet-5", "content": [block],
            "usage": {"input_tokens": 10, "output_tokens": output, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 5},
        }}),
    )
}

fn result(number: u32, id: &str, content: Value, told: Value) -> Value {
    let block = json!({"type": "tool_result", "tool_use_id": id, "content": content});
    line(number, "user", json!({"message": {"role": "user", "content": [block]}, "toolUseResult": told}))
}

fn prompt(number: u32, text: &str) -> Value {
    line(number, "user", json!({"message": {"role": "user", "content": text}}))
}

/// A session with an edit, a command that failed and a question.
pub(crate) fn claude() -> Vec<Value> {
    vec![
        json!({"type": "file-history-snapshot", "messageId": "m", "snapshot": {"trackedFileBackups": {}}}),
        json!({"type": "summary", "summary": "Of another session", "leafUuid": "nowhere"}),
        line(1, "user", json!({"isMeta": true, "message": {"role": "user", "content": "Caveat: commands were run"}})),
        prompt(2, "<command-name>/review</command-name>\n<command-args>the parser</command-args>"),
        prompt(3, "Add a flag\nand test it"),
        answer(4, "msg_1", json!({"type": "thinking", "thinking": "Where is the parser?", "signature": "s"}), 1),
        answer(5, "msg_1", json!({"type": "text", "text": "I edit the parser."}), 2),
        answer(
            6,
            "msg_1",
            json!({"type": "tool_use", "id": "toolu_1", "name": "Edit", "input": {"file_path": "/w/api/cli.rs", "old_string": "a\n", "new_string": "a\nb\n"}}),
            30,
        ),
        result(
            7,
            "toolu_1",
            "The file has been updated".into(),
            json!({
                "filePath": "/w/api/cli.rs", "oldString": "a\n", "newString": "a\nb\n", "originalFile": "x\na\ny\n", "structuredPatch": [], "userModified": false, "replaceAll": false,
            }),
        ),
        answer(
            8,
            "msg_2",
            json!({"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"command": "cargo test"}}),
            20,
        ),
        line(
            9,
            "user",
            json!({"toolUseResult": "Error: Exit code 101", "message": {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": true, "content": [{"type": "text", "text": "Exit code 101\nfailed"}]},
            ]}}),
        ),
        json!({"type": "ai-title", "aiTitle": "Add a flag", "sessionId": UUID}),
        prompt(10, "[Request interrupted by user]"),
        prompt(11, "Go on"),
        answer(12, "msg_3", json!({"type": "text", "text": "Done."}), 3),
    ]
}

fn write(world: &World, name: &str, content: &str) -> PathBuf {
    world.sandbox.write(name, content);
    world.sandbox.path(name)
}

fn import(world: &World, code: i32, name: &str) -> (String, String) {
    world.ends(code, "import", &["--from", "claude", name])
}

#[test]
fn a_session_of_claude_code_is_a_session() {
    let world = World::new();
    let before = write(&world, &format!("{UUID}.jsonl"), &lines(&claude()));
    let (out, err) = import(&world, 0, &format!("{UUID}.jsonl"));
    let id = format!("claude-{UUID}");
    assert_eq!(out, format!("{id}\n"));
    assert_eq!(
        err,
        format!("4 messages and 2 tool calls, 3 rows of other kinds kept as they came\nhint: git glue-resume {id}\n")
    );
    assert_eq!(fs::read_to_string(&before).unwrap(), lines(&claude()), "it is only read");
    let origin = fs::read_to_string(world.sessions().join(&id).join("import.json")).unwrap();
    assert!(origin.contains(fs::canonicalize(before).unwrap().to_str().unwrap()), "{origin}");
    let rows = rows(&world, &id);
    assert_eq!(
        types(&rows),
        [
            "claude.file-history-snapshot",
            "claude.summary",
            "claude.user",
            "agent_notice",
            "user_message",
            "assistant_thinking",
            "assistant_message",
            "tool_call",
            "tool_result",
            "usage",
            "tool_call",
            "tool_result",
            "title_generated",
            "agent_notice",
            "usage",
            "user_message",
            "assistant_message",
            "usage",
        ]
    );
    assert_eq!(rows[3]["message"], "/review the parser");
    assert_eq!(
        rows[8]["metadata"]["diff"],
        json!({"path": "/w/api/cli.rs", "old_text": "x\na\ny\n", "new_text": "x\na\nb\ny\n"})
    );
    assert_eq!((&rows[11]["success"], &rows[11]["metadata"]["exit_code"]), (&false.into(), &101.into()));
    let spent: Vec<_> = of_type(&rows, "usage").iter().map(|row| row["output_tokens"].as_u64().unwrap()).collect();
    assert_eq!(spent, [30, 20, 3], "once for each message, as its last line says");
    assert_eq!(rows[7]["request_id"], rows[8]["request_id"]);
    assert_ne!(rows[8]["request_id"], rows[10]["request_id"]);
    let meta = meta(&world, &id);
    for (key, value) in [
        ("schema_version", json!(5)),
        ("id", json!(id)),
        ("cwd", json!("/w/api")),
        ("branch", json!("feature")),
        ("model_ref", json!("anthropic/claude-sonnet-5")),
        ("title", json!("Add a flag")),
        ("title_source", json!("auto")),
        ("start_time", json!("2026-09-01T10:00:01.000Z")),
        ("end_time", json!("2026-09-01T10:00:12.000Z")),
        ("termination_status", json!("completed")),
        ("message_count", json!(4)),
        ("token_count", json!(3 * 1015 + 53)),
        ("cache_read_tokens", json!(3000)),
    ] {
        assert_eq!(meta[key], value, "{key}");
    }
    let (out, _) = world.ends(0, "resume", &["Add a flag"]);
    assert!(
        out.contains("=== call Bash\ncommand: cargo test\n=== result: failed, exit code 101\nExit code 101\nfailed\n"),
        "{out}"
    );
    assert!(world.ends(0, "list", &[]).0.contains("Add a flag"));
    world.ends(0, "show", &[&id]);
}

#[test]
fn what_has_grown_is_taken_in_again() {
    let world = World::new();
    let all = claude();
    // In the middle of an answer, with the last line torn.
    let torn = lines(&all[..6]) + "{\"type\":\"assis";
    write(&world, "t.jsonl", &torn);
    let id = format!("claude-{UUID}");
    let (out, err) = import(&world, 0, "t.jsonl");
    assert_eq!(out, format!("{id}\n"));
    assert!(err.contains("\n1 message and 0 tool calls, 3 rows"), "{err}");
    assert!(err.starts_with("warning: t.jsonl: 1 line could not be read and came not along\n"), "{err}");
    assert!(import(&world, 0, "t.jsonl").1.contains("in the store already: "));
    write(&world, "t.jsonl", &lines(&all));
    assert!(import(&world, 0, "t.jsonl").1.contains("the session has grown: 4 messages and 2 tool calls"));
    assert_eq!(world.json(0, "import", &["--from", "claude", "t.jsonl"])["already_there"], true);
    assert_eq!((rows(&world, &id).len(), meta(&world, &id)["title"].as_str()), (18, Some("Add a flag")));
    // What was lost is not.
    write(&world, "t.jsonl", &lines(&all[..12]));
    let (_, err) = import(&world, 1, "t.jsonl");
    assert!(
        err.contains("is there already, and the transcript no longer begins with what it has\nhint: --force"),
        "{err}"
    );
    assert_eq!(rows(&world, &id).len(), 18);
    let before = fs::read(world.sessions().join(&id).join("conversation.jsonl")).unwrap();
    let (_, err) = world.ends(0, "import", &["--from", "claude", "--force", "t.jsonl"]);
    assert!(err.contains("the conversation that was there is conversation.jsonl.previous now"), "{err}");
    let previous = |name: &str| fs::read(world.sessions().join(&id).join(name)).unwrap();
    assert_eq!(previous("conversation.jsonl.previous"), before);
    // Nor is what was kept then.
    let before = previous("conversation.jsonl");
    write(&world, "t.jsonl", &lines(&all[4..6]));
    let (_, err) = world.ends(0, "import", &["--from", "claude", "--force", "t.jsonl"]);
    assert!(err.contains("the conversation that was there is conversation.jsonl.previous.2 now"), "{err}");
    assert_eq!(previous("conversation.jsonl.previous.2"), before);
    assert!(previous("conversation.jsonl.previous") != before);
}

#[test]
fn what_was_written_here_since_is_not_overwritten() {
    let world = World::new();
    let all = claude();
    write(&world, "t.jsonl", &lines(&all[..9]));
    import(&world, 0, "t.jsonl");
    let conversation = world.sessions().join(format!("claude-{UUID}/conversation.jsonl"));
    let changed = fs::read_to_string(&conversation).unwrap() + "{\"type\":\"user_message\",\"text\":\"of my own\"}\n";
    fs::write(&conversation, &changed).unwrap();
    write(&world, "t.jsonl", &lines(&all));
    assert!(import(&world, 1, "t.jsonl").1.contains("its conversation was changed here"));
    assert_eq!(fs::read_to_string(&conversation).unwrap(), changed);
    // A session that happens to be called so is none of ours either.
    fs::remove_file(world.sessions().join(format!("claude-{UUID}/import.json"))).unwrap();
    assert!(import(&world, 1, "t.jsonl").1.contains("it does not come from this transcript"));
    // Nor is a pipe waited for.
    world.sandbox.run("mkfifo", &[conversation.with_file_name("import.json").to_str().unwrap()]);
    assert!(import(&world, 1, "t.jsonl").1.contains("it does not come from this transcript"));
}

#[test]
fn a_session_that_is_open_is_left_alone() {
    let world = World::new();
    let all = claude();
    write(&world, "t.jsonl", &lines(&all[..9]));
    import(&world, 0, "t.jsonl");
    fs::write(world.sessions().join(format!("claude-{UUID}/.lock")), format!("{}\n", std::process::id())).unwrap();
    write(&world, "t.jsonl", &lines(&all));
    assert!(import(&world, 1, "t.jsonl").1.contains(" is open in another process"));
}

#[test]
fn a_title_that_was_chosen_stays() {
    let world = World::new();
    let mut all = claude();
    all.insert(8, json!({"type": "custom-title", "customTitle": "Mine", "sessionId": UUID}));
    write(&world, "t.jsonl", &lines(&all));
    import(&world, 0, "t.jsonl");
    let meta = meta(&world, &format!("claude-{UUID}"));
    assert_eq!((&meta["title"], &meta["title_source"]), (&"Mine".into(), &"user".into()));
}

#[test]
fn a_title_that_was_chosen_here_stays_too() {
    let world = World::new();
    let mut all = claude();
    all.insert(8, json!({"type": "custom-title", "customTitle": "Theirs", "sessionId": UUID}));
    write(&world, "t.jsonl", &lines(&all[..12]));
    import(&world, 0, "t.jsonl");
    let id = format!("claude-{UUID}");
    world.ends(0, "log", &["append", &id, "--title", "Ours"]);
    all.insert(12, json!({"type": "custom-title", "customTitle": "Theirs again", "sessionId": UUID}));
    write(&world, "t.jsonl", &lines(&all));
    assert!(import(&world, 0, "t.jsonl").1.contains("the session has grown"));
    let meta = meta(&world, &id);
    assert_eq!((&meta["title"], &meta["title_source"]), (&"Ours".into(), &"user".into()));
}

#[test]
fn what_was_typed_while_the_model_worked_is_a_prompt() {
    let world = World::new();
    let mut all = claude();
    let queued = |mode: &str, text: &str| json!({"type": "attachment", "attachment": {"type": "queued_command", "prompt": text, "commandMode": mode}});
    all.insert(8, queued("task-notification", "A task has ended"));
    all.insert(8, queued("prompt", "Mind the tests"));
    write(&world, "t.jsonl", &lines(&all));
    import(&world, 0, "t.jsonl");
    let rows = rows(&world, &format!("claude-{UUID}"));
    let said: Vec<_> =
        of_type(&rows, "user_message").iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(said, ["Add a flag\nand test it", "Mind the tests", "Go on"]);
    // Between a call and its result, it comes behind both.
    let (out, _) = world.ends(0, "resume", &["claude"]);
    assert!(out.contains("=== result\nThe file has been updated\n\n=== user\nMind the tests\n"), "{out}");
}

#[test]
fn what_was_taken_back_is_no_part_of_the_conversation() {
    let world = World::new();
    let text = |number, id: &str, text: &str| answer(number, id, json!({"type": "text", "text": text}), 5);
    let mut all = vec![
        prompt(1, "Start"),
        text(2, "m1", "Ready"),
        prompt(3, "First attempt"),
        text(4, "m2", "First answer"),
        prompt(5, "More of it"),
        prompt(6, "Second attempt"),
        text(7, "m3", "Second answer"),
    ];
    // The second attempt hangs on the line that the first does.
    all[5]["parentUuid"] = "u2".into();
    write(&world, "t.jsonl", &lines(&all));
    import(&world, 0, "t.jsonl");
    let rows = rows(&world, &format!("claude-{UUID}"));
    assert_eq!(
        types(&rows),
        [
            "user_message",
            "assistant_message",
            "claude.rewound",
            "usage",
            "claude.rewound",
            "claude.rewound",
            "usage",
            "user_message",
            "assistant_message",
            "usage",
        ]
    );
    assert_eq!(meta(&world, &format!("claude-{UUID}"))["token_count"], 3 * 1020);
    let (out, _) = world.ends(0, "resume", &["start"]);
    assert!(out.contains("=== user\nSecond attempt\n") && !out.contains("First"), "{out}");
}

#[test]
fn subagents_are_subagents() {
    let world = World::new();
    let side = |number, agent: &str, kind, message: Value| {
        line(number, kind, json!({"isSidechain": true, "agentId": agent, "message": message}))
    };
    let call = json!({"type": "tool_use", "id": "c1", "name": "Grep", "input": {"pattern": "x"}});
    let usage = json!({"input_tokens": 7, "output_tokens": 8});
    let own = [
        side(5, "abc", "user", json!({"role": "user", "content": "Find the callers"})),
        side(
            6,
            "abc",
            "assistant",
            json!({"id": "s1", "model": "claude-haiku-4-5", "content": [call], "usage": usage}),
        ),
        side(
            7,
            "abc",
            "user",
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "none"}]}),
        ),
        side(
            9,
            "abc",
            "assistant",
            json!({"id": "s2", "model": "claude-haiku-4-5", "content": [{"type": "text", "text": "There are none."}], "usage": usage}),
        ),
    ];
    let task = json!({"type": "tool_use", "id": "toolu_9", "name": "Task", "input": {"description": "d", "prompt": "Find the callers"}});
    let back =
        |agent: &str| result(10, "toolu_9", "There are none.".into(), json!({"status": "completed", "agentId": agent}));
    let main = [prompt(3, "Look"), answer(4, "msg_1", task, 5), back("abc")];
    let wanted = [
        "user_message",
        "tool_call",
        "subagent_spawned",
        "subagent_event",
        "subagent_event",
        "usage",
        "subagent_event",
        "usage",
        "subagent_completed",
        "tool_result",
        "usage",
    ];
    // In files of their own, of both places; or in the session's.
    for place in [format!("{UUID}/subagents/agent-abc.jsonl"), "agent-abc.jsonl".to_owned()] {
        let world = World::new();
        write(&world, &place, &lines(&own));
        write(&world, &format!("{UUID}.jsonl"), &lines(&main));
        import(&world, 0, &format!("{UUID}.jsonl"));
        let rows = rows(&world, &format!("claude-{UUID}"));
        assert_eq!(types(&rows), wanted, "{place}");
        assert_eq!((&rows[2]["task"], &rows[8]["duration_ms"]), (&"Find the callers".into(), &4000.into()));
        assert_eq!(rows[5]["model_ref"], "anthropic/claude-haiku-4-5");
    }
    let together: Vec<_> = main[..2].iter().chain(&own).chain(&main[2..]).cloned().collect();
    write(&world, "t.jsonl", &lines(&together));
    import(&world, 0, "t.jsonl");
    assert_eq!(types(&rows(&world, &format!("claude-{UUID}"))), wanted);
    // An id is no path.
    let world = World::new();
    write(&world, "agent-secret.jsonl", &lines(&own));
    write(&world, "x/t.jsonl", &lines(&[main[0].clone(), main[1].clone(), back("/../../agent-secret")]));
    import(&world, 0, "x/t.jsonl");
    assert!(of_type(&rows(&world, &format!("claude-{UUID}")), "subagent_event").is_empty());
}

#[test]
fn damage_and_hostile_text_cost_themselves() {
    let world = World::new();
    let bad = [
        "".to_owned(), "{".to_owned(), "[1,2]".to_owned(), "null".to_owned(), "\u{0}\u{1b}[2J".to_owned(), "{\"type\":7}".to_owned(),
        json!({"type": "user", "message": 7}).to_string(),
        json!({"type": "assistant", "message": {"content": {"a": 1}, "model": 7, "usage": "x"}}).to_string(),
        json!({"type": "assistant", "message": {"id": "z", "content": [{"type": "tool_use"}, 7, null, {"type": "\u{1b}]0;x\u{7}"}]}}).to_string(),
        "x".repeat(70 << 20),
        line(50, "user", json!({"message": {"content": "\u{1b}[31mred\u{202e}"}, "cwd": "/w/\u{1b}[2J"})).to_string(),
    ];
    let hostile = line(1, "user", json!({"sessionId": "../../../evil/\u{1b}", "message": {"content": "hi"}}));
    write(&world, "t.jsonl", &format!("{hostile}\n{}\n{}", bad.join("\n"), lines(&claude()[4..])));
    let (out, err) = import(&world, 0, "t.jsonl");
    assert_eq!(out, "claude-.._.._.._evil__\n");
    assert!(err.starts_with("warning: t.jsonl: 5 lines could not be read"), "{err}");
    let entries: Vec<_> = fs::read_dir(world.sessions()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(entries, ["claude-.._.._.._evil__"], "nothing is left beside it");
    let text = fs::read_to_string(world.sessions().join("claude-.._.._.._evil__/conversation.jsonl")).unwrap();
    assert!(text.contains("claude.\\u001b]0;x\\u0007") && !text.contains('\u{1b}'));
}

#[test]
fn what_the_format_has_no_room_for_is_kept_and_the_session_is_valid() {
    let call = |id: &str, name: &str| json!({"type": "tool_use", "id": id, "name": name, "input": {"path": "a"}});
    let mut claude = vec![prompt(1, "Go"), answer(2, "m", call("", "Read"), 1), answer(3, "m", call("t1", ""), 1)];
    claude.extend([result(4, "t1", "of none".into(), Value::Null), result(5, "", "of nobody".into(), Value::Null)]);
    claude.extend([answer(6, "m", call("t2", "Read"), 1), result(7, "t2", "one".into(), Value::Null)]);
    claude.push(result(8, "t2", "another".into(), Value::Null));
    let deep = (0..125).fold(json!({}), |inner, _| json!([inner]));
    claude.push(json!({"type": "deep", "uuid": "u9", "inside": deep}));
    claude[1]["message"]["model"] = "a\nmodel".into();
    let codex = |item: Value| json!({"timestamp": "2026-09-01T10:00:00Z", "type": "response_item", "payload": item});
    let codex = [
        json!({"timestamp": "-000001-09-01T10:00:00Z", "type": "session_meta", "payload": {"id": "c"}}),
        codex(json!({"type": "message", "role": "user", "content": "Go"})),
        codex(json!({"type": "function_call_output", "call_id": "c1", "output": "of no call"})),
        codex(json!({"type": "function_call_output", "output": "of nobody"})),
    ];
    let tool = |id: &str| json!({"id": id, "name": "read_file", "args": {}, "status": "success", "result": "r"});
    let gemini = [
        gemini::head(),
        gemini::message("m1", 1, "user", json!({"content": "Go"})),
        gemini::message("m2", 2, "gemini", json!({"content": "", "toolCalls": [tool(""), tool("g1")]})),
    ];
    let mut messages = opencode::messages();
    for part in messages.iter_mut().flat_map(|(_, parts)| parts).filter(|part| part["type"] == "tool") {
        part["callID"] = "".into();
    }
    let messages: Vec<_> = messages.into_iter().map(|(info, parts)| json!({"info": info, "parts": parts})).collect();
    let opencode = [json!({"info": opencode::info(), "messages": messages})];
    for (agent, lines_of, kept) in [
        ("claude", &claude[..], &["tool_call", "tool_call", "tool_result", "tool_result", "tool_result"][..]),
        ("codex", &codex, &["tool_result", "tool_result"]),
        ("gemini", &gemini, &["tool_call", "tool_result"]),
        ("opencode", &opencode, &["tool_call", "tool_result"]),
    ] {
        let world = World::new();
        write(&world, "t", &lines(lines_of));
        let (id, _) = world.ends(0, "import", &["--from", agent, "t"]);
        let rows = rows(&world, id.trim_end());
        let found = rows.iter().filter_map(|row| row["type"].as_str()?.strip_prefix(agent)?.strip_prefix(".tool"));
        let wanted: Vec<_> = kept.iter().filter_map(|kind| kind.strip_prefix("tool")).collect();
        assert!(found.collect::<Vec<_>>().starts_with(&wanted), "{rows:?}");
        world.ends(0, "log", &["validate", id.trim_end()]);
    }
}

#[test]
fn what_is_no_transcript_is_refused() {
    let world = World::new();
    for (name, content) in [("text", "hello\n"), ("empty", ""), ("json", "{\"a\":1}"), ("mbox", "From x\n")] {
        write(&world, name, content);
        for agent in ["claude", "codex", "gemini", "opencode"] {
            let (out, err) = world.ends(1, "import", &["--from", agent, name]);
            assert!(out.is_empty() && err.contains(" is no transcript of "), "{err}");
        }
    }
    // What would be one says what it lacks.
    let nameless = lines(&claude()).replace(UUID, "");
    let cut = json!({"info": opencode::info(), "messages": []}).to_string();
    for (agent, name, content, said) in [
        (
            "claude",
            "nameless.jsonl",
            nameless.as_str(),
            "nameless.jsonl names no session: its `sessionId` is empty\nhint: ",
        ),
        (
            "gemini",
            "nameless.json",
            r#"{"sessionId":"","messages":[]}"#,
            "nameless.json names no session: its `sessionId` is ",
        ),
        ("opencode", "cut.json", &cut[..cut.len() - 3], "cut.json breaks off: EOF while parsing "),
        (
            "gemini",
            "cut.json",
            "{\n \"sessionId\": \"x",
            "cut.json breaks off: EOF while parsing a string at line 2 column ",
        ),
        (
            "claude",
            "cut.jsonl",
            r#"{"type":"user","sess"#,
            "cut.jsonl breaks off: EOF while parsing a string at line 1",
        ),
    ] {
        write(&world, name, content);
        let (_, err) = world.ends(1, "import", &["--from", agent, name]);
        assert!(err.starts_with(&format!("error: {said}")) && err.contains("\nhint: "), "{err}");
    }
    write(&world, "silent.jsonl", &lines(&claude()[..3]));
    assert!(import(&world, 1, "silent.jsonl").1.contains("in silent.jsonl nothing was said"));
    write(&world, "opencode.db", "SQLite format 3\0rest");
    let (_, err) = world.ends(1, "import", &["--from", "opencode", "opencode.db"]);
    assert!(err.contains("opencode export <id> > session.json"), "{err}");
    world.ends(1, "import", &["--from", "claude", "missing"]);
    world.ends(1, "import", &["--from", "claude", "."]);
    world.ends(2, "import", &["--from", "emacs", "text"]);
    world.ends(2, "import", &[]);
    assert!(fs::read_dir(world.sessions()).map_or(0, Iterator::count) == 0);
}

#[test]
fn the_newest_of_this_directory_is_found() {
    let world = World::new();
    let (_, err) = world.ends(1, "import", &["--from", "claude"]);
    assert!(err.contains("no transcript of Claude Code for ") && err.contains("/home/.claude/projects"), "{err}");
    let here = fs::canonicalize(world.sandbox.dir()).unwrap();
    let name: String =
        here.to_str().unwrap().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let folder = world.sandbox.home().join(".claude/projects").join(name);
    fs::create_dir_all(&folder).unwrap();
    for name in ["agent-x.jsonl", &format!("{UUID}.jsonl")] {
        fs::write(folder.join(name), lines(&claude())).unwrap();
    }
    fs::write(folder.join("notes.txt"), "later").unwrap();
    assert_eq!(world.ends(0, "import", &["--from", "claude"]).0, format!("claude-{UUID}\n"));
    assert_eq!(world.ends(0, "import", &["--from", "claude", "newest"]).0, format!("claude-{UUID}\n"));
    let (_, err) = world.ends(1, "import", &["--from", "codex", "newest"]);
    assert!(err.contains("/home/.codex/sessions"), "{err}");
}
