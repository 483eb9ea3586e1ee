//! Two processes record into one session, and are killed at any moment, a thousand times: what was acknowledged stays.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::conversations::Home;

const WRITERS: u64 = 2;
const KILLS: u64 = 1000;

#[test]
fn nothing_that_was_acknowledged_is_lost_when_writers_are_killed() {
    let home = Home::new();
    let program = home.sandbox.command("git-glue-log").get_program().to_owned();
    let store = home.sandbox.home().join(".glue");
    let acknowledged: HashMap<u64, String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (program, store) = (&program, &store);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(writer);
                    let rounds = 0..KILLS / WRITERS;
                    rounds
                        .flat_map(|round| killed(program, store, &format!("{writer}.{round}"), &mut random))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert!(acknowledged.len() as u64 > KILLS, "only {} events were acknowledged", acknowledged.len());
    // Recording goes on after the last one.
    home.append("s", "{\"type\":\"user_message\",\"text\":\"the end\"}");
    let bytes = fs::read(home.conversation("s")).unwrap();
    let rows: Vec<Value> =
        bytes.split(|byte| *byte == b'\n').filter_map(|row| serde_json::from_slice(row).ok()).collect();
    let there: HashMap<u64, &str> =
        rows.iter().map(|row| (row["sequence"].as_u64().unwrap(), row["text"].as_str().unwrap())).collect();
    assert_eq!(there.len(), rows.len(), "a sequence number was given twice");
    for (sequence, text) in &acknowledged {
        assert!(there.get(sequence).is_some_and(|found| found == text), "event {sequence} is lost or another");
    }
    // All that may be wrong is what a killed writer left half.
    let output = home.sandbox.command("git-glue-log").args(["validate", "s", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let classes = report["problems"].as_array().unwrap().iter().map(|problem| problem["class"].as_str().unwrap());
    assert_eq!(classes.filter(|class| !matches!(*class, "torn-row")).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Lets a process record as much as it can until it is killed. The events that it acknowledged, by their numbers.
fn killed(
    program: &std::ffi::OsStr,
    store: &std::path::Path,
    name: &str,
    random: &mut fastrand::Rng,
) -> Vec<(u64, String)> {
    let text = |number: usize| format!("{name}.{number} {}", "é\u{2028}x".repeat(number * 37 % 400));
    let mut command = std::process::Command::new(program);
    command.args(["append", "s"]).env("GLUE_HOME", store).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let patience = Duration::from_micros(random.u64(0..16_000));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0.. {
                let event = serde_json::json!({ "type": "user_message", "text": text(number) });
                if writeln!(stdin, "{event}").is_err() {
                    break;
                }
            }
        });
        let reader = scope.spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.enumerate().map(|(number, line)| (line.parse().unwrap(), text(number))).collect()
        });
        std::thread::sleep(patience);
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap()
    })
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
                    let mut command = std::process::Command::new(program);
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
