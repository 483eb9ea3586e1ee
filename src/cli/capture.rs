//! `git glue-capture`: capture what an agent did in this sandbox.

use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use bstr::ByteSlice;
use serde_json::{Value, json};

use super::{Common, Exit, Failure, Program, Ui};
use crate::capture::{self, Begun, Destination, Error, Large, Options, Outcome, Overflow, Reason, Report, Unavailable};
use crate::session::{DEFAULT_CAP_BYTES, Store, Warning};

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
    #[arg(long, value_name = "size", value_parser = size, default_value_t = DEFAULT_CAP_BYTES)]
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
        let options = self.options();
        if ui.json && options.destination == Destination::Stream {
            return Err(Failure::new(Exit::Usage, "usage", "--json and `-o -` both want standard output"));
        }
        tell(ui, &options, capture::run(&options, &Store::from_env())?)
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
            destination,
        }
    }
}

/// `50m`, `1g`, `1000`: bytes.
fn size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 10),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 20),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| "not a number of bytes, such as 1000, 500k, 50m or 1g".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

fn tell(ui: &mut Ui, options: &Options, outcome: Outcome) -> Result<Exit, Failure> {
    match outcome {
        Outcome::Begun(begun) => tell_begun(ui, &begun),
        Outcome::Unavailable(unavailable) => tell_unavailable(ui, &unavailable),
        Outcome::Empty(report) => {
            for warning in &report.sidecar.warnings {
                ui.warn(&warning.message);
            }
            json_report(ui, "empty", &report)?;
            stream(ui, report)?;
            Ok(Exit::Done)
        }
        Outcome::Captured(report) => {
            summary(ui, &report);
            next_step(ui, options, &report);
            json_report(ui, "captured", &report)?;
            stream(ui, report)?;
            Ok(Exit::Done)
        }
        Outcome::Truncated(report, overflow) => {
            for warning in &report.sidecar.warnings {
                ui.warn(&warning.message);
            }
            stream(ui, report)?;
            Err(over_cap(&overflow))
        }
    }
}

fn tell_begun(ui: &mut Ui, begun: &Begun) -> Result<Exit, Failure> {
    for warning in &begun.warnings {
        ui.warn(&warning.message);
    }
    if ui.json {
        ui.object(json!({
            "outcome": "begun",
            "session_id": begun.session_id,
            "bootstrap_sha": begun.bootstrap,
            "dirty": begun.dirty,
            "replaces": begun.replaces,
            "warnings": warnings(&begun.warnings),
        }))?;
        return Ok(Exit::Done);
    }
    ui.line(&begun.session_id)?;
    let short = &begun.bootstrap[..begun.bootstrap.len().min(12)];
    ui.say(match (begun.unborn, begun.dirty) {
        (true, _) => format!("Session begins here, before the first commit (recorded as {short})"),
        (false, 0) => format!("Session begins at {short}"),
        (false, dirty) => format!("Session begins at {short}, which holds the {dirty} changes that are yours already"),
    });
    if let Some(last) = begun.replaces.iter().find(|id| **id != begun.session_id) {
        ui.say(format!("From now on, captures here are for this session and no longer for {last}"));
    } else if !begun.replaces.is_empty() {
        ui.say("The session began here before; it begins anew");
    }
    ui.hint("when the agent is done: git glue-capture");
    Ok(Exit::Done)
}

/// The warning is the session format's own, word for word.
fn tell_unavailable(ui: &mut Ui, unavailable: &Unavailable) -> Result<Exit, Failure> {
    let advice = "commit changes inside the sandbox before exiting to preserve them";
    let reason = unavailable.reason.name();
    let detail = unavailable.detail.trim();
    let message = format!("Runtime workspace diff unavailable ({reason}): {detail}; {advice}");
    let hint = match unavailable.reason {
        Reason::NoBootstrapSha | Reason::NotSupported => {
            "git glue-capture --base=<the commit that the agent started from>; next time, run `git glue-capture --begin` first"
        }
        Reason::RuntimeNotGit => "go to the work tree, or name it with -C <dir>",
        Reason::GitFailed => "git status says more",
    };
    if ui.json {
        ui.object(json!({
            "outcome": "unavailable",
            "reason": reason,
            "message": message,
            "hint": hint,
            "session_id": unavailable.session_id,
            "older_capture": unavailable.older,
        }))?;
        return Ok(Exit::Unavailable);
    }
    // Where the agent works on the person's own files nothing is lost; only somebody who typed this wants to know.
    if unavailable.reason != Reason::NotSupported {
        ui.warn(message);
    }
    if unavailable.reason != Reason::NotSupported || std::io::stderr().is_terminal() {
        ui.hint(hint);
    }
    if let (Some(id), true) = (&unavailable.session_id, unavailable.older) {
        ui.warn(format!("the older capture of session {id} stays, and is marked as older"));
    }
    Ok(Exit::Unavailable)
}

fn summary(ui: &mut Ui, report: &Report) {
    let counts = &report.counts;
    let mut parts = Vec::new();
    for (count, one, many) in [
        (counts.commits, "commit", "commits"),
        (counts.staged, "file staged", "files staged"),
        (counts.unstaged, "file not staged", "files not staged"),
        (counts.untracked, "file untracked", "files untracked"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    }
    ui.say(format!("Captured  {}", report.session_id));
    if let Some(title) = &report.sidecar.title {
        ui.say(format!("Title     {}", title.escape_debug()));
    }
    ui.say(format!("Changes   {}", parts.join(", ")));
    let place = report.path.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    ui.say(format!("Written   {place} ({})", human(report.sidecar.size_bytes)));
    for warning in &report.sidecar.warnings {
        ui.warn(&warning.message);
    }
}

fn next_step(ui: &mut Ui, options: &Options, report: &Report) {
    if ui.quiet {
        return;
    }
    match &options.destination {
        Destination::Store => ui.hint(format!("at home, with this store: git glue-apply {}", report.session_id)),
        Destination::File(path) => ui.hint(format!("at home: git glue-apply {}", quoted(&path.to_string_lossy()))),
        Destination::Stream => {}
    }
}

/// The mbox, when it goes to standard output.
fn stream(ui: &mut Ui, report: Report) -> Result<(), Failure> {
    let Some(mut file) = report.stream else { return Ok(()) };
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => ui.raw(&piece[..count])?,
            Err(error) => return Err(Failure::output(error)),
        }
    }
}

fn over_cap(overflow: &Overflow) -> Failure {
    let mut message = format!(
        "the capture is over the cap of {}, so it is not whole and cannot be applied; the largest files are",
        human(overflow.cap)
    );
    for Large { path, size } in &overflow.largest {
        message += &format!("\n{:>9}  {}", human(*size), crate::patch::quote(path.as_bstr()).to_str_lossy());
    }
    let arguments: Vec<String> =
        overflow.arguments.iter().map(|argument| quoted(&argument.to_string_lossy())).collect();
    Failure::new(Exit::OverCap, "over-cap", message)
        .hint(format!("before the sandbox goes away: git glue-capture {}", arguments.join(" ")))
}

fn json_report(ui: &mut Ui, outcome: &str, report: &Report) -> Result<(), Failure> {
    if !ui.json {
        return Ok(());
    }
    ui.object(json!({
        "outcome": outcome,
        "session_id": report.session_id,
        "path": report.path.as_ref().map(|path| path.display().to_string()),
        "commits": report.counts.commits,
        "staged": report.counts.staged,
        "unstaged": report.counts.unstaged,
        "untracked": report.counts.untracked,
        "set_aside": report.set_aside,
        "capture": report.sidecar.to_map(),
        "warnings": warnings(&report.sidecar.warnings),
    }))
}

fn warnings(warnings: &[Warning]) -> Vec<Value> {
    warnings.iter().map(|warning| Value::Object(warning.to_map())).collect()
}

/// Bytes as people read them.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut whole = bytes;
    let mut rest = 0;
    while whole >= 1024 && unit + 1 < UNITS.len() {
        (rest, whole, unit) = (whole % 1024, whole / 1024, unit + 1);
    }
    if unit == 0 || rest == 0 {
        format!("{whole} {}", UNITS[unit])
    } else {
        format!("{whole}.{} {}", rest * 10 / 1024, UNITS[unit])
    }
}

/// An argument as a POSIX shell reads it back.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Git(error) => error.into(),
            Error::Session(error) => error.into(),
            Error::Io { .. } => Failure::new(Exit::Failed, "io", error.to_string()),
            Error::Write { .. } => Failure::new(Exit::Failed, "write", error.to_string())
                .hint("git glue-capture --exclude=<pathspec> leaves a path out; a git bundle carries anything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{human, quoted, size};

    #[test]
    fn sizes_are_read_and_shown() {
        assert_eq!(size("50m"), Ok(52_428_800));
        assert_eq!(size("1000"), Ok(1000));
        assert!(size("m").is_err() && size("").is_err() && size("99999999999g").is_err() && size("ü").is_err());
        assert_eq!((human(10), human(52_428_800), human(1536)), ("10 bytes".into(), "50 MB".into(), "1.5 KB".into()));
    }

    #[test]
    fn arguments_survive_a_shell() {
        assert_eq!(quoted("--exclude=a/b.c"), "--exclude=a/b.c");
        assert_eq!(quoted("--exclude=it's"), r"'--exclude=it'\''s'");
    }
}
