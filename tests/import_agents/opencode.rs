//! OpenCode: an export, or the files that it kept before its database.

use std::fs;

use serde_json::{Value, json};

use super::{meta, of_type, rows, types};
use crate::programs::World;

pub(super) fn info() -> Value {
    json!({"id": "ses_1", "projectID": "p", "directory": "/w/api", "title": "An edit", "version": "1.1", "time": {"created": 1_788_422_400_000_u64, "updated": 1_788_422_409_000_u64}})
}

pub(super) fn messages() -> Vec<(Value, Vec<Value>)> {
    let edit = json!({
        "id": "prt_3", "type": "tool", "tool": "edit", "callID": "call_1",
        "state": {"status": "completed", "input": {"filePath": "/w/api/a", "oldString": "1", "newString": "2"}, "output": "Edited",
            "metadata": {"filediff": {"file": "/w/api/a", "before": "1\n", "after": "2\n"}}, "time": {"start": 1_788_422_402_000_u64, "end": 1_788_422_403_000_u64}},
    });
    let failed = json!({"id": "prt_4", "type": "tool", "tool": "bash", "callID": "call_2", "state": {"status": "error", "input": {"command": "x"}, "error": "no", "metadata": {"exit": 127}}});
    let running = json!({"id": "prt_5", "type": "tool", "tool": "bash", "callID": "call_3", "state": {"status": "running", "input": {"command": "sleep"}}});
    vec![
        (
            json!({"id": "msg_1", "role": "user", "time": {"created": 1_788_422_400_500_u64}}),
            vec![json!({"id": "prt_1", "type": "text", "text": "Edit a"})],
        ),
        (
            json!({"id": "msg_2", "role": "assistant", "providerID": "anthropic", "modelID": "claude-sonnet-5", "time": {"created": 1_788_422_401_000_u64}, "tokens": {"input": 5, "output": 6, "reasoning": 1, "cache": {"read": 7, "write": 8}}}),
            vec![
                json!({"id": "prt_2", "type": "step-start"}),
                json!({"id": "prt_21", "type": "reasoning", "text": "Hm"}),
                json!({"id": "prt_22", "type": "text", "text": "I edit."}),
                edit,
                failed,
                running,
            ],
        ),
    ]
}

const WANTED: [&str; 10] = [
    "user_message",
    "opencode.step-start",
    "assistant_thinking",
    "assistant_message",
    "tool_call",
    "tool_result",
    "tool_call",
    "tool_result",
    "tool_call",
    "usage",
];

#[track_caller]
fn check(world: &World) {
    let rows = rows(world, "opencode-ses_1");
    assert_eq!(types(&rows), WANTED);
    let results = of_type(&rows, "tool_result");
    assert_eq!(results[0]["metadata"]["diff"], json!({"path": "/w/api/a", "old_text": "1\n", "new_text": "2\n"}));
    assert_eq!((&results[1]["success"], &results[1]["metadata"]["exit_code"]), (&false.into(), &127.into()));
    let meta = meta(world, "opencode-ses_1");
    assert_eq!((&meta["title"], &meta["cwd"], &meta["token_count"]), (&"An edit".into(), &"/w/api".into(), &26.into()));
    let (out, _) = world.ends(0, "resume", &["an edit"]);
    assert!(out.contains("command: sleep\n=== result: cancelled\n"), "{out}");
}

#[test]
fn an_export_is_a_session() {
    let world = World::new();
    let messages: Vec<_> = messages().into_iter().map(|(info, parts)| json!({"info": info, "parts": parts})).collect();
    world
        .sandbox
        .write("s.json", format!("Exporting session: ses_1\n{:#}", json!({"info": info(), "messages": messages})));
    world.ends(0, "import", &["--from", "opencode", "s.json"]);
    check(&world);
}

#[test]
fn so_are_the_files_of_before() {
    let world = World::new();
    let here = fs::canonicalize(world.sandbox.dir()).unwrap();
    let storage = world.sandbox.home().join(".local/share/opencode/storage");
    let write = |path: String, value: &Value| {
        let path = storage.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value.to_string()).unwrap();
    };
    write("session/p/ses_1.json".into(), &info());
    for (info, parts) in messages() {
        let id = info["id"].as_str().unwrap();
        write(format!("message/ses_1/{id}.json"), &info);
        parts.iter().for_each(|part| write(format!("part/{id}/{}.json", part["id"].as_str().unwrap()), part));
    }
    let path = storage.join("session/p/ses_1.json");
    world.ends(0, "import", &["--from", "opencode", path.to_str().unwrap()]);
    check(&world);
    let (_, err) = world.ends(1, "import", &["--from", "opencode"]);
    assert!(err.contains("no transcript of OpenCode"), "{err}");
    let mut info = info();
    info["directory"] = here.to_str().unwrap().into();
    write("session/p/ses_1.json".into(), &info);
    world.ends(0, "import", &["--from", "opencode", "newest"]);
    fs::write(storage.parent().unwrap().join("opencode.db"), "SQLite format 3\0").unwrap();
    assert!(world.ends(1, "import", &["--from", "opencode"]).1.contains("is OpenCode's database"));
}
