//! Capture and apply against the git commands that do the same job, in one run, as ratios.
//!
//! `cargo bench` measures all three repositories; `cargo bench -- small` (medium, large) one of them. CPU time is what to
//! trust on a busy machine; wall time stands beside it. Every run of apply gets a fresh copy of the host repository:
//! objects that an earlier run left would be found instead of written, and thousands of deleted ones slow the file system.
//!
//! - capture: against the three commands by which Glue captures: `git add -N -- .`, `git format-patch --binary -M -C
//!   --stdout <base>..HEAD`, `git diff --binary -M -C HEAD`
//! - apply: against `git am --3way --keep-cr --empty=keep` on the same commits (the uncommitted entries left out)

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A repository to measure on.
struct Size {
    name: &'static str,
    files: usize,
    commits: usize,
    /// Files that each commit changes.
    touched: usize,
    runs: usize,
}

const SIZES: [Size; 3] = [
    Size { name: "small", files: 240, commits: 20, touched: 3, runs: 7 },
    Size { name: "medium", files: 5_000, commits: 300, touched: 5, runs: 5 },
    Size { name: "large", files: 100_000, commits: 50, touched: 5, runs: 3 },
];

/// Seconds of wall and CPU time, children included.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let folder = tempfile::Builder::new().prefix("glue-bench").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    println!("{:<38} {:>17} {:>17} {:>15}", "", "git wall/cpu ms", "glue wall/cpu ms", "ratio wall/cpu");
    for size in SIZES.iter().filter(|size| wanted.is_empty() || wanted.iter().any(|name| name == size.name)) {
        let bench = Bench::new(folder.path(), size);
        bench.capture();
        bench.apply();
    }
}

struct Bench<'a> {
    size: &'a Size,
    folder: PathBuf,
    host: PathBuf,
    sandbox: PathBuf,
    base: String,
}

impl<'a> Bench<'a> {
    fn new(folder: &Path, size: &'a Size) -> Bench<'a> {
        let folder = folder.join(size.name);
        let (host, sandbox) = (folder.join("host"), folder.join("sandbox"));
        fs::create_dir_all(&host).unwrap();
        run(&host, "git init -q -b main . && git config user.name Host && git config user.email host@example.com");
        import(&host, &base_stream(size));
        run(&host, "git reset -q --hard main && git gc -q");
        run(&folder, "git clone -q --no-local host sandbox");
        let base = output(&sandbox, "git rev-parse HEAD");
        import(&sandbox, &series_stream(size, &base));
        run(
            &sandbox,
            "git reset -q --hard main && git config user.name Agent && git config user.email agent@example.com",
        );
        for number in 0..20 {
            fs::write(sandbox.join(path(number * 7)), content(number * 7, 99)).unwrap();
        }
        for number in 0..50 {
            fs::write(sandbox.join(format!("untracked-{number}.txt")), content(number, 1)).unwrap();
        }
        Bench { size, folder, host, sandbox, base }
    }

    fn capture(&self) {
        let theirs = format!(
            "git add -N -- . && git format-patch --binary -M -C --stdout {base}..HEAD > ../theirs.mbox && \
             git diff --binary -M -C HEAD >> ../theirs.mbox",
            base = self.base
        );
        let ours = format!("{} --quiet --base {} -o ../ours.mbox", env!("CARGO_BIN_EXE_git-glue-capture"), self.base);
        // `git add -N` changes the index; ours does not.
        run(&self.sandbox, "cp -p .git/index ../index");
        let git = self.median(|_| {
            run(&self.sandbox, "cp -p ../index .git/index");
            time(&self.sandbox, &theirs)
        });
        run(&self.sandbox, "cp -p ../index .git/index");
        let glue = self.median(|_| time(&self.sandbox, &ours));
        self.row("capture", git, glue);
    }

    fn apply(&self) {
        run(&self.sandbox, "git stash -q -u");
        let capture = env!("CARGO_BIN_EXE_git-glue-capture");
        run(&self.sandbox, &format!("{capture} --quiet --base {} -o ../commits.mbox", self.base));
        let git = self.median(|number| {
            let copy = self.copy(&format!("am-{number}"));
            time(&copy, "git am -q --3way --keep-cr --empty=keep ../commits.mbox")
        });
        let apply = env!("CARGO_BIN_EXE_git-glue-apply");
        let glue = self.median(|number| {
            let copy = self.copy(&format!("glue-{number}"));
            time(&copy, &format!("{apply} --quiet --in-place ../commits.mbox"))
        });
        self.row(&format!("apply, {} mails", self.size.commits), git, glue);
        let check = self.median(|_| time(&self.host, &format!("{apply} --quiet --check ../commits.mbox")));
        self.row("apply --check", git, check);
    }

    /// A copy of the host with everything in it, its files as clean in its index as in the original.
    fn copy(&self, name: &str) -> PathBuf {
        run(&self.folder, &format!("cp -a host {name}"));
        let copy = self.folder.join(name);
        run(&copy, "git update-index -q --refresh");
        copy
    }

    fn median(&self, mut measure: impl FnMut(usize) -> Cost) -> Cost {
        let mut costs: Vec<Cost> = (0..self.size.runs).map(&mut measure).collect();
        costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
        costs[costs.len() / 2]
    }

    fn row(&self, what: &str, git: Cost, glue: Cost) {
        let name = format!("{} files: {what}", self.size.files);
        let ms = |cost: Cost| format!("{:.0} / {:.0}", cost.wall * 1e3, cost.cpu * 1e3);
        let ratio = format!("{:.2} / {:.2}", git.wall / glue.wall, git.cpu / glue.cpu);
        println!("{name:<38} {:>17} {:>17} {ratio:>15}", ms(git), ms(glue));
    }
}

fn path(number: usize) -> String {
    format!("src/part{:02}/dir{:02}/file{number}.txt", number % 10, number / 10 % 50)
}

/// About 1 KB of text that differs from file to file and from version to version.
fn content(number: usize, version: usize) -> String {
    let mut text = String::new();
    for line in 0..25 {
        let version = if line % 8 == version % 8 { version } else { 0 };
        writeln!(text, "line {line} of file {number}, version {version}, {:x}", number * 7919 + line * 104_729)
            .unwrap();
    }
    text
}

fn base_stream(size: &Size) -> String {
    let mut stream = commit(0, "base");
    (0..size.files).for_each(|number| file(&mut stream, number, 0));
    stream
}

fn series_stream(size: &Size, base: &str) -> String {
    let mut stream = String::new();
    for number in 1..=size.commits {
        stream += &commit(number, &format!("Change number {number}\n\nA body of a sentence or two, as messages have."));
        if number == 1 {
            writeln!(stream, "from {base}").unwrap();
        }
        for touched in 0..size.touched {
            file(&mut stream, (number * 31 + touched * 977) % size.files, number);
        }
    }
    stream
}

fn commit(number: usize, message: &str) -> String {
    let who = format!("Agent <agent@example.com> {} +0000", 1_700_000_000 + number);
    format!("commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {}\n{message}\n", message.len())
}

fn file(stream: &mut String, number: usize, version: usize) {
    let content = content(number, version);
    writeln!(stream, "M 100644 inline {}\ndata {}\n{content}", path(number), content.len()).unwrap();
}

fn import(repo: &Path, stream: &str) {
    use std::io::Write as _;
    let mut git = Command::new("git")
        .args(["fast-import", "--quiet", "--force"])
        .current_dir(repo)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(git.wait().unwrap().success());
}

fn bash(directory: &Path, script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-euc", script]).current_dir(directory);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GLUE_HOME", directory.join("../glue"));
    command
}

fn run(directory: &Path, script: &str) {
    assert!(bash(directory, script).status().unwrap().success(), "{script}");
}

fn output(directory: &Path, script: &str) -> String {
    String::from_utf8(bash(directory, script).output().unwrap().stdout).unwrap().trim().to_owned()
}

/// Runs a script and reads bash's own account of it.
fn time(directory: &Path, script: &str) -> Cost {
    let timed = format!("TIMEFORMAT='%R %U %S'; time {{ {script}; }} 2>/dev/null");
    let output = bash(directory, &timed).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    Cost { wall: numbers[0], cpu: numbers[1] + numbers[2] }
}
