//! `git glue-log append` when it is asked to end, or is killed: what is known of the session stays true.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::conversations::Home;

const PROMPT: &str = "{\"type\":\"user_message\",\"text\":\"p\"}\n";
const TITLE: &str = "{\"type\":\"title_generated\",\"title\":\"Theirs\"}\n";

/// A recorder that has acknowledged these events, and waits for more.
fn recorder(home: &Home, args: &[&str], events: &[&str]) -> (Child, ChildStdin) {
    let mut command = home.sandbox.command("git-glue-log");
    let mut child = command.arg("append").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for event in events {
        stdin.write_all(event.as_bytes()).unwrap();
        lines.next().unwrap().unwrap();
    }
    (child, stdin)
}

#[test]
fn a_signal_to_end_is_the_end_of_the_input() {
    for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
        let home = Home::new();
        let (mut child, mut stdin) = recorder(&home, &["s", "--title", "Mine", "--close=cancelled"], &[PROMPT, TITLE]);
        stdin.write_all(b"{\"type\":\"user_mess").unwrap();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        drop(stdin);
        let meta = home.meta("s");
        assert_eq!((&meta["title"], &meta["title_source"]), (&"Mine".into(), &"user".into()));
        assert_eq!((&meta["message_count"], &meta["termination_status"]), (&1.into(), &"cancelled".into()));
        assert_eq!(home.rows("s").len(), 2);
        assert!(!home.dir("s").join(".open").exists());
    }
}

#[test]
fn the_title_is_known_while_it_is_recorded() {
    let home = Home::new();
    let (mut child, stdin) = recorder(&home, &["s", "--title", "Mine"], &[]);
    let begun = Instant::now();
    while !home.dir("s").join("meta.json").exists() || home.meta("s")["title"] != "Mine" {
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    let (mut child, stdin) = recorder(&home, &["t"], &[TITLE]);
    let begun = Instant::now();
    while home.meta("t")["title"] != "Theirs" {
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_a_killed_recorder_did_not_tell_is_told_by_the_next() {
    let home = Home::new();
    let (mut child, _stdin) = recorder(&home, &["s"], &[PROMPT, PROMPT, TITLE]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(home.meta("s")["message_count"], 0);
    // Also when what was told of the title is lost.
    let path = home.dir("s").join("meta.json");
    let mut meta = home.meta("s");
    meta.as_object_mut().unwrap().retain(|key, _| !key.starts_with("title"));
    fs::write(&path, meta.to_string()).unwrap();
    home.log(0, &["append", "s", "--close"], b"");
    let meta = home.meta("s");
    assert_eq!((&meta["title"], &meta["message_count"]), (&"Theirs".into(), &2.into()));
    assert_eq!(meta["termination_status"], "completed");
    assert!(!home.dir("s").join(".open").exists());
    // Who recorded at the same time told of its own.
    let (mut killed, _stdin) = recorder(&home, &["s"], &[PROMPT]);
    let (mut other, stdin) = recorder(&home, &["s"], &[PROMPT]);
    killed.kill().unwrap();
    killed.wait().unwrap();
    drop(stdin);
    assert!(other.wait().unwrap().success());
    assert_eq!(home.meta("s")["message_count"], 4);
}

#[test]
fn a_lock_without_a_process_holds_nobody_up_for_long() {
    let home = Home::new();
    home.append("s", PROMPT);
    for content in ["", "nobody\n"] {
        fs::write(home.dir("s").join(".lock"), content).unwrap();
        home.append("s", PROMPT);
        assert!(!home.dir("s").join(".lock").exists());
    }
}
