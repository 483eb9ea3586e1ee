//! The last 500 commits of a large history, and random work on random trees.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use bstr::{BString, ByteSlice};
use fastrand::Rng;

use crate::round_trip::{Story, Way};
use crate::sandbox::{Sandbox, gits};

const FILES: usize = 2000;
const COMMITS: usize = 500;

/// A history as a stream for `git fast-import`, and what its files are at its end.
struct History {
    random: Rng,
    stream: Vec<u8>,
    files: BTreeMap<String, (Vec<u8>, bool)>,
    names: usize,
}

impl History {
    fn new() -> History {
        let mut history = History { random: Rng::with_seed(500), stream: Vec::new(), files: BTreeMap::new(), names: 0 };
        for _ in 0..FILES {
            history.add();
        }
        history
    }

    fn commit(&mut self, subject: &str, parent: Option<&BString>) {
        let mut head =
            format!("commit refs/heads/main\nauthor Ann <ann@example.org> {} +0100\n", 1_600_000_000 + self.names);
        let _ = write!(head, "committer Cam <cam@example.org> 1700000000 +0000\ndata {}\n{subject}\n", subject.len());
        if let Some(parent) = parent {
            let _ = writeln!(head, "from {parent}");
        }
        self.stream.extend_from_slice(head.as_bytes());
    }

    fn put(&mut self, path: &str) {
        let (bytes, executable) = &self.files[path];
        let mode = if *executable { "100755" } else { "100644" };
        self.stream.extend_from_slice(format!("M {mode} inline {path}\ndata {}\n", bytes.len()).as_bytes());
        self.stream.extend_from_slice(bytes);
        self.stream.push(b'\n');
    }

    /// A new file, binary now and then.
    fn add(&mut self) -> String {
        self.names += 1;
        let random = &mut self.random;
        let path = format!("d{}/e{}/f{}.txt", random.u8(..20), random.u8(..6), self.names);
        let bytes = if random.u8(..20) == 0 {
            (0..random.usize(50..4000)).map(|_| random.u8(..)).collect()
        } else {
            (0..random.usize(0..80))
                .map(|_| format!("{:x} of {}\n", random.u16(..), self.names))
                .collect::<String>()
                .into()
        };
        self.files.insert(path.clone(), (bytes, false));
        path
    }

    fn any(&mut self) -> String {
        let number = self.random.usize(..self.files.len());
        self.files.keys().nth(number).cloned().unwrap_or_default()
    }

    fn edit(&mut self, path: &str) {
        let random = &mut self.random;
        let (bytes, executable) = self.files.get_mut(path).unwrap();
        match random.u8(..10) {
            0 => *executable = !*executable,
            1 => bytes.extend_from_slice(b"no newline at the end"),
            2 => bytes.extend_from_slice(b"carriage return\r\n"),
            3 if !bytes.is_empty() => {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
            _ => {
                let mut lines: Vec<&[u8]> = bytes.lines_with_terminator().collect();
                let at = random.usize(..=lines.len());
                let line = format!("edited {}\n", random.u32(..)).into_bytes();
                lines.insert(at, &line);
                let end = (at + 1 + random.usize(..4)).min(lines.len());
                lines.drain(at + 1..end);
                *bytes = lines.concat();
            }
        }
    }

    fn step(&mut self) {
        for _ in 0..self.random.usize(1..6) {
            let path = self.any();
            match self.random.u8(..12) {
                0 => {
                    self.files.remove(&path);
                    self.stream.extend_from_slice(format!("D {path}\n").as_bytes());
                }
                1 => {
                    self.names += 1;
                    let to = format!("moved/g{}/{}", self.random.u8(..9), self.names);
                    let file = self.files.remove(&path).unwrap();
                    self.files.insert(to.clone(), file);
                    self.stream.extend_from_slice(format!("R {path} {to}\n").as_bytes());
                    if self.random.bool() {
                        self.edit(&to);
                        self.put(&to);
                    }
                }
                2 | 3 => {
                    let path = self.add();
                    self.put(&path);
                }
                _ => {
                    self.edit(&path);
                    self.put(&path);
                }
            }
        }
    }
}

#[test]
fn the_last_five_hundred_commits_of_a_large_history() {
    let git = &gits()[0];
    let mut history = History::new();
    history.commit("Two thousand files", None);
    for path in history.files.keys().cloned().collect::<Vec<_>>() {
        history.put(&path);
    }
    let mut story = Story::between(git, git, Way::Store, &[], |origin| {
        origin.git_with(&["fast-import", "--quiet"], &history.stream);
        origin.git(&["reset", "-q", "--hard"]);
        origin.write("last", "last\n");
    });
    story.options.push("--cap=1g".into());
    history.stream.clear();
    for number in 0..COMMITS {
        let parent = (number == 0).then(|| story.base.clone());
        history.commit(&format!("Step {number}\n\nOf many.\n"), parent.as_ref());
        history.step();
    }
    story.away.git_with(&["fast-import", "--quiet"], &history.stream);
    story.away.git(&["reset", "-q", "--hard"]);
    assert_eq!(story.away.git(&["rev-list", "--count", "HEAD"]), (COMMITS + 2).to_string().as_str());
    story.comes_home();
}

/// A small world of names, so that random work meets itself again.
const NAMES: [&str; 14] =
    ["a", "b", "c/d", "c/e", "c/f/g", "d", "d/e", "h i", "h\tj", "\u{e9}", "k\"l", "-m", "c", "n\\o"];

/// One random change of the work tree. Whatever cannot be done is not done.
fn disturb(random: &mut Rng, repo: &Sandbox) {
    let path = repo.path(NAMES[random.usize(..NAMES.len())]);
    let other = repo.path(NAMES[random.usize(..NAMES.len())]);
    let _ = fs::create_dir_all(path.parent().unwrap());
    match random.u8(..12) {
        0 => drop(fs::remove_file(path)),
        1 => drop(fs::remove_dir_all(path)),
        2 => drop(fs::rename(path, other)),
        3 => drop(fs::metadata(&path).is_ok_and(|file| file.is_file()) && fs::copy(path, other).is_ok()),
        4 => drop(std::os::unix::fs::symlink(NAMES[random.usize(..NAMES.len())], path)),
        5 => {
            use std::os::unix::fs::PermissionsExt;
            let mode = if random.bool() { 0o755 } else { 0o644 };
            if path.symlink_metadata().is_ok_and(|file| file.is_file()) {
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        6..9 if path.symlink_metadata().is_ok_and(|file| file.is_file()) => {
            let mut bytes = fs::read(&path).unwrap();
            let at = random.usize(..=bytes.len());
            let end = random.usize(at..=bytes.len().min(at + 30));
            bytes.splice(at..end, content(random, 3));
            fs::write(path, bytes).unwrap();
        }
        _ if path.symlink_metadata().is_ok_and(|file| file.is_symlink()) => {}
        _ => drop(fs::write(path, content(random, 40))),
    }
}

/// Lines of few kinds, with a byte that is not text now and then.
fn content(random: &mut Rng, most: usize) -> Vec<u8> {
    let pieces: [&[u8]; 9] = [b"one\n", b"two\n", b"\n", b"three\r\n", b"\t \n", b"\xe9\n", b"\r", b"end", b"From x\n"];
    let mut bytes = Vec::new();
    for _ in 0..random.usize(..=most) {
        bytes.extend_from_slice(pieces[random.usize(..pieces.len())]);
        if random.u16(..300) == 0 {
            bytes.push(0);
        }
    }
    bytes
}

/// Empty directories do not travel; without them there is nothing to warn of.
fn without_empty_directories(directory: &std::path::Path) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() && entry.file_name() != ".git" {
            without_empty_directories(&entry.path());
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn random_story(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let gits = gits();
    let (away, home) = (&gits[random.usize(..gits.len())], &gits[random.usize(..gits.len())]);
    let way = if random.bool() { Way::Store } else { Way::Pipe };
    let begin = Rng::with_seed(seed);
    let mut story = Story::between(away, home, way, &[], |repo| {
        let mut random = begin.clone();
        repo.write("always", "always\n");
        for _ in 0..30 {
            disturb(&mut random, repo);
        }
    });
    story.about += &format!(", seed {seed}");
    for _ in 0..random.usize(..5) {
        for _ in 0..random.usize(1..8) {
            disturb(&mut random, &story.away);
        }
        story.away.commit(content(&mut random, 6).replace("\0", ""));
    }
    for _ in 0..random.usize(..10) {
        disturb(&mut random, &story.away);
    }
    without_empty_directories(story.away.dir());
    if random.bool() {
        story.away.git(&["add", "-A"]);
        for _ in 0..random.usize(..6) {
            disturb(&mut random, &story.away);
        }
        without_empty_directories(story.away.dir());
    }
    let status: BString = story.away.git(&["status", "--porcelain"]);
    if story.away.git(&["rev-parse", "HEAD"]) == story.base && status.is_empty() {
        return;
    }
    story.comes_home();
}

/// `ROUND_TRIP_SEEDS=1000..2000` tells as many other stories.
#[test]
fn random_work_on_random_trees() {
    let seeds = std::env::var("ROUND_TRIP_SEEDS").unwrap_or_else(|_| "1..13".into());
    let (first, last) = seeds.split_once("..").unwrap();
    for seed in first.parse().unwrap()..last.parse().unwrap() {
        random_story(seed);
    }
}
