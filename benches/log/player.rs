//! The player, on a pseudo-terminal: how long until its first screen and until the last step is on it, and the memory by then.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bstr::ByteSlice;
use nix::pty::{Winsize, openpty};

use crate::conversation::{FIRST, LAST};
use crate::measure::{self, installed};

const PLAYER: &str = installed!("git-glue-replay");
/// Goes to the last step.
const END: &[u8] = b"G";
/// What the last line of the screen ends with.
const FOOT: &str = "quit";

/// Prints what was measured.
pub fn bench(folder: &Path, session: &str, rounds: usize) {
    let runs: Vec<[f64; 3]> = (0..rounds).map(|_| run(folder, session)).collect();
    let [first, last, memory] = [0, 1, 2].map(|number| {
        let mut numbers: Vec<f64> = runs.iter().map(|run| run[number]).collect();
        numbers.sort_by(f64::total_cmp);
        numbers[rounds / 2]
    });
    println!("{:<34} {first:>9.1} ms", "git glue-replay");
    println!("{:<34} {last:>9.1} ms {memory:>8.1} MiB", "git glue-replay, and the last step");
}

/// Milliseconds until the first screen and until the last step, and the MiB of memory that it took.
fn run(folder: &Path, session: &str) -> [f64; 3] {
    let terminal = openpty(&Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }, None).unwrap();
    let mut command = Command::new(PLAYER);
    let end = || terminal.slave.try_clone().unwrap();
    command.arg(session).env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
    let start = Instant::now();
    let mut program = measure::environment(&mut command, folder).spawn().unwrap();
    let mut screen = File::from(terminal.master);
    let passed = || start.elapsed().as_secs_f64() * 1e3;
    shows(&mut screen, &[FIRST, FOOT]);
    let first = passed();
    screen.write_all(END).unwrap();
    shows(&mut screen, &[LAST]);
    let last = passed();
    let memory = most_memory(program.id());
    screen.write_all(b"q").unwrap();
    program.wait().unwrap();
    [first, last, memory]
}

/// Reads what is drawn until it holds all of the texts.
fn shows(screen: &mut File, texts: &[&str]) {
    let (mut drawn, mut buffer) = (Vec::new(), [0; 1 << 16]);
    while !texts.iter().all(|text| drawn.contains_str(text)) {
        let count = screen.read(&mut buffer).unwrap();
        drawn.extend_from_slice(&buffer[..count]);
    }
}

/// The most memory that a process had so far, in MiB, where the system tells it.
fn most_memory(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB")?.trim().parse().ok());
    peak.unwrap_or(0.0) / 1024.0
}
