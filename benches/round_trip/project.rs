//! A repository of a given size and a series of commits on top of it.

use std::collections::HashMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fastrand::Rng;

use crate::capture::CAPTURE;
use crate::measure::environment;
use crate::text;

/// The shape of a repository, and of the work on it.
pub struct Project {
    pub name: &'static str,
    pub files: usize,
    /// The usual length of a file, in lines.
    pub lines: usize,
    /// One file of so many is one that is worked on.
    pub busy: usize,
    /// The usual length of those.
    pub busy_lines: usize,
    /// Commits that are applied.
    pub mails: usize,
    /// Commits that are captured.
    pub commits: usize,
    /// Files that each commit changes.
    pub touched: usize,
    pub runs: usize,
}

/// What there is to measure on, all in one folder.
pub struct Repositories {
    pub folder: PathBuf,
    /// What the sandbox began with.
    pub host: PathBuf,
    /// With all commits, 20 dirty files and 50 that git does not know.
    pub sandbox: PathBuf,
    pub base: String,
    /// The commits that are applied, as git's own mails, and nothing else.
    pub series: PathBuf,
    /// A capture of the same commits.
    pub captured: PathBuf,
}

impl Project {
    /// Makes them.
    pub fn make(&self, folder: &Path) -> Repositories {
        let (host, sandbox) = (folder.join("host"), folder.join("sandbox"));
        fs::create_dir_all(&host).unwrap();
        run(&host, "git init -q -b main . && git config user.name Host && git config user.email host@example.com");
        import(&host, |stream| self.base(stream));
        run(&host, "git reset -q --hard main && git gc -q");
        run(folder, "git clone -q --no-local host sandbox");
        run(&sandbox, "git config user.name Agent && git config user.email agent@example.com");
        let base = output(&sandbox, "git rev-parse HEAD");
        let mut work = Work::new(self);
        import(&sandbox, |stream| (0..self.mails).for_each(|_| work.commit(stream, &base)));
        run(&sandbox, "git reset -q --hard main");
        let (series, captured) = (folder.join("series.mbox"), folder.join("captured.mbox"));
        run(&sandbox, &format!("git format-patch -q --full-index --stdout {base}..main > ../series.mbox"));
        run(&sandbox, &format!("{CAPTURE} --quiet --cap 1g --base {base} -o ../captured.mbox"));
        import(&sandbox, |stream| (self.mails..self.commits).for_each(|_| work.commit(stream, "refs/heads/main^0")));
        run(&sandbox, "git reset -q --hard main && git repack -q -d");
        for number in 0..20 {
            let path = sandbox.join(path(number * 7 * self.busy));
            fs::write(&path, text::edit(&mut Rng::with_seed(number as u64), &fs::read(&path).unwrap())).unwrap();
        }
        for number in 0..50 {
            fs::write(sandbox.join(format!("untracked-{number}.txt")), text::file(self.files + number, 40)).unwrap();
        }
        Repositories { folder: folder.to_owned(), host, sandbox, base, series, captured }
    }

    /// A host alone, with its files written out or without, and the series as git's own mails; for what is measured once.
    pub fn make_series(&self, folder: &Path, with_files: bool) -> (PathBuf, String) {
        let host = folder.join("host");
        fs::create_dir_all(&host).unwrap();
        run(&host, "git init -q -b main . && git config user.name Host && git config user.email host@example.com");
        import(&host, |stream| self.base(stream));
        if with_files {
            run(&host, "git reset -q --hard main");
        }
        run(folder, "git clone -q --bare --shared host sandbox");
        let sandbox = folder.join("sandbox");
        let mut work = Work::new(self);
        import(&sandbox, |stream| (0..self.mails).for_each(|_| work.commit(stream, "refs/heads/main^0")));
        run(&sandbox, &format!("git format-patch -q --full-index --stdout main~{}..main > ../series.mbox", self.mails));
        (host, folder.join("series.mbox").to_str().unwrap().to_owned())
    }

    /// What the work begins on. It has a parent, as in a repository that lives: a root is what sandbox runtimes make of files
    /// that they were given, and with one of those a capture takes along what its files were.
    fn base(&self, stream: &mut dyn Write) {
        commit(stream, 0, "root", None);
        file(stream, 0, b"the first\n");
        commit(stream, 0, "base", None);
        for number in 0..self.files {
            file(stream, number, &self.file(number));
        }
    }

    fn file(&self, number: usize) -> Vec<u8> {
        text::file(number, if number.is_multiple_of(self.busy) { self.busy_lines } else { self.lines })
    }
}

impl Repositories {
    /// A copy of the host that shares nothing with it, its files as clean in its index as in the original.
    pub fn copy(&self, name: &str) -> PathBuf {
        let copy = self.folder.join(name);
        run(&self.folder, &format!("cp -a host {name}"));
        run(&copy, "git update-index -q --refresh");
        settle();
        copy
    }

    /// The same without a work tree.
    pub fn copy_without_files(&self, name: &str) -> PathBuf {
        run(&self.folder, &format!("mkdir {name} && cp -a host/.git {name}"));
        settle();
        self.folder.join(name)
    }
}

/// Writes out what is still to be written, so that it is not written while something is measured.
fn settle() {
    rustix::fs::sync();
}

/// The commits of a series, one after the other.
pub struct Work<'a> {
    project: &'a Project,
    random: Rng,
    number: usize,
    changed: HashMap<usize, Vec<u8>>,
}

impl<'a> Work<'a> {
    pub fn new(project: &'a Project) -> Work<'a> {
        Work { project, random: Rng::with_seed(7), number: 0, changed: HashMap::new() }
    }

    /// The next commit, as a part of a stream; `base` is what the first of the stream is made on.
    pub fn commit(&mut self, stream: &mut dyn Write, base: &str) {
        let is_first = self.number == 0 || self.number == self.project.mails;
        self.number += 1;
        let message = format!("Change number {}\n\nA sentence or two about why, as messages have them.\n", self.number);
        commit(stream, self.number, &message, is_first.then_some(base));
        let busy = self.project.files / self.project.busy;
        for _ in 0..self.project.touched {
            let number = self.random.usize(..busy) * self.project.busy;
            let old = self.changed.remove(&number).unwrap_or_else(|| self.project.file(number));
            let new = text::edit(&mut self.random, &old);
            file(stream, number, &new);
            self.changed.insert(number, new);
        }
        // A new file now and then.
        if self.number.is_multiple_of(5) {
            file(stream, self.project.files + self.number, &text::file(self.number, self.project.lines));
        }
    }
}

fn path(number: usize) -> String {
    format!("src/part{:02}/dir{:03}/file{number}.rs", number / 4 % 10, number / 40 % 250)
}

fn commit(stream: &mut dyn Write, number: usize, message: &str, from: Option<&str>) {
    let who = format!("Agent <agent@example.com> {} +0000", 1_700_000_000 + number);
    write!(stream, "commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {}\n{message}\n", message.len())
        .unwrap();
    if let Some(from) = from {
        writeln!(stream, "from {from}").unwrap();
    }
}

fn file(stream: &mut dyn Write, number: usize, content: &[u8]) {
    writeln!(stream, "M 100644 inline {}\ndata {}", path(number), content.len()).unwrap();
    stream.write_all(content).unwrap();
    stream.write_all(b"\n").unwrap();
}

/// Feeds a stream to `git fast-import` as it is made. Every object whole: left alone, fast-import makes each file a delta of
/// the one before it, whatever that is, in chains of fifty that no repository has which people work in.
pub fn import(repo: &Path, make: impl FnOnce(&mut dyn Write)) {
    let mut command = Command::new("git");
    command.args(["fast-import", "--quiet", "--force", "--depth=0"]).current_dir(repo).stdin(Stdio::piped());
    let mut git = environment(&mut command, repo).spawn().unwrap();
    let mut stream = BufWriter::new(git.stdin.take().unwrap());
    make(&mut stream);
    stream.flush().unwrap();
    drop(stream);
    assert!(git.wait().unwrap().success());
}

/// Runs a script that must succeed.
pub fn run(directory: &Path, script: &str) {
    let mut command = Command::new("bash");
    command.args(["-euc", script]).current_dir(directory);
    assert!(environment(&mut command, directory).status().unwrap().success(), "{script}");
}

/// What a script prints.
pub fn output(directory: &Path, script: &str) -> String {
    let mut command = Command::new("bash");
    command.args(["-euc", script]).current_dir(directory);
    String::from_utf8(environment(&mut command, directory).output().unwrap().stdout).unwrap().trim().to_owned()
}
