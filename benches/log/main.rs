//! The log of a session of a gigabyte: how long until the first screen, how much memory, and how fast it is checked
//! compared with `jq -c .`, which does nothing but read and print it.
//!
//! `cargo bench --bench log` makes a conversation of 1,000 MB out of rows of all sizes, as agents write them; `-- 100` one of
//! that many megabytes. Last comes a conversation of one row, of a fifth of that. All runs are of one session, one after the
//! other in rounds; all numbers are medians. CPU time is what to trust on a busy machine.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark: it prints, and stops if it cannot go on"
)]

mod conversation;
#[path = "../round_trip/measure.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod measure;
mod player;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use measure::{Cost, cost, installed, median};

const OURS: &str = installed!("git-glue-log");
const ROUNDS: usize = 3;
/// What fits on a terminal.
const SCREEN: usize = 60;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == measure::WORD) {
        return measure::run(&arguments[1..]);
    }
    measure::install();
    let megabytes = arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(1000);
    let folder = tempfile::Builder::new().prefix("log-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let session = folder.path().join("sessions/1786480000123-4242-1k9zq3f");
    let made = conversation::make(&session, megabytes << 20);
    println!("{} MB, {} rows, the longest of {} KB\n", made.bytes >> 20, made.rows, made.longest >> 10);
    let file = session.join("conversation.jsonl");
    let (session, file) = (session.to_str().unwrap(), file.to_str().unwrap());
    println!("{:<34} {:>12} {:>12}", "", "first screen", "memory");
    for (what, arguments) in [
        ("git glue-log", &[session][..]),
        ("git glue-log -n 100", &[session, "-n", "100"]),
        ("git glue-log -f -n 100", &[session, "-f", "-n", "100"]),
        ("git glue-log --type user_message", &[session, "--type", "user_message"]),
    ] {
        let mut times: Vec<f64> = (0..ROUNDS).map(|_| first_screen(folder.path(), arguments)).collect();
        times.sort_by(f64::total_cmp);
        let memory = match arguments.contains(&"-f") {
            true => "".to_owned(),
            false => mib(cost(folder.path(), None, &[&[OURS], arguments].concat())),
        };
        println!("{what:<34} {:>9.1} ms {memory:>12}", times[ROUNDS / 2]);
    }
    player::bench(folder.path(), session, ROUNDS);
    compare(folder.path(), session, file, made.bytes);
    let (row, bytes) = conversation::one_row(&folder.path().join("row.jsonl"), made.bytes / 5);
    println!("\none row of {} MB", bytes >> 20);
    compare(folder.path(), &row, &row, bytes);
}

/// How fast a conversation is checked, and how fast jq reads and prints it.
fn compare(folder: &Path, session: &str, file: &str, bytes: u64) {
    let commands = [("validate", vec![OURS, "validate", session]), ("jq -c .", vec!["jq", "-c", ".", file])];
    let mut costs = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        for (costs, (_, command)) in costs.iter_mut().zip(&commands) {
            costs.push(cost(folder, None, command));
        }
    }
    let [ours, theirs] = costs.map(|costs| median(&costs));
    println!("\n{:<34} {:>21} {:>12} {:>12}", "", "wall / CPU s", "MB/s", "memory");
    for ((what, _), cost) in commands.iter().zip([ours, theirs]) {
        let speed = bytes as f64 / 1e3 / cost.wall;
        println!("{what:<34} {:>12.2} / {:.2} {speed:>15.0} {:>12}", cost.wall / 1e3, cost.cpu / 1e3, mib(cost));
    }
    println!("{:<34} {:>12.1} / {:.1}", "ratio", theirs.wall / ours.wall, theirs.cpu / ours.cpu);
}

/// Milliseconds until as much is printed as a screen holds, from the start of the program.
fn first_screen(directory: &Path, arguments: &[&str]) -> f64 {
    let mut command = Command::new(OURS);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let start = Instant::now();
    let mut program = measure::environment(&mut command, directory).spawn().unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap()).lines().take(SCREEN).count();
    let took = start.elapsed().as_secs_f64() * 1e3;
    assert_eq!(lines, SCREEN);
    let _ = program.kill();
    program.wait().unwrap();
    took
}

fn mib(cost: Cost) -> String {
    format!("{:.1} MiB", cost.memory / 1024.0)
}
