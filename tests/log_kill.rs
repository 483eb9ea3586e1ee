//! Two processes record into one session, and are killed at any moment, a thousand times: what was acknowledged stays.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use git_glue::log::{Follower, Turnover};
use serde_json::Value;

use crate::conversations::Home;
use crate::sandbox::output_with;

const WRITERS: u64 = 2;
const KILLS: u64 = 1000;

/// When a process is killed.
enum Moment {
    AfterItsStart(Duration),
    AfterAnEvent(Duration),
}

/// Events that were acknowledged and not looked for yet, by their sequence numbers.
type Acknowledged = Mutex<HashMap<u64, String>>;

#[test]
fn nothing_that_was_acknowledged_is_lost_when_writers_are_killed() {
    let home = Home::new();
    let program = home.sandbox.command("git-glue-log").get_program().to_owned();
    // In memory, if that can be had: who is killed takes nothing along that was written, and a busy disk takes its time.
    let store = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let (store, path) = (store.path(), store.path().join("sessions/s/conversation.jsonl"));
    let (acknowledged, are_done) = (Acknowledged::default(), AtomicBool::new(false));
    let count = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (program, acknowledged) = (&program, &acknowledged);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(writer);
                    for round in 0..KILLS / WRITERS {
                        // As often while it starts as while it records.
                        let moment = match round % 2 {
                            0 => Moment::AfterItsStart(Duration::from_micros(random.u64(0..8_000))),
                            _ => Moment::AfterAnEvent(Duration::from_micros(random.u64(0..4_000))),
                        };
                        kill_one(program, store, &format!("{writer}.{round}"), moment, acknowledged);
                    }
                })
            })
            .collect();
        let reader = scope.spawn(|| read_along(&path, &acknowledged, &are_done));
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        are_done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    assert!(count >= KILLS / 2, "only {count} events were acknowledged");
    // Recording goes on after the last one.
    let mut command = home.sandbox.command("git-glue-log");
    let output = output_with(
        command.args(["append", "s"]).env("GLUE_HOME", store),
        b"{\"type\":\"user_message\",\"text\":\"\"}",
    );
    assert!(output.status.success(), "{output:?}");
    // All that may be wrong is what a killed writer left half.
    let mut command = home.sandbox.command("git-glue-log");
    let output = command.args(["validate", "s", "--json"]).env("GLUE_HOME", store).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let classes = report["problems"].as_array().unwrap().iter().map(|problem| problem["class"].as_str().unwrap());
    assert_eq!(classes.filter(|class| !matches!(*class, "torn-row")).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Reads what is recorded while it is: whatever was acknowledged before a look is seen by it, whole and under its number.
/// How many events that were.
fn read_along(path: &Path, acknowledged: &Acknowledged, are_done: &AtomicBool) -> u64 {
    let (mut follower, mut seen, mut count) = (Follower::new(path, usize::MAX), HashMap::new(), 0);
    loop {
        let is_last = are_done.load(Ordering::SeqCst);
        let recently = std::mem::take(&mut *acknowledged.lock().unwrap());
        let turnover = follower.catch_up::<std::io::Error>(&mut |row| {
            if let Ok(row) = serde_json::from_slice::<Value>(row.bytes) {
                let (sequence, text) = (row["sequence"].as_u64().unwrap(), row["text"].as_str().unwrap().to_owned());
                assert_eq!(seen.insert(sequence, text), None, "sequence {sequence} was given twice");
            }
            Ok(())
        });
        assert_eq!(turnover.unwrap(), Turnover::None);
        count += recently.len() as u64;
        for (sequence, text) in &recently {
            assert!(seen.get(sequence) == Some(text), "event {sequence} is lost, or another");
        }
        if is_last {
            return count;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Lets a process record as much as it can until it is killed.
fn kill_one(program: &OsStr, store: &Path, name: &str, moment: Moment, acknowledged: &Acknowledged) {
    let text = |number: usize| format!("{name}.{number} {}", "é\u{2028}x".repeat(number * 37 % 200));
    let mut command = Command::new(program);
    command.args(["append", "s"]).env("GLUE_HOME", store).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (sender, receiver) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0.. {
                let event = serde_json::json!({ "type": "user_message", "text": text(number) });
                if writeln!(stdin, "{event}").is_err() {
                    break;
                }
                // Batches of some and of one.
                if number % 16 == 0 {
                    std::thread::sleep(Duration::from_micros(300));
                }
            }
        });
        scope.spawn(move || {
            let lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
            for (number, line) in lines.enumerate() {
                let sequence = std::str::from_utf8(&line).unwrap().parse().unwrap();
                acknowledged.lock().unwrap().insert(sequence, text(number));
                let _ = sender.send(());
            }
        });
        std::thread::sleep(match moment {
            Moment::AfterItsStart(patience) => patience,
            Moment::AfterAnEvent(patience) => receiver.recv().map(|()| patience).unwrap(),
        });
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
