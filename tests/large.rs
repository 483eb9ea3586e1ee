//! Memory does not grow with what is applied: with the number of commits, their size, or the files of one patch.
//!
//! Linux tells the most memory that a process ever had; elsewhere there is nothing to see here.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::sandbox::Sandbox;

const MB: u64 = 1 << 20;

/// A host and a series for it.
struct Story {
    sandbox: Sandbox,
    series: PathBuf,
}

impl Story {
    /// The host has `files` files of 60 lines each.
    fn new(files: usize, write: impl FnOnce(&mut dyn Write)) -> Story {
        let sandbox = Sandbox::new();
        let mut stream = b"commit refs/heads/main\ncommitter A <a@example.com> 1700000000 +0000\ndata 0\n".to_vec();
        for number in 0..files {
            let bytes = content(number).concat();
            let path = path(number);
            stream.extend_from_slice(format!("M 644 inline {path}\ndata {}\n{bytes}\n", bytes.len()).as_bytes());
        }
        sandbox.git_with(&["fast-import", "--quiet"], &stream);
        let series = sandbox.root().join("series.mbox");
        let mut file = BufWriter::new(File::create(&series).unwrap());
        write(&mut file);
        file.flush().unwrap();
        Story { sandbox, series }
    }

    /// The most memory, in bytes, that applying the series took: to look ahead, and to make the branch.
    fn most_memory(&self) -> u64 {
        let series = self.series.to_str().unwrap();
        let branch = ["--quiet", "--no-checkout", "--branch", "new"];
        let ahead = most_memory(&self.sandbox, &[&["--check"], &branch[..], &[series]].concat());
        let made = most_memory(&self.sandbox, &[&branch[..], &[series]].concat());
        self.sandbox.git(&["fsck", "--strict", "--full"]);
        ahead.max(made)
    }
}

fn path(number: usize) -> String {
    format!("folder{}/file{number}", number % 50)
}

fn content(number: usize) -> Vec<String> {
    (0..60).map(|line| format!("line {line} of file {number}, {}\n", line * number * 7919 % 10007)).collect()
}

/// The most memory that `git-glue-apply` had, in bytes. It is asked for while the program runs, as it ends with it.
fn most_memory(sandbox: &Sandbox, arguments: &[&str]) -> u64 {
    let mut command = sandbox.command("git-glue-apply");
    let mut child = command.args(arguments).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        most = line.map_or(most, |kib| kib.trim().parse::<u64>().unwrap() * 1024);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success(), "{arguments:?}");
    assert!(most > MB);
    most
}

fn mail(out: &mut dyn Write, number: usize, diff: impl FnOnce(&mut dyn Write)) {
    let head = "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.com>\n";
    write!(out, "{head}Date: Tue, 14 Nov 2023 22:13:20 +0000\nSubject: [PATCH] change {number}\n\nWhy.\n---\n")
        .unwrap();
    diff(out);
    out.write_all(b"-- \n2.47\n\n").unwrap();
}

/// Mails that each change a line of one of a thousand files.
fn small_commits(count: usize) -> Story {
    let mut files: Vec<Vec<String>> = (0..1000).map(content).collect();
    let mut random = fastrand::Rng::with_seed(1);
    Story::new(files.len(), |out| {
        for number in 0..count {
            let (file, at) = (random.usize(..files.len()), random.usize(3..56));
            let (path, lines) = (path(file), &mut files[file]);
            let new = format!("changed by {number}\n");
            mail(out, number, |out| {
                let around = |out: &mut dyn Write, range| {
                    for line in &lines[range] {
                        write!(out, " {line}").unwrap();
                    }
                };
                let head = format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n");
                writeln!(out, "{head}@@ -{0},7 +{0},7 @@", at - 2).unwrap();
                around(out, at - 3..at);
                write!(out, "-{}+{new}", lines[at]).unwrap();
                around(out, at + 1..at + 4);
            });
            lines[at] = new;
        }
    })
}

#[test]
fn ten_thousand_commits() {
    let (few, many) = (small_commits(10).most_memory(), small_commits(10_000).most_memory());
    // What is told of each commit in the end, and what was made last, up to a bound.
    assert!(many < few + 70 * MB, "{few} bytes for 10 commits, {many} for 10000");
}

/// Mails that each add a file of 3 MB.
fn large_commits(count: usize) -> Story {
    Story::new(1, |out| {
        for number in 0..count {
            mail(out, number, |out| {
                let head = format!("diff --git a/f{number} b/f{number}\nnew file mode 100644\n--- /dev/null\n");
                writeln!(out, "{head}+++ b/f{number}\n@@ -0,0 +1,20000 @@").unwrap();
                for line in 0..20_000 {
                    writeln!(out, "+{number} {line:0150}").unwrap();
                }
            });
        }
    })
}

#[test]
fn commits_of_three_megabytes() {
    let (few, many) = (large_commits(2).most_memory(), large_commits(40).most_memory());
    assert!(many < few + 100 * MB, "{few} bytes for 2 commits, {many} for 40, 120 MB in all");
    assert!(many < 250 * MB);
}

#[test]
fn a_binary_file_of_a_hundred_megabytes() {
    let agent = Sandbox::new();
    agent.commit("base");
    let mut random = fastrand::Rng::with_seed(2);
    let mut bytes = vec![0; 100 << 20];
    bytes.chunks_mut(1024).for_each(|chunk| chunk[random.usize(..chunk.len())] = random.u8(..));
    agent.write("large", &bytes);
    agent.commit("large");
    let series = agent.git(&["-c", "core.compression=1", "format-patch", "--binary", "--stdout", "-1"]);
    drop(agent);
    let story = Story::new(1, |out| out.write_all(&series).unwrap());
    let most = story.most_memory();
    assert!(most < 180 * MB, "{most} bytes");
}

#[test]
fn a_patch_of_fifty_thousand_files() {
    let files = |count: usize| {
        Story::new(1, |out| {
            mail(out, 0, |out| {
                for number in 0..count {
                    let path = format!("new{}/{}/file{number}", number % 100, number / 100 % 50);
                    let head =
                        format!("diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n");
                    writeln!(out, "{head}@@ -0,0 +1,3 @@\n+file {number}\n+of many\n+end").unwrap();
                }
            });
        })
    };
    let (few, many) = (files(500).most_memory(), files(50_000).most_memory());
    // A patch is one: what it does is known as a whole before any of it is done.
    assert!(many < few + 100 * MB, "{few} bytes for 500 files, {many} for 50000");
}
