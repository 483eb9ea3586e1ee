//! A hermetic place to run git and our programs in: own HOME, no configuration of the person's, a fixed identity, a clock
//! that ticks once per command. A failure prints command, directory, status and both streams.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::rc::Rc;

use bstr::{BString, ByteSlice};

/// The gits of this machine, each once: those on `PATH`, and those of the usual places.
pub fn gits() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/local/bin", "/usr/bin"].map(PathBuf::from);
    let mut found: Vec<PathBuf> = Vec::new();
    for dir in std::env::split_paths(&path).chain(usual) {
        match dir.join("git").canonicalize() {
            Ok(git) if !found.contains(&git) => found.push(git),
            _ => {}
        }
    }
    assert!(!found.is_empty(), "no git on this machine");
    found
}

/// A directory of its own with a HOME, and a git repository `repo` that commands run in.
#[derive(Clone)]
#[allow(dead_code)]
pub struct Sandbox {
    place: Rc<Place>,
    dir: PathBuf,
}

struct Place {
    root: tempfile::TempDir,
    path: OsString,
    clock: Cell<u64>,
    /// Name and mail of author and committer.
    author: (String, String),
    committer: (String, String),
}

#[allow(dead_code)]
impl Sandbox {
    /// With the machine's first git.
    pub fn new() -> Sandbox {
        Sandbox::with_git(&gits()[0])
    }

    /// With that git first on `PATH`.
    pub fn with_git(git: &Path) -> Sandbox {
        Sandbox::of(git, ("Ann Author", "author@example.org"), ("Cam Committer", "committer@example.org"))
    }

    /// With that git first on `PATH`, and other people at work.
    pub fn of(git: &Path, author: (&str, &str), committer: (&str, &str)) -> Sandbox {
        let root = tempfile::tempdir().unwrap();
        for dir in ["home", "bin"] {
            std::fs::create_dir(root.path().join(dir)).unwrap();
        }
        let bin = root.path().join("bin");
        std::os::unix::fs::symlink(git, bin.join("git")).unwrap();
        let programs = Path::new(env!("CARGO_BIN_EXE_git-glue-apply")).parent().unwrap().to_owned();
        let path = std::env::join_paths([bin, programs, "/usr/bin".into(), "/bin".into()]).unwrap();
        let dir = root.path().join("repo");
        let owned = |(name, mail): (&str, &str)| (name.to_owned(), mail.to_owned());
        let (author, committer) = (owned(author), owned(committer));
        let sandbox = Sandbox { place: Rc::new(Place { root, path, clock: Cell::new(0), author, committer }), dir };
        sandbox.init(&[]);
        sandbox
    }

    /// Makes the directory and a repository in it.
    pub fn init(&self, options: &[&str]) {
        std::fs::create_dir_all(&self.dir).unwrap();
        self.git(&[&["init", "-q", "-b", "main"], options].concat());
    }

    /// The same place, with commands run in another directory: a path below the place's root, made if it is not there.
    pub fn at(&self, dir: &str) -> Sandbox {
        let sandbox = Sandbox { place: self.place.clone(), dir: self.root().join(dir) };
        std::fs::create_dir_all(&sandbox.dir).unwrap();
        sandbox
    }

    /// Where everything lies: `home`, `repo` and whatever a test puts there.
    pub fn root(&self) -> &Path {
        self.place.root.path()
    }

    /// The HOME of every command.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The directory that commands run in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A command in this environment, not run yet. The clock ticks: dates of author and committer are a minute later.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let tick = self.place.clock.get() + 1;
        self.place.clock.set(tick);
        let date = format!("{} +0100", 1_700_000_000 + 60 * tick);
        // Spawned by path, so that it is the sandbox's PATH that counts.
        let found =
            std::env::split_paths(&self.place.path).map(|dir| dir.join(program.as_ref())).find(|path| path.exists());
        let mut command = Command::new(found.unwrap_or_else(|| program.as_ref().into()));
        command
            .env_clear()
            .current_dir(&self.dir)
            .env("PATH", &self.place.path)
            .env("HOME", self.home())
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", &self.place.author.0)
            .env("GIT_AUTHOR_EMAIL", &self.place.author.1)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", &self.place.committer.0)
            .env("GIT_COMMITTER_EMAIL", &self.place.committer.1)
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(Stdio::null());
        command
    }

    /// Runs git, which must succeed. Returns what it printed, without the last newline.
    pub fn git<S: AsRef<OsStr>>(&self, args: &[S]) -> BString {
        self.run("git", args)
    }

    /// Runs a program, which must succeed. Returns what it printed, without the last newline.
    pub fn run<S: AsRef<OsStr>>(&self, program: &str, args: &[S]) -> BString {
        let mut command = self.command(program);
        command.args(args);
        printed(&command_text(&command), &command.output().unwrap())
    }

    /// Runs git on that input, which must succeed. Returns all that it printed.
    pub fn git_with<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> BString {
        let mut command = self.command("git");
        command.args(args);
        let output = output_with(&mut command, input);
        printed(&command_text(&command), &output);
        output.stdout.into()
    }

    /// Runs git, whatever comes of it.
    pub fn try_git<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        self.command("git").args(args).output().unwrap()
    }

    /// Writes a file below the directory, and the directories above it.
    pub fn write(&self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Reads a file below the directory.
    pub fn read(&self, path: impl AsRef<[u8]>) -> BString {
        let path = self.path(path);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
    }

    /// A path below the directory.
    pub fn path(&self, path: impl AsRef<[u8]>) -> PathBuf {
        self.dir.join(OsStr::from_bytes(path.as_ref()))
    }

    /// Commits everything that there is, under exactly this message. Returns the commit's id.
    pub fn commit(&self, message: impl AsRef<[u8]>) -> BString {
        self.git(&["add", "-A"]);
        self.commit_index(message)
    }

    /// Commits the index, changed or not, under exactly this message. Returns the commit's id.
    pub fn commit_index(&self, message: impl AsRef<[u8]>) -> BString {
        let file = self.root().join("message");
        std::fs::write(&file, message).unwrap();
        let options = ["commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-F"];
        self.git(&[&options.map(OsString::from)[..], &[file.into()]].concat());
        self.git(&["rev-parse", "HEAD"])
    }
}

/// Runs a command on that input.
#[allow(dead_code)]
pub fn output_with(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that stops reading closes the pipe: that is its own affair.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

#[track_caller]
fn printed(command: &str, output: &Output) -> BString {
    let (out, err) = (output.stdout.as_bstr(), output.stderr.as_bstr());
    assert!(output.status.success(), "{command}\n{}\n--- stdout\n{out}\n--- stderr\n{err}", output.status);
    out.strip_suffix(b"\n").unwrap_or(out).into()
}

fn command_text(command: &Command) -> String {
    let mut text = command.get_program().to_os_string();
    for arg in command.get_args() {
        text.push(" ");
        text.push(arg);
    }
    let dir = command.get_current_dir().unwrap_or(Path::new("."));
    format!("{}\nin {}", text.into_vec().as_bstr(), dir.display())
}
