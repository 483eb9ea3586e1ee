//! Conversations of both forms, whole and damaged.

use super::*;
use proptest::prelude::*;

/// What these rows tell of a session that worked in `/workspace`.
fn told(rows: &[&str]) -> Told {
    told_of(rows.join("\n").as_bytes())
}

fn told_of(bytes: &[u8]) -> Told {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("conversation.jsonl");
    std::fs::write(&path, bytes).unwrap();
    read(&Session::at(place.path()), &Places::new(place.path(), "/workspace"), &Censor::default()).unwrap()
}

fn runs(told: &Told) -> Vec<(&str, &str, Option<String>)> {
    told.runs.iter().map(|run| (run.command.as_str(), run.result(), run.note())).collect()
}

fn bash(id: &str, command: &str) -> String {
    serde_json::json!({"type": "tool_call", "id": id, "name": "bash", "arguments": {"command": command}}).to_string()
}

fn exit(id: &str, code: i64) -> String {
    format!(r#"{{"type":"tool_result","call_id":"{id}","content":"out\nExit code: {code}\n"}}"#)
}

#[test]
fn legacy_rows_tell_the_work() {
    let told = told(&[
        r#"{"timestamp":"2026-05-02T08:00:00.104Z","type":"user_message","text":"Retry only\non 5xx\n\n[src/fetch.rs]\n```\nfn"}"#,
        r#"{"type":"user_message","text":"Another one"}"#,
        r#"{"type":"tool_call","id":"t_1","name":"read_file","arguments":{"path":"src/fetch.rs"}}"#,
        r#"{"type":"tool_result","call_id":"t_1","content":"fn retry() {}\nExit code: 1\n"}"#,
        r#"{"type":"tool_call","id":"t_2","name":"edit_file","arguments":{"path":"/workspace/src/a.rs"}}"#,
        r#"{"type":"tool_result","call_id":"t_2","content":"Applied edit"}"#,
        r#"{"type":"tool_call","id":"t_3","name":"read_file","arguments":{"path":"absent.rs"}}"#,
        r#"{"type":"tool_result","call_id":"t_3","content":"Error: no such file"}"#,
        r#"{"type":"tool_call","name":"skill","arguments":{"name":"release-notes"}}"#,
        r##"{"type":"tool_result","name":"skill","content":"# Skill"}"##,
        &bash("t_4", "cargo test"),
        &exit("t_4", 101),
        r#"{"type":"title_generated","title":"Retry only on server errors"}"#,
    ]);
    assert_eq!(told.title.as_deref(), Some("Retry only on server errors"));
    assert_eq!(told.prompt.as_deref(), Some("Retry only on 5xx"));
    assert_eq!(told.files, ["src/fetch.rs", "src/a.rs"]);
    assert_eq!(runs(&told), [("cargo test", "failed", Some("exit code 101".into()))]);
}

#[test]
fn newer_rows_and_subagents_tell_it_too() {
    let told = told(&[
        r#"{"schema_version":1,"type":"title_generated","sequence":2,"title":"Add dry run flag"}"#,
        r#"{"schema_version":1,"type":"tool_call","id":"c1","name":"edit_file","arguments":{"path":"src/cli.rs"}}"#,
        r#"{"schema_version":1,"type":"tool_call","id":"c2","name":"bash","arguments":{"command":"cargo test"}}"#,
        r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"tool_call","id":"c1","name":"Read","arguments":{"file_path":"docs/a.md"}}}"#,
        r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"tool_result","call_id":"c1","success":true,"content":"x"}}"#,
        r#"{"schema_version":1,"type":"tool_result","call_id":"c1","content":"ok","success":true,"status":"completed"}"#,
        r#"{"schema_version":1,"type":"tool_result","call_id":"c2","content":"no","success":false,"status":"failed","metadata":{"exit_code":101}}"#,
        r#"{"schema_version":1,"type":"title_reevaluated","title":"Add dry run flag with tests"}"#,
    ]);
    assert_eq!(told.title.as_deref(), Some("Add dry run flag with tests"));
    assert_eq!(told.files, ["docs/a.md", "src/cli.rs"]);
    assert_eq!(runs(&told), [("cargo test", "failed", Some("exit code 101".into()))]);
}

#[test]
fn damaged_rows_cost_nothing_but_themselves() {
    let mut bytes = b"\n  \n\xff\xfe\n[1,2]\n\"x\"\n{\"type\":7}\n{\"type\":\"user_message\",\"text\":[1]}\n".to_vec();
    bytes.extend_from_slice(br#"{"type":"tool_call","id":3,"name":null,"arguments":"x"}"#);
    bytes.extend_from_slice(b"\n{\"type\":\"user_message\",\"text\":\"torn \xe4\xb8\n");
    bytes.extend_from_slice(b"{\"type\":\"user_message\",\"text\":\"whole\"}\r\n");
    bytes.extend_from_slice(b"{\"type\":\"title_generated\",\"ti");
    let told = told_of(&bytes);
    assert_eq!((told.prompt.as_deref(), told.title), (Some("whole"), None));
    let places = Places::new(std::path::Path::new("."), "");
    assert_eq!(read(&Session::at("/nonexistent"), &places, &Censor::default()).unwrap(), Told::default());
}

#[test]
fn a_row_that_is_far_too_long_is_passed_over() {
    let mut bytes =
        format!("{{\"type\":\"user_message\",\"text\":\"{}\"}}\n", "x ".repeat(session::LONGEST_ROW)).into_bytes();
    bytes.extend_from_slice(br#"{"type":"user_message","text":"short"}"#);
    assert_eq!(told_of(&bytes).prompt.as_deref(), Some("short"));
}

#[test]
fn what_is_latest_is_kept_once() {
    let mut rows: Vec<String> = Vec::new();
    for n in (0..30).chain([12]) {
        rows.push(format!(r#"{{"type":"tool_call","name":"write_file","arguments":{{"path":"f{n}"}}}}"#));
    }
    for n in 0..15 {
        rows.extend([bash("a", &format!("cargo test t{n}")), exit("a", 0), bash("b", &format!("./deploy {n}"))]);
    }
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let told = told(&rows);
    assert_eq!((told.files.len(), told.files[0].as_str(), told.files[19].as_str()), (20, "f10", "f12"));
    assert_eq!(told.runs.len(), 10);
    assert_eq!(told.runs[9].command, "cargo test t14");
}

#[test]
fn checks_come_first_and_looks_not_at_all() {
    let told = told(&[
        &bash("1", "./deploy --dry-run"),
        &exit("1", 0),
        &bash("2", "ls -la && git status 2>&1 | head"),
        &exit("2", 0),
        &bash("3", "cd web && npm run test:unit"),
        &exit("3", 1),
        &bash("4", "cargo clippy"),
        r#"{"type":"tool_result","call_id":"4","content":"User denied tool execution","success":false}"#,
        &bash("5", "cd web && npm run test:unit"),
        &exit("5", 0),
        &bash("6", "make check"),
    ]);
    assert_eq!(
        runs(&told),
        [
            ("cargo clippy", "not_run", Some("denied".into())),
            ("cd web && npm run test:unit", "passed", None),
            ("make check", "not_run", Some("no result is recorded".into())),
            ("./deploy --dry-run", "passed", None),
        ]
    );
}

#[test]
fn what_is_handed_on_is_one_line_without_secrets() {
    let token = format!("ghp_{}", "aB3dE5gH7jK9".repeat(3));
    let told = told(&[
        &bash("1", &format!("export T={token}\nmake check\u{1b}[0m")),
        &exit("1", 0),
        &format!(r#"{{"type":"tool_call","name":"read","arguments":{{"path":"{token}"}}}}"#),
        r#"{"type":"tool_call","name":"read","arguments":{"path":"a\nb"}}"#,
        r#"{"type":"tool_call","name":"read","arguments":{"path":".agent-history/LATEST.md"}}"#,
    ]);
    assert_eq!(told.runs[0].command, "export T=[github-token removed] make check [0m");
    assert_eq!(told.files, [""; 0]);
}

proptest! {
    #[test]
    fn no_conversation_panics(bytes: Vec<u8>, rows in r#"(\{"type":"(tool_call|tool_result|subagent_event)","(id|call_id)":"a","(name|inner)":("bash"|\{\}),"arguments":(\{"command":"[a-z ]*"\}|3)\}\n){0,5}"#) {
        told_of(&bytes);
        told_of(rows.as_bytes());
    }
}
