//! `git glue-log append`: what it fills in, what it refuses, and what it leaves alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::conversations::{Home, LEGACY, SID, V1, meta};

const PROMPT: &str = "{\"type\":\"user_message\",\"text\":\"Add a flag\"}\n";

#[test]
fn a_new_session_is_made_and_what_is_recorded_is_valid() {
    let home = Home::new();
    let events = concat!(
        "{\"type\":\"user_message\",\"text\":\"a\u{2028}b\"}\n\n",
        r#"{"type":"title_generated","title":"A flag"}"#,
        "\n",
        r#"{"type":"assistant_thinking","text":"hm"}"#,
        "\n",
        r#"{"type":"tool_call","id":"1","name":"bash","arguments":{"command":"ls","big":123456789012345678901234567890}}"#,
        "\n",
        r#"{"type":"tool_result","call_id":"1","content":"","success":true,"metadata":{"exit_code":0}}"#,
        "\n",
        r#"{"type":"usage","role":"main","input_tokens":1,"output_tokens":2,"turn_count":1}"#,
        "\n",
        r#"{"type":"subagent_spawned","subagent_id":"s","task":"t","depth":0}"#,
        "\n",
        r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"agent_done"}}"#,
        "\n",
        r#"{"type":"assistant_message","text":"done","timestamp":"2026-08-12T09:00:00Z"}"#
    );
    let (out, err) = home.log(0, &["append", "one", "--model", "a/b", "--close"], events.as_bytes());
    assert_eq!((out.as_str(), err.as_str()), ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", ""));
    assert_eq!(home.shown(&["validate", "one"]), "Validated 1 session.\n");
    let meta = home.meta("one");
    for (key, value) in [
        ("schema_version", json!(5)),
        ("termination_status", json!("completed")),
        ("title", json!("A flag")),
        ("message_count", json!(2)),
        ("model_ref", json!("a/b")),
        ("cwd", json!(home.sandbox.dir())),
    ] {
        assert_eq!(meta[key], value, "{key}");
    }
    let mode = |path: std::path::PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(home.dir("one")), mode(home.conversation("one"))), (0o700, 0o600));
    assert_eq!(mode(home.dir("one").join("meta.json")), 0o600);
    assert!(!home.dir("one").join(".lock").exists());
    let text = fs::read_to_string(home.conversation("one")).unwrap();
    assert!(text.contains("\"big\":123456789012345678901234567890}") && text.contains("a\u{2028}b"), "{text}");
}

#[test]
fn one_process_goes_on_where_another_stopped() {
    let home = Home::new();
    home.append("s", PROMPT);
    home.append("s", r#"{"type":"tool_call","id":"1","name":"n","arguments":{}}"#);
    home.append("s", r#"{"type":"tool_result","call_id":"1","content":"","status":"failed"}"#);
    home.append("s", r#"{"type":"tool_call","id":"2","name":"n","arguments":{}}"#);
    home.append("s", PROMPT);
    let rows = home.rows("s");
    let of = |row: usize, key: &str| rows[row][key].as_str().unwrap_or_default().to_owned();
    assert!(of(0, "turn_id").starts_with("s:turn:"));
    assert!((1..4).all(|row| of(row, "turn_id") == of(0, "turn_id")));
    assert_ne!(of(4, "turn_id"), of(0, "turn_id"));
    assert!(of(1, "request_id").starts_with("s:request:"));
    assert_eq!(of(2, "request_id"), of(1, "request_id"));
    assert_ne!(of(3, "request_id"), of(1, "request_id"));
    assert_eq!(rows[2]["success"], false);
    assert_eq!(home.meta("s")["message_count"], 2);
}

#[test]
fn what_glue_began_is_gone_on_with() {
    let home = Home::new();
    for (version, rows) in [(3, LEGACY), (4, LEGACY), (5, V1), (5, &LEGACY.replace('\n', "\n\n"))] {
        home.put(SID, &meta(version, SID), rows);
        let next = rows.lines().count() + 1;
        assert_eq!(home.append(SID, PROMPT), format!("{next}\n"));
        let text = fs::read_to_string(home.conversation(SID)).unwrap();
        assert!(text.starts_with(rows) && text.contains(&format!("\"event_id\":\"{SID}:{next}\"")));
        assert_eq!(home.meta(SID)["schema_version"], version);
        assert_eq!(home.meta(SID)["message_count"], 5);
    }
}

#[test]
fn a_mark_of_the_byte_order_is_no_part_of_the_first_event() {
    let home = Home::new();
    assert_eq!(home.append("s", &format!("\u{feff}{PROMPT}{PROMPT}")), "1\n2\n");
    let (_, err) = home.log(1, &["append", "s"], format!("{PROMPT}\u{feff}{PROMPT}").as_bytes());
    assert!(err.starts_with("error: line 2 of standard input is no event: it is no JSON: expected value"), "{err}");
}

#[test]
fn a_torn_tail_is_kept_and_nothing_is_glued_to_it() {
    let home = Home::new();
    for torn in [&b"{\"type\":\"user_mess"[..], b"{\"text\":\"\xe2\x80", b"x", V1.trim_end().as_bytes()] {
        home.put(SID, &meta(5, SID), torn);
        let next = torn.split(|byte| *byte == b'\n').count() + 1;
        assert_eq!(home.append(SID, &PROMPT.repeat(2)), format!("{next}\n{}\n", next + 1));
        let bytes = fs::read(home.conversation(SID)).unwrap();
        assert!(bytes.starts_with(&[torn, b"\n{\"schema_version\":1,"].concat()));
        let shown = home.log(0, &[SID, "--json", "-n", "2"], b"").0;
        assert_eq!(shown.lines().count(), 2);
    }
}

#[test]
fn what_is_no_event_ends_the_recording_and_names_its_line() {
    let home = Home::new();
    for (bad, reason) in [
        ("{\"type\":\"user_message\"}", "user_message needs `text`"),
        ("{\"type\":\"user_message\",\"text\":\"\",\"x\":1}", "`x` is no key of an event"),
        ("{\"type\":\"user_message\",\"text\":\"\",\"sequence\":1}", "`sequence` is 1, here it would be 3"),
        ("{\"type\":\"usage\"", "it is no JSON: EOF"),
        ("{\"type\":\"assistant_message\",\"text\":\"\"}", "assistant_message needs `model_ref`, or --model"),
        ("{\"type\":\"nonsense\"}", "`type` is not one of tool_call, "),
        (HUGE, "it has a number beyond 1.8e308: it could not be shown"),
        (
            "{\"type\":\"user_message\",\"text\":\"\",\"timestamp\":\"2016-12-31T23:59:60Z\"}",
            "`timestamp` is a leap second",
        ),
        (&deep(127), "it is nested deeper than 127 levels: it could not be shown"),
    ] {
        let _ = fs::remove_dir_all(home.dir("s"));
        let input = format!("{PROMPT}\n{PROMPT}{bad}\n{PROMPT}");
        let (out, err) = home.log(1, &["append", "s", "--close"], input.as_bytes());
        assert_eq!(out, "1\n2\n", "{bad}");
        assert!(err.starts_with(&format!("error: line 4 of standard input is no event: {reason}")), "{err}");
        assert!(err.contains("\nhint: what came before it is recorded; git-glue-log(1) "), "{err}");
        assert_eq!(home.rows("s").len(), 2);
        assert_eq!(home.meta("s")["termination_status"], "running");
    }
    let (_, err) = home.log(1, &["append", "new"], b"\nnonsense");
    assert!(err.starts_with("error: line 2 ") && err.contains("\nhint: git-glue-log(1) has the events"), "{err}");
    let (out, _) = home.log(1, &["append", "s", "--json"], b"nonsense");
    let error: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(error["error"]["kind"], "invalid-event");
}

/// A call with a number that no reader holds.
const HUGE: &str = r#"{"type":"tool_call","id":"1","name":"n","arguments":{"n":1e999}}"#;

/// A call with so many levels below the row itself.
fn deep(levels: usize) -> String {
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    format!("{{\"type\":\"tool_call\",\"id\":\"1\",\"name\":\"n\",\"arguments\":{nested}}}")
}

#[test]
fn what_is_recorded_can_be_shown_however_deep_it_is() {
    let home = Home::new();
    home.append("s", &deep(126));
    assert!(home.shown(&["s"]).contains("call n"));
    let row = fs::read_to_string(home.conversation("s")).unwrap().replace("[[", "[[[").replace("]]", "]]]");
    for row in [row.clone(), row.replace("\"schema_version\":1,", "")] {
        fs::write(home.conversation("s"), row).unwrap();
        let (out, _) = home.log(1, &["validate", "s"], b"");
        assert!(out.contains("conversation.jsonl:1: row: it is nested deeper than 127 levels"), "{out}");
    }
}

#[test]
fn a_session_whose_maker_was_stopped_is_completed() {
    let home = Home::new();
    fs::create_dir_all(home.dir("s")).unwrap();
    assert_eq!(home.append("s", PROMPT), "1\n");
    assert_eq!(home.shown(&["validate", "s"]), "Validated 1 session.\n");
}

#[test]
fn a_conversation_that_is_elsewhere_is_not_written_to() {
    let home = Home::new();
    home.append("s", "");
    let elsewhere = home.sandbox.root().join("elsewhere");
    fs::write(&elsewhere, "mine").unwrap();
    std::os::unix::fs::symlink(&elsewhere, home.conversation("s")).unwrap();
    assert!(home.log(1, &["append", "s"], PROMPT.as_bytes()).1.contains("it is not a file"));
    assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
}

#[test]
fn ids_are_exact_and_new_ones_are_printed() {
    let home = Home::new();
    home.append("session-one", PROMPT);
    // A prefix is an id of its own.
    assert_eq!(home.append("session", PROMPT), "1\n");
    assert_eq!(home.append("latest", PROMPT).lines().count(), 1);
    let dir = home.dir("session-one");
    assert_eq!(home.append(dir.to_str().unwrap(), PROMPT), "2\n");
    assert_eq!(home.append(home.conversation("session-one").to_str().unwrap(), PROMPT), "3\n");
    let (out, _) = home.log(0, &["append", "--new", "--title", "Mine"], PROMPT.as_bytes());
    let id = out.lines().next().unwrap();
    assert_eq!(home.meta(id)["title"], "Mine");
    assert_eq!(home.meta(id)["title_source"], "user");
    home.log(0, &["append", id], b"{\"type\":\"title_generated\",\"title\":\"Theirs\"}");
    assert_eq!(home.meta(id)["title"], "Mine");
    for (bad, reason) in [
        ("", "`` is the id of no session: it is empty\nhint: git glue-log append --new"),
        (
            "a b",
            "`a b` is the id of no session: an id has letters, digits, `.`, `_` and `-`\nhint: git glue-log append a_b, ",
        ),
        ("é", "an id has letters, digits, `.`, `_` and `-`\nhint: git glue-log append _, or --new"),
        (".hid", "what begins with a dot is in no list\nhint: git glue-log append --new"),
        ("-", "it begins as an option does\nhint: git glue-log append _-, or --new"),
        (
            &"x".repeat(300),
            "...` is the id of no session: it is longer than 200 characters\nhint: git glue-log append --new",
        ),
    ] {
        let (_, err) = home.log(2, &["append", bad], PROMPT.as_bytes());
        assert!(err.contains(reason) && err.lines().count() == 2, "{err}");
    }
    for bad in ["a b", "../x", "--", "-", "a/b/c", ".hid", ".glue-prune-1"] {
        home.log(if bad == "../x" || bad == "a/b/c" { 1 } else { 2 }, &["append", bad], PROMPT.as_bytes());
    }
}

#[test]
fn a_session_that_ended_runs_again_and_ends_as_it_is_told() {
    let home = Home::new();
    home.log(0, &["append", "s", "--close=failed"], PROMPT.as_bytes());
    assert_eq!(home.meta("s")["termination_status"], "failed");
    assert!(home.meta("s").get("end_time").is_some());
    home.append("s", "");
    assert_eq!(home.meta("s")["termination_status"], "failed");
    home.append("s", PROMPT);
    assert_eq!(home.meta("s")["termination_status"], "running");
    assert!(home.meta("s").get("end_time").is_none());
    home.log(2, &["append", "s", "--close=running"], b"");
    assert_eq!(home.shown(&["validate", "s"]), "Validated 1 session.\n");
}

#[test]
fn what_glue_has_open_or_is_newer_is_not_touched() {
    let home = Home::new();
    home.append("s", PROMPT);
    let lock = home.dir("s").join(".lock");
    fs::write(&lock, format!("{}\n", std::process::id())).unwrap();
    let (out, err) = home.log(1, &["append", "s"], PROMPT.as_bytes());
    assert_eq!(out, "");
    assert!(err.contains(&format!("session s is open in another process (pid {})", std::process::id())), "{err}");
    assert!(lock.exists());
    // Of a process that is no more.
    fs::write(&lock, "999999999\n").unwrap();
    assert_eq!(home.append("s", PROMPT), "2\n");
    assert!(!lock.exists());
    let newer = json!({ "schema_version": 6, "id": "n" });
    home.put("n", &newer, "");
    let (_, err) = home.log(1, &["append", "n"], PROMPT.as_bytes());
    assert!(err.contains("newer than 5"), "{err}");
    assert_eq!((home.meta("n"), fs::read(home.conversation("n")).unwrap()), (newer, vec![]));
}

#[test]
fn an_event_of_many_megabytes_is_recorded_whole() {
    let home = Home::new();
    let text = "x\\n".repeat(6 << 20);
    home.append("s", &format!("{{\"type\":\"user_message\",\"text\":\"{text}\"}}\n{PROMPT}"));
    assert_eq!(home.shown(&["validate", "s"]), "Validated 1 session.\n");
    assert_eq!(home.shown(&["--json", "-n", "1"]).matches("\"sequence\":2").count(), 1);
}

#[test]
fn what_does_not_fit_on_the_disk_is_not_left_half() {
    let home = Home::new();
    home.append("s", PROMPT);
    let before = fs::read(home.conversation("s")).unwrap();
    // No file may get larger than some kilobytes.
    let event = format!("{{\"type\":\"user_message\",\"text\":\"{}\"}}\n", "x".repeat(100_000));
    let mut command = home.sandbox.command("bash");
    command.args(["-c", "ulimit -f 16; exec git-glue-log append s"]);
    let output = crate::sandbox::output_with(&mut command, format!("{event}{PROMPT}").as_bytes());
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{output:?}");
    assert!(fs::read(home.conversation("s")).unwrap() == before);
    assert_eq!(home.append("s", PROMPT), "2\n");
}
