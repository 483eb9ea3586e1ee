//! The player of `git glue-replay` on a real terminal: what it shows, and that the terminal is as before when it ends,
//! whatever ends it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use bstr::ByteSlice;
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use crate::programs::World;

const LOG: &str = r#"{"timestamp":"2026-05-02T08:00:00Z","type":"user_message","text":"greeting"}
{"timestamp":"2026-05-02T08:00:03Z","type":"assistant_message","text":"answering\u001b[31;1m"}
{"timestamp":"2026-05-02T08:00:04Z","type":"assistant_message","text":"lastly"}
"#;
const ENTERED: &str = "\x1b[?1049h";
const LEFT: &str = "\x1b[?1049l";

/// A terminal with the player in it.
struct Screen {
    child: Child,
    keys: File,
    /// Keeps the terminal open when the program is gone.
    terminal: OwnedFd,
    written: Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

impl Screen {
    fn open(world: &World, args: &[&str]) -> Screen {
        let size = Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
        let end = || slave.try_clone().unwrap();
        let mut command = world.sandbox.command("git-glue-replay");
        command.args(args).env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        drop(command);
        let (sender, written) = channel();
        let mut pictures = File::from(master.try_clone().unwrap());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pictures.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Screen { child, keys: File::from(master), terminal: slave, written, seen: Vec::new() }
    }

    /// Waits until something has been written to the terminal.
    #[track_caller]
    fn shows(&mut self, text: &str) -> &mut Screen {
        let until = Instant::now() + Duration::from_secs(20);
        while self.seen.find(text).is_none() {
            let left = until.saturating_duration_since(Instant::now());
            match self.written.recv_timeout(left) {
                Ok(bytes) => self.seen.extend(bytes),
                Err(_) => panic!("no {text:?} in {:?}", self.seen.as_bstr()),
            }
        }
        self
    }

    fn types(&mut self, keys: &str) -> &mut Screen {
        self.seen.clear();
        self.keys.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Whether the terminal hands on lines, and shows what is typed.
    fn is_usual(&self) -> bool {
        tcgetattr(&self.terminal).unwrap().local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    #[track_caller]
    fn ends(&mut self) -> ExitStatus {
        self.shows(LEFT).shows("\x1b[?25h");
        let status = self.child.wait().unwrap();
        assert!(self.is_usual());
        status
    }
}

fn world() -> World {
    let world = World::new();
    let dir = world.session("s1", "A title", None);
    std::fs::write(dir.join("conversation.jsonl"), LOG).unwrap();
    world
}

#[test]
fn a_session_is_stepped_through_on_a_terminal() {
    let world = world();
    let mut screen = Screen::open(&world, &["s1"]);
    screen.shows(ENTERED).shows("greeting").shows("quit");
    assert!(!screen.is_usual());
    screen.types("l").shows("answering\\x1b[31;1m");
    screen.types("G").shows("lastly");
    screen.types("y").shows("\x1b]52;c;Z2l0IGdsdWUtcmVwbGF5IC0tc3RhcnQgMyBzMQ==\x07");
    assert!(screen.types("q").ends().success());
}

#[test]
fn files_that_only_the_capture_knows_of_are_shown() {
    let world = World::new();
    let dir = world.session("s1", "A title", Some(&world.mbox));
    let made = r#"{"type":"tool_call","id":"1","name":"write_file","arguments":{"path":"made","content":"x"}}
{"type":"tool_result","call_id":"1","content":"ok","success":true}
"#;
    std::fs::write(dir.join("conversation.jsonl"), [LOG, made].concat()).unwrap();
    let mut screen = Screen::open(&world, &["s1"]);
    screen.shows("greeting").types("F").shows("outside").shows("numbers").shows("undone").shows("made");
    assert!(screen.types("q").ends().success());
}

#[test]
fn a_capture_that_is_cut_off_is_said_to_be() {
    let world = world();
    let cut = [world.mbox.as_slice(), b"<<< truncated: original was 99999 bytes, cap is 9 >>>\n"].concat();
    std::fs::write(world.sessions().join("s1/runtime.mbox.truncated"), cut).unwrap();
    let mut screen = Screen::open(&world, &["s1"]);
    screen.shows("greeting").types("F").shows("outside").shows("lost").shows("numbers");
    assert!(screen.types("q").ends().success());
}

#[test]
fn a_terminal_is_given_back_whatever_ends_the_player() {
    use std::os::unix::process::ExitStatusExt as _;
    let world = world();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let mut screen = Screen::open(&world, &["--start", "2", "s1"]);
        screen.shows("answering");
        kill(Pid::from_raw(i32::try_from(screen.child.id()).unwrap()), signal).unwrap();
        assert_eq!(screen.ends().signal(), Some(signal as i32));
    }
    let mut screen = Screen::open(&world, &["s1"]);
    assert!(screen.shows("greeting").types("\x03").ends().success());
}

#[test]
fn a_terminal_that_goes_away_ends_the_player() {
    let world = world();
    let size = Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
    // A copy that no child inherits; the original would keep the terminal there.
    let (master, _) = (master.try_clone().unwrap(), drop(master));
    let mut command = world.sandbox.command("git-glue-replay");
    command.arg("s1").env("TERM", "xterm").stdin(slave.try_clone().unwrap()).stdout(slave);
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    drop(command);
    let (mut terminal, mut seen, mut buffer) = (File::from(master), Vec::new(), [0; 4096]);
    while seen.find("greeting").is_none() {
        let count = terminal.read(&mut buffer).unwrap();
        seen.extend_from_slice(&buffer[..count]);
    }
    drop(terminal);
    let until = Instant::now() + Duration::from_secs(20);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("it goes on without a terminal");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_terminal_that_can_do_nothing_gets_text() {
    let world = world();
    for args in [&["--plain", "s1"][..], &["--json", "s1"]] {
        let mut screen = Screen::open(&world, args);
        screen.shows("lastly");
        assert!(screen.child.wait().unwrap().success());
        assert!(screen.seen.find(ENTERED).is_none());
    }
}
