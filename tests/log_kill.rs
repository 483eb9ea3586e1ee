//! Two processes record into one session, and are killed at any moment, a thousand times: what was acknowledged stays.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use git_glue::log::{Follower, Turnover};
use serde_json::Value;

use crate::conversations::Home;

const WRITERS: u64 = 2;
const KILLS: u64 = 1000;

/// Events that were acknowledged, by their sequence numbers.
type Acknowledged = Mutex<HashMap<u64, String>>;

#[test]
fn nothing_that_was_acknowledged_is_lost_when_writers_are_killed() {
    let home = Home::new();
    let program = home.sandbox.command("git-glue-log").get_program().to_owned();
    let store = home.sandbox.home().join(".glue");
    let path = home.conversation("s");
    let (acknowledged, are_done) = (Acknowledged::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (program, store, acknowledged) = (&program, &store, &acknowledged);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(writer);
                    for round in 0..KILLS / WRITERS {
                        let name = format!("{writer}.{round}");
                        kill_one(program, store, &name, Duration::from_micros(random.u64(0..16_000)), acknowledged);
                    }
                })
            })
            .collect();
        scope.spawn(|| read_along(&path, &acknowledged, &are_done));
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        are_done.store(true, Ordering::SeqCst);
    });
    let count = acknowledged.into_inner().unwrap().len() as u64;
    assert!(count > KILLS, "only {count} events were acknowledged");
    // Recording goes on after the last one.
    home.append("s", "{\"type\":\"user_message\",\"text\":\"the end\"}");
    // All that may be wrong is what a killed writer left half.
    let output = home.sandbox.command("git-glue-log").args(["validate", "s", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let classes = report["problems"].as_array().unwrap().iter().map(|problem| problem["class"].as_str().unwrap());
    assert_eq!(classes.filter(|class| !matches!(*class, "torn-row")).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Reads what is recorded while it is: whatever was acknowledged before a look is seen by it, whole and under its number.
fn read_along(path: &Path, acknowledged: &Acknowledged, are_done: &AtomicBool) {
    let (mut follower, mut seen) = (Follower::new(path, usize::MAX), HashMap::new());
    loop {
        let is_last = are_done.load(Ordering::SeqCst);
        let so_far = acknowledged.lock().unwrap().clone();
        let turnover = follower.catch_up::<std::io::Error>(&mut |row| {
            if let Ok(row) = serde_json::from_slice::<Value>(row.bytes) {
                let (sequence, text) = (row["sequence"].as_u64().unwrap(), row["text"].as_str().unwrap().to_owned());
                assert_eq!(seen.insert(sequence, text), None, "sequence {sequence} was given twice");
            }
            Ok(())
        });
        assert_eq!(turnover.unwrap(), Turnover::None);
        for (sequence, text) in &so_far {
            assert!(seen.get(sequence) == Some(text), "event {sequence} is lost, or another");
        }
        if is_last {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Lets a process record as much as it can until it is killed.
fn kill_one(program: &OsStr, store: &Path, name: &str, patience: Duration, acknowledged: &Acknowledged) {
    let text = |number: usize| format!("{name}.{number} {}", "é\u{2028}x".repeat(number * 37 % 400));
    let mut command = Command::new(program);
    command.args(["append", "s"]).env("GLUE_HOME", store).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0.. {
                let event = serde_json::json!({ "type": "user_message", "text": text(number) });
                if writeln!(stdin, "{event}").is_err() {
                    break;
                }
            }
        });
        scope.spawn(move || {
            let lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
            for (number, line) in lines.enumerate() {
                let sequence = std::str::from_utf8(&line).unwrap().parse().unwrap();
                acknowledged.lock().unwrap().insert(sequence, text(number));
            }
        });
        std::thread::sleep(patience);
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

#[test]
fn two_writers_at_once_both_get_through() {
    let home = Home::new();
    let each: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let program = home.sandbox.command("git-glue-log").get_program().to_owned();
                let store = home.sandbox.home().join(".glue");
                scope.spawn(move || {
                    let mut command = Command::new(program);
                    command.args(["append", "s"]).env("GLUE_HOME", store).stdin(Stdio::piped()).stdout(Stdio::piped());
                    let mut child = command.spawn().unwrap();
                    let mut stdin = child.stdin.take().unwrap();
                    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
                    let numbers = (0..60).map(|number| {
                        writeln!(stdin, "{{\"type\":\"user_message\",\"text\":\"{writer} {number}\"}}").unwrap();
                        lines.next().unwrap().unwrap().parse().unwrap()
                    });
                    let numbers = numbers.collect();
                    drop(stdin);
                    assert!(child.wait().unwrap().success());
                    numbers
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let mut all = each.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=120).collect::<Vec<u64>>());
    assert_eq!(home.shown(&["validate", "s"]), "Validated 1 session.\n");
    assert_eq!(home.meta("s")["message_count"], 120);
}
