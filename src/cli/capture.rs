//! `git glue-capture`: capture what an agent did in this sandbox.

mod prove;
mod tell;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Common, Exit, Failure, Program, Ui};
use crate::capture::{self, Cause, Destination, Error, Options, Outcome, Reason};
use crate::session::{self, Store};
use tell::Teller;

/// Capture what an agent did in this sandbox
///
/// Takes everything since the agent started: its commits with message, author and date as they are, what is staged, what
/// is not, and untracked files that are not ignored; every mode, link and byte. It goes into the session store, from where
/// `git glue-apply` lands it at home, or into a file or a pipe.
///
/// Where the agent started is what `--base` or GLUE_BOOTSTRAP_SHA says, or what `git glue-capture --begin` recorded. With
/// --begin, work that was uncommitted then is told from the agent's.
///
/// Nothing in the sandbox changes: no file, not the index, no ref, no configuration (but one ref with --begin). What cannot
/// be carried is said in a warning, here and again when it is applied.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-capture", bin_name = "git glue-capture", version)]
pub struct Args {
    /// Record that the agent starts now, instead of capturing
    #[arg(long, conflicts_with_all = ["base", "output", "exclude", "omit_larger_than", "include_ignored"])]
    begin: bool,

    /// The commit that the agent started from
    #[arg(long, value_name = "rev")]
    base: Option<String>,

    /// The session to capture for
    ///
    /// Without it: GLUE_SESSION_ID, the session that began in this work tree last, one that is open here, or a new one.
    #[arg(long, value_name = "id")]
    session: Option<String>,

    /// A title for the session
    #[arg(long, value_name = "text")]
    title: Option<String>,

    /// The kind of sandbox, such as `daytona`, `modal`, `sprites`
    ///
    /// Without it: GLUE_RUNTIME, what the sandbox's own variables say, or `host`.
    #[arg(long, value_name = "name")]
    runtime: Option<String>,

    /// The sandbox's name in its runtime
    ///
    /// Without it: GLUE_SANDBOX_ID, or what the sandbox's own variables say.
    #[arg(long, value_name = "id")]
    sandbox_id: Option<String>,

    /// The most that a capture may take, in bytes, or with k, m or g
    #[arg(long, value_name = "size", value_parser = size, default_value = "50m")]
    cap: u64,

    /// Leave out what matches, in commits too; from the top of the work tree
    #[arg(long, value_name = "pathspec")]
    exclude: Vec<OsString>,

    /// Leave out files larger than this, in bytes, or with k, m or g
    #[arg(long, value_name = "size", value_parser = size)]
    omit_larger_than: Option<u64>,

    /// Take along ignored files that match; from the top of the work tree
    #[arg(long, value_name = "pathspec")]
    include_ignored: Vec<OsString>,

    /// Write the capture to <path> and <path>.meta.json instead of the store, or to standard output for `-`
    #[arg(long, short, value_name = "path", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,

    /// Take along the commits themselves too, as a git bundle
    ///
    /// For `git glue-apply --exact`, where there are merges with what only the sandbox has. The bundle is a file beside the
    /// capture: `runtime.bundle` in the session, <path>.bundle with `--output`.
    #[arg(long, conflicts_with_all = ["begin", "exclude", "omit_larger_than"])]
    bundle: bool,

    /// Read the capture back, and prove that it leads to what is here
    ///
    /// Every entry is placed, in memory, on the commit that the agent started from, and every tree compared, as apply does
    /// it at home. When one differs, the exit status is 1, and the sandbox must not be thrown away.
    #[arg(long, conflicts_with = "begin")]
    verify: bool,

    /// Capture again and again, every <secs> seconds when something changed, until told to stop
    ///
    /// Without <secs> every 60 seconds. What was warned of is not said again while it stays as it is. SIGTERM and SIGINT (Ctrl-C) make a last capture before it ends.
    #[arg(
        long,
        value_name = "secs",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "60",
        value_parser = interval,
        conflicts_with = "begin"
    )]
    watch: Option<u64>,

    /// Print nothing but warnings and errors
    #[arg(long, short)]
    quiet: bool,

    #[command(flatten)]
    common: Common,
}

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        ui.quiet = self.quiet;
        let watch = self.watch;
        let mut teller = Teller::new(self.verify);
        let options = self.options();
        if watch.is_some() && (ui.json || options.destination == Destination::Stream) {
            return Err(Failure::new(
                Exit::Usage,
                "usage",
                "--watch writes many captures, which --json and `-o -` cannot hold",
            ));
        }
        if ui.json && options.destination == Destination::Stream {
            return Err(Failure::new(Exit::Usage, "usage", "--json and `-o -` both want standard output"));
        }
        if options.bundle && options.destination == Destination::Stream {
            return Err(Failure::new(
                Exit::Usage,
                "usage",
                "--bundle writes a second file, which `-o -` has no place for",
            )
            .hint("-o <path>, and carry both <path> and <path>.bundle home; or the store, and git glue-export"));
        }
        if options.destination == Destination::Stream && ui.out_is_terminal() {
            return Err(Failure::new(Exit::Usage, "usage", "a capture is not written to a terminal")
                .hint("give it to a pipe, such as git glue-capture -o - | git glue-show -, or to a file: -o <path>"));
        }
        match watch {
            Some(seconds) => keep_watching(ui, &options, seconds, teller),
            None => teller.tell(ui, &options, capture::run(&options, &Store::from_env())?),
        }
    }
}

/// Captures until a signal comes, and once more then. What cannot be helped by waiting ends it; a git that failed, or a
/// capture over its cap, may do better the next time.
fn keep_watching(ui: &mut Ui, options: &Options, seconds: u64, mut teller: Teller) -> Result<Exit, Failure> {
    // The signal that ends the waiting must leave the last capture its gits.
    let _undisturbed = crate::git::Undisturbed::begin();
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, stop.clone())
            .map_err(|error| Failure::new(Exit::Failed, "signal", format!("cannot wait for signals: {error}")))?;
    }
    let every = if seconds == 1 { "every second".to_owned() } else { format!("every {seconds} seconds") };
    ui.say(format!("watching, {every}; stop with Ctrl-C"));
    let (store, pause) = (Store::from_env(), Duration::from_secs(seconds));
    let mut seen = None;
    let mut last = Ok(Exit::Done);
    loop {
        let is_last = stop.load(Ordering::Relaxed);
        match capture::run_again(options, &store, &mut seen)? {
            Outcome::Unchanged => {}
            Outcome::Unavailable(unavailable) => {
                let can_wait = unavailable.reason == Reason::GitFailed(Cause::Other);
                // Ctrl-C reaches the gits too; the last capture, which is to come, says whether anything is wrong.
                if is_last || !stop.load(Ordering::Relaxed) {
                    last = teller.tell_unavailable(ui, &unavailable);
                }
                if !can_wait {
                    return last;
                }
            }
            outcome => {
                last = teller.tell(ui, options, outcome);
                if let (Err(failure), false) = (&last, is_last) {
                    ui.fail(failure);
                }
            }
        }
        if is_last {
            return last;
        }
        let since = Instant::now();
        while since.elapsed() < pause && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Args {
    fn options(self) -> Options {
        let destination = match self.output {
            None => Destination::Store,
            Some(path) if path.as_os_str() == "-" => Destination::Stream,
            Some(path) => Destination::File(path),
        };
        Options {
            directory: PathBuf::from("."),
            begin: self.begin,
            base: self.base,
            session: self.session,
            title: self.title,
            runtime: self.runtime,
            sandbox_id: self.sandbox_id,
            cap: self.cap,
            exclude: self.exclude,
            omit_larger_than: self.omit_larger_than,
            include_ignored: self.include_ignored,
            bundle: self.bundle,
            destination,
        }
    }
}

/// `50m`, `1g`, `1000`: bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 10),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 20),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| "not a number of bytes, such as 1000, 500k, 50m or 1g".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

/// Whole seconds, at least one.
fn interval(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&seconds| seconds > 0).ok_or_else(|| "not a number of seconds, 1 or more".to_owned())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Git(error) => error.into(),
            Error::Session(error @ session::Error::NoHome) => {
                Failure::from(error).hint("set GLUE_HOME, or capture to a file or a pipe: git glue-capture -o -")
            }
            Error::Session(error) => {
                let failure = Failure::from(error);
                let hint = "git glue-capture -o <path> writes the capture elsewhere than into the store";
                if failure.hint.is_some() { failure } else { failure.hint(hint) }
            }
            Error::Io { .. } => Failure::new(Exit::Failed, "io", error.to_string()),
            Error::NoSuchBootstrap { .. } => Failure::new(Exit::Unavailable, "git-failed", error.to_string()),
            Error::BadSessionId { .. } => Failure::new(Exit::Usage, "usage", error.to_string())
                .hint("an id is made of letters, digits, `.`, `_` and `-`; without --session there is a new one"),
            Error::Write { .. } => Failure::new(Exit::Failed, "write", error.to_string())
                .hint("git glue-capture --exclude=<pathspec> leaves a path out; a git bundle carries anything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::size;
    use crate::session::DEFAULT_CAP_BYTES;

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("50m"), Ok(DEFAULT_CAP_BYTES));
        assert_eq!(size("1000"), Ok(1000));
        assert!(size("m").is_err() && size("").is_err() && size("99999999999g").is_err() && size("ü").is_err());
    }
}
