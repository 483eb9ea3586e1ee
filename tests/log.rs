//! `git glue-log`: what an event looks like, which are shown, and how it follows.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use serde_json::json;

use crate::conversations::{FIRST_DAYS, Home, LEGACY, SID, V1, fork, meta, mixed};

fn home() -> Home {
    let home = Home::new();
    home.put(SID, &meta(5, SID), V1);
    home
}

#[test]
fn an_event_is_a_line_and_the_beginning_of_what_was_said() {
    let shown = home().shown(&[]);
    for part in [
        &format!("Session {SID}  A title\n\n2026-08-12 09:00:00  #1  user\n    Add a --dry-run flag\n\n"),
        "  #3  thinking anthropic/claude-sonnet-5\n    The parser lives in cli.rs.\n",
        "  #5  call edit_file  src/cli.rs\n\n",
        "  #6  result edit_file  passed\n    Edited src/cli.rs (1→2 lines)\n",
        "  #8  call bash  cargo test\n",
        "  #10  result bash  failed: exit code 101\n    bash: cargo test (exit 101)\n",
        "  #11  usage main  tokens: 2210 in, 340 out, 1800 cached, 96 reasoning\n",
        "  #12  warning\n    Model does not support tools; chat only.\n",
        "\n    2026-08-12 09:00:22  #14  call grep  dry_run  docs\n",
        "\n    2026-08-12 09:00:22  #16  subagent sub-abc-1  completed after 1.3 s\n",
        "\n        2026-08-12 09:00:30  #20  assistant\n            Looks good.\n",
        "  #24  result bash  denied\n    User denied tool execution\n",
    ] {
        assert!(shown.contains(part), "{part}\n--- in\n{shown}");
    }
}

#[test]
fn sessions_of_every_version_are_shown_whole() {
    let home = Home::new();
    let versions = [
        (1, FIRST_DAYS.to_owned()),
        (2, FIRST_DAYS.to_owned()),
        (3, LEGACY.to_owned()),
        (4, LEGACY.to_owned()),
        (5, mixed()),
    ];
    for (version, rows) in versions {
        let id = format!("178648000000{version}-1-a");
        home.put(&id, &meta(version, &id), &rows);
        let shown = home.shown(&[&id]);
        let blocks = shown.lines().filter(|line| line.trim_start().starts_with("2026-")).count();
        assert_eq!(blocks, rows.lines().count(), "version {version}:\n{shown}");
        assert_eq!(home.shown(&[&id, "--json"]), rows, "version {version}");
    }
    home.put("f", &meta(5, "f"), fork("f"));
    assert_eq!(home.shown(&["f", "--json"]), fork("f"));
}

#[test]
fn what_is_long_is_shortened_and_says_by_how_much() {
    let home = Home::new();
    let text = (1..=30).map(|n| format!("line {n}\n")).collect::<String>() + &"x".repeat(5000);
    let event = serde_json::json!({ "type": "user_message", "text": text }).to_string();
    home.append("s", &event);
    let shown = home.shown(&["s"]);
    assert!(shown.contains("    line 8\n    [23 more lines; --full shows them]\n"), "{shown}");
    let full = home.shown(&["s", "--full"]);
    assert!(full.contains("    line 30\n") && full.contains(&"x".repeat(5000)) && !full.contains("more"), "{full}");
    home.append("t", &serde_json::json!({ "type": "user_message", "text": "y".repeat(1000) }).to_string());
    assert!(home.shown(&["t"]).contains(&format!("    {} [600 more bytes]\n", "y".repeat(400))));
}

#[test]
fn damaged_and_unknown_rows_are_shown_as_they_are() {
    let home = Home::new();
    let rows = b"{\"type\":\"user_message\",\"text\":\"before\"}\n{\"type\":\"user_message\",\"text\":\"\xe2\x80\n\n{\"type\":\"file.write.diff\",\"data\":7}\n{\"type\":\"user_message\",\"text\":\"a\xe2\x80\xa8b\"}\n{\"ty";
    home.put("s", &meta(5, "s"), rows);
    let (out, err) = home.log(0, &["s"], b"");
    for part in [
        "    before\n",
        "line 2  damaged\n    {\"type\":",
        "  line 4  event file.write.diff\n    {\"type\":\"file.write.diff\",\"data\":7}\n",
        "    a\u{2028}b\n",
        "line 6  damaged\n    {\"ty\n",
    ] {
        assert!(out.contains(part), "{part}\n--- in\n{out}");
    }
    assert_eq!(err, "warning: 2 rows are damaged; git glue-log validate says how\n");
    let (json, err) = home.log(0, &["s", "--json"], b"");
    assert_eq!(json.lines().count(), 3);
    assert!(err.contains("2 rows are damaged"), "{err}");
    assert_eq!(home.log(0, &["s", "-n", "2"], b"").0.matches("line 5").count(), 1);
}

#[test]
fn a_row_that_is_no_object_is_damaged_for_programs_too() {
    let home = Home::new();
    home.put("s", &meta(5, "s"), "null\n7\n[{}]\n{\"type\":\"user_message\",\"text\":\"t\"}\n");
    for args in [&["s"][..], &["s", "--json"]] {
        assert!(home.log(0, args, b"").1.contains("3 rows are damaged"));
    }
    assert_eq!(home.log(0, &["s", "--json"], b"").0.lines().count(), 1);
}

#[test]
fn filters_choose_and_pass_rows_through_untouched() {
    let home = home();
    let numbers = |args: &[&str]| -> Vec<u64> {
        let rows = home.shown(&[&["--json"], args].concat());
        assert!(rows.lines().all(|row| V1.lines().any(|line| line == row)), "{rows}");
        rows.lines()
            .map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap()["sequence"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers(&["--type", "user"]), [1, 18]);
    assert_eq!(numbers(&["--type", "title,agent_notice"]), [2, 12, 17]);
    assert_eq!(numbers(&["--tool", "bash"]), [8, 10, 23, 24]);
    assert_eq!(numbers(&["--tool", "bash", "--type", "tool_result"]), [10, 24]);
    assert_eq!(numbers(&["--file", "cli.rs"]), [5, 6]);
    assert_eq!(numbers(&["--file", "docs"]), [7, 9, 14]);
    assert_eq!(numbers(&["--grep", "^STDERR: .*failed$"]), [10]);
    assert_eq!(numbers(&["--since", "2026-08-12T09:00:30.100Z", "--until", "2026-08-12T09:00:30.200Z"]), [19, 20]);
    assert_eq!(numbers(&["--until", "1h", "-n", "2"]), [24, 25]);
    assert_eq!(numbers(&["-n", "3"]), [23, 24, 25]);
    assert_eq!(numbers(&["-n", "1", "--tool", "bash"]), [24]);
    assert_eq!(numbers(&["-n", "0"]), [0; 0]);
    assert_eq!(numbers(&["--type", "nothing"]), [0; 0]);
}

#[test]
fn ids_that_are_used_again_belong_to_the_last_call_of_their_agent() {
    let home = Home::new();
    let rows = [
        json!({"type": "tool_call", "id": "0", "name": "grep", "arguments": {"path": "a.rs"}}),
        json!({"type": "tool_result", "call_id": "0", "content": "of grep"}),
        json!({"type": "tool_call", "id": "0", "name": "bash", "arguments": {"command": "rm b.rs"}}),
        json!({"type": "tool_result", "call_id": "0", "content": "of bash"}),
        json!({"type": "tool_call", "id": "0", "name": "grep", "arguments": {"path": "a.rs"}}),
        sub(json!({"type": "tool_call", "id": "0", "name": "web_fetch", "arguments": {}})),
        sub(json!({"type": "tool_result", "call_id": "0", "content": "of web_fetch", "success": true})),
        json!({"type": "tool_result", "call_id": "0", "content": "of the other grep"}),
    ];
    home.put("s", &meta(4, "s"), rows.iter().map(|row| format!("{row}\n")).collect::<String>());
    let lines = |args: &[&str]| -> Vec<usize> {
        let shown = home.shown(&[&["s", "--json"], args].concat());
        (0..rows.len()).filter(|&row| shown.contains(&format!("{}\n", rows[row]))).collect()
    };
    assert_eq!(lines(&["--tool", "bash"]), [2, 3]);
    assert_eq!(lines(&["--tool", "web_fetch"]), [5, 6]);
    assert_eq!(home.shown(&["s", "--json", "--tool", "grep"]).lines().count(), 4);
    assert_eq!(home.shown(&["s", "--json", "--file", "a.rs"]).lines().count(), 4);
    let shown = home.shown(&["s"]);
    for (label, text) in [("bash", "of bash"), ("web_fetch", "of web_fetch"), ("grep", "of the other grep")] {
        let (before, _) = shown.split_once(&format!("    {text}\n")).unwrap();
        assert!(before.trim_end().lines().last().unwrap().contains(&format!("result {label}")), "{shown}");
    }
}

fn sub(inner: serde_json::Value) -> serde_json::Value {
    json!({"type": "subagent_event", "subagent_id": "s1", "inner": inner})
}

#[test]
fn a_session_is_named_as_everywhere() {
    let home = home();
    let whole = home.shown(&["--json"]);
    assert_eq!(whole, V1);
    let (dir, file) = (home.dir(SID), home.conversation(SID));
    for id in ["latest", SID, "178648", dir.to_str().unwrap(), file.to_str().unwrap()] {
        assert_eq!(home.shown(&[id, "--json"]), whole, "{id}");
    }
    assert_eq!(home.log(0, &["-", "--json"], V1.as_bytes()).0, whole);
    assert_eq!(home.log(0, &["-", "--json", "-n", "2"], V1.as_bytes()).0.lines().count(), 2);
    for (code, args, message) in [
        (1, &["nope"][..], "error: no session `nope`"),
        (2, &["--since", "soon"], "error: `soon` is no time"),
        (2, &["--grep", "("], "error: regex parse error"),
        (2, &["-n", "3", "validate"], "error: what comes before a command"),
        (2, &["--json", "--bogus"], "error"),
    ] {
        let (out, err) = home.log(code, args, b"");
        assert!(format!("{out}{err}").contains(message), "{args:?}: {out}{err}");
    }
    let begun = Home::new();
    begun.log(0, &["append", "empty"], b"");
    assert!(begun.log(1, &["empty"], b"").1.contains("session empty has no conversation"));
    assert!(begun.log(1, &[], b"").1.contains("no session with a conversation"));
}

#[test]
fn a_terminal_is_not_obeyed() {
    let home = Home::new();
    home.append("s", r#"{"type":"user_message","text":"a\u001b[2Jb\u202ec"}"#);
    if home.sandbox.command("script").arg("--version").output().is_err() {
        return; // No way to have a terminal here.
    }
    let shown =
        home.sandbox.run("script", &["-qec", "GIT_PAGER=cat git-glue-log s --color=never", "/dev/null"]).to_string();
    assert!(shown.contains("a\\x1b[2Jb\\u{202e}c"), "{shown:?}");
}

#[test]
fn following_shows_what_comes_from_the_first_byte_on() {
    let home = Home::new();
    home.log(0, &["append", "s"], b"");
    let mut command = home.sandbox.command("git-glue-log");
    let mut follower =
        command.args(["-f", "--json", "s"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next =
        || serde_json::from_str::<serde_json::Value>(&lines.next().unwrap().unwrap()).unwrap()["text"].clone();
    home.append("s", r#"{"type":"user_message","text":"one"}"#);
    assert_eq!(next(), "one");
    let path = home.conversation("s");
    let write = |bytes: &str| OpenOptions::new().append(true).open(&path).unwrap().write_all(bytes.as_bytes()).unwrap();
    write("{\"type\":\"user_message\",");
    std::thread::sleep(std::time::Duration::from_millis(200));
    write("\"text\":\"two\"}\n");
    assert_eq!(next(), "two");
    fs::write(&path, "{\"text\":\"cut\"}\n").unwrap();
    assert_eq!(next(), "cut");
    fs::write(path.with_extension("new"), "{\"text\":\"replaced\"}\n{\"text\":\"twice\"}\n").unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    assert_eq!((next(), next()), ("replaced".into(), "twice".into()));
    // Nobody reads any more.
    drop(lines);
    let status = follower.wait().unwrap();
    let mut said = String::new();
    follower.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.success() && said.contains("was cut off") && said.contains("was replaced"), "{status}: {said}");
}

#[test]
fn following_begins_with_all_that_is_there() {
    let home = home();
    let mut command = home.sandbox.command("git-glue-log");
    let mut follower = command.args(["-f", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.by_ref().take(V1.lines().count()).collect::<Vec<_>>(), V1.lines().collect::<Vec<_>>());
    home.append(SID, r#"{"type":"user_message","text":"more"}"#);
    assert!(lines.next().unwrap().contains("\"sequence\":26,"));
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn following_begins_with_the_last_that_were_asked_for() {
    let home = home();
    let mut command = home.sandbox.command("git-glue-log");
    let mut follower = command.args(["-f", "-n", "1", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), V1.lines().last().unwrap());
    home.append(SID, r#"{"type":"user_message","text":"more"}"#);
    assert!(next().contains("\"sequence\":26,"));
    follower.kill().unwrap();
    follower.wait().unwrap();
}
