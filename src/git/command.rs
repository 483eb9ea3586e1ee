//! One run of the `git` program: arguments in, bytes out, failures told with what git said.
//!
//! Every run has hooks, fsmonitor, prompts, pagers and translated messages switched off. Which repository it works on,
//! and how much of its configuration counts, is decided by whoever makes the command: [`Repo`](super::Repo) or
//! [`Isolated`](super::Isolated).

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::thread::JoinHandle;

use bstr::{BString, ByteSlice};

use super::{Error, process};

/// A `git` invocation under construction.
pub struct Command {
    inner: std::process::Command,
    shown: Vec<OsString>,
    input: Vec<u8>,
    input_file: Option<File>,
    impossible: Option<Error>,
}

/// What a run left behind, whatever its exit status.
pub struct Output {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub stdout: Vec<u8>,
    /// Everything on standard error, decoded leniently.
    pub stderr: String,
}

/// Configuration that no run may take from a repository.
const ALWAYS: [&str; 5] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
];

impl Command {
    /// A git command with the given subcommand, run in `directory`, in the caller's environment.
    pub fn new(subcommand: &str, directory: &Path) -> Command {
        Command::begin(subcommand, directory, &ALWAYS)
    }

    /// As [`Command::new`], with nothing switched off: to ask what is configured.
    pub(super) fn as_configured(subcommand: &str, directory: &Path) -> Command {
        Command::begin(subcommand, directory, &[])
    }

    fn begin(subcommand: &str, directory: &Path, settings: &[&str]) -> Command {
        let mut inner = std::process::Command::new("git");
        for setting in settings {
            inner.args(["-c", setting]);
        }
        inner
            .arg(subcommand)
            .current_dir(directory)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_PAGER", "cat");
        Command { inner, shown: vec![subcommand.into()], input: Vec::new(), input_file: None, impossible: None }
    }

    /// A command that cannot be run because what it needs could not be made ready; running it tells why.
    pub(super) fn impossible(subcommand: &str, why: Error) -> Command {
        Command { impossible: Some(why), ..Command::new(subcommand, Path::new(".")) }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(arg.as_ref().to_owned());
        self.inner.arg(arg);
        self
    }

    /// Adds several arguments.
    pub fn args<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Command::arg)
    }

    /// Sets a variable in the child's environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(name, value);
        self
    }

    /// Removes a variable from the child's environment.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.inner.env_remove(name);
        self
    }

    /// Removes the variables that point git at one repository and its parts, as `git rev-parse --local-env-vars` lists
    /// them. Who commits and which settings were given with `git -c` stay.
    pub fn without_local_environment(self) -> Self {
        LOCAL.iter().fold(self, Command::env_remove)
    }

    /// Removes every variable that would point git at a repository, an index or a configuration.
    pub fn without_git_environment(mut self) -> Self {
        for (name, _) in std::env::vars_os() {
            let bytes = name.as_encoded_bytes();
            if bytes.starts_with(b"GIT_") && !KEPT.iter().any(|kept| bytes.starts_with(kept)) {
                self.inner.env_remove(&name);
            }
        }
        self.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_PAGER", "cat")
    }

    /// Feeds these bytes to standard input.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Gives it a file for standard input, from where that stands.
    pub fn input_file(mut self, file: File) -> Self {
        self.input_file = Some(file);
        self
    }

    /// Runs to the end and requires success; what it wrote on standard output.
    pub fn output(self) -> Result<Vec<u8>, Error> {
        let shown = self.shown();
        let output = self.finish()?;
        match output.code {
            Some(0) => Ok(output.stdout),
            // Ctrl-C reaches git too; that it was stopped is not its failure.
            None => process::may_go_on().and(Err(output.failure(shown))),
            _ => Err(output.failure(shown)),
        }
    }

    /// Runs to the end and requires success.
    pub fn run(self) -> Result<(), Error> {
        self.output().map(drop)
    }

    /// Runs to the end and requires success; its output without the final newline.
    pub fn line(self) -> Result<BString, Error> {
        let mut bytes = self.output()?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        Ok(bytes.into())
    }

    /// Runs to the end; whatever happened is an answer.
    pub fn finish(self) -> Result<Output, Error> {
        let mut running = self.spawn()?;
        let mut stdout = Vec::new();
        running.read_to_end(&mut stdout).map_err(Error::NotStarted)?;
        let (status, stderr) = running.wait()?;
        Ok(Output { code: status.code(), stdout, stderr })
    }

    /// Starts it; standard output can be read as it comes, so that nothing of it needs to be in memory.
    pub fn spawn(mut self) -> Result<Running, Error> {
        process::may_go_on()?;
        if let Some(why) = self.impossible {
            return Err(why);
        }
        #[cfg(unix)]
        if process::is_undisturbed() {
            std::os::unix::process::CommandExt::process_group(&mut self.inner, 0);
        }
        let shown = self.shown();
        let stdin = match self.input_file {
            Some(file) => Stdio::from(file),
            None if self.input.is_empty() => Stdio::null(),
            None => Stdio::piped(),
        };
        self.inner.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.inner.spawn().map_err(Error::NotStarted)?;
        let feeder = child.stdin.take().map(|mut stdin| {
            let input = self.input;
            // A git that stops reading early says why on standard error; the broken pipe itself is no news.
            std::thread::spawn(move || drop(stdin.write_all(&input)))
        });
        let listener = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stderr.read_to_end(&mut bytes);
                bytes.to_str_lossy().into_owned()
            })
        });
        let stdout = child.stdout.take();
        Ok(Running { child, stdout, feeder, listener, shown })
    }

    /// The command as it would be typed, without our own `-c` settings.
    fn shown(&self) -> String {
        self.shown.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// Variables that speak of one repository.
pub(super) const LOCAL: [&str; 13] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_CONFIG",
];

/// Variables that stay: where git's own programs are, and tracing for whoever debugs us.
const KEPT: [&[u8]; 2] = [b"GIT_EXEC_PATH", b"GIT_TRACE"];

impl Output {
    /// The [`Error::Failed`] for this output.
    pub fn failure(&self, command: impl Into<String>) -> Error {
        let status = match self.code {
            Some(code) => format!("exit {code}"),
            None => "ended by a signal".to_owned(),
        };
        Error::Failed { command: command.into(), status, stderr: self.stderr.trim_end().to_owned() }
    }
}

/// A git that is running; reading from it reads its standard output.
pub struct Running {
    child: Child,
    stdout: Option<ChildStdout>,
    feeder: Option<JoinHandle<()>>,
    listener: Option<JoinHandle<String>>,
    shown: String,
}

impl Running {
    /// Waits for the end and requires success.
    pub fn done(mut self) -> Result<(), Error> {
        let shown = std::mem::take(&mut self.shown);
        let (status, stderr) = self.wait()?;
        let output = Output { code: status.code(), stdout: Vec::new(), stderr };
        match status.code() {
            Some(0) => Ok(()),
            None => process::may_go_on().and(Err(output.failure(shown))),
            Some(_) => Err(output.failure(shown)),
        }
    }

    fn wait(&mut self) -> Result<(ExitStatus, String), Error> {
        drop(self.stdout.take());
        let status = self.child.wait().map_err(Error::NotStarted)?;
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
        let stderr = self.listener.take().and_then(|listener| listener.join().ok()).unwrap_or_default();
        Ok((status, stderr))
    }
}

impl Read for Running {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.stdout {
            Some(stdout) => stdout.read(buffer),
            None => Ok(0),
        }
    }
}

impl Drop for Running {
    /// A reader that gave up early must not leave a git behind.
    fn drop(&mut self) {
        if self.listener.is_some() {
            drop(self.stdout.take());
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
