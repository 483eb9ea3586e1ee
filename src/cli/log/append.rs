//! `git glue-log append`.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;

use serde_json::json;

use crate::cli::{Exit, Failure, Ui};
use crate::git;
use crate::log::{Batch, Options, Recorder, is_model};
use crate::session::{Latest, Session, Source, Store, dir_name, new_id, tame_id};

/// Record events: one JSON object on each line of standard input
///
/// An event needs its `type` and what belongs to that; the rest is filled in: sequence number, ids, time, turn and request. One
/// that is not what the format wants is refused, with its line and the reason, and nothing after it is looked at.
///
/// For each event its sequence number is printed, once the event is on the disk: from then on it stays, whatever
/// happens. Several processes may record into one session at once. The session is made when it is new.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(super) struct Args {
    /// Session id, `latest`, or a path to a session
    #[arg(value_name = "id", required_unless_present = "new", conflicts_with = "new")]
    id: Option<OsString>,

    /// Make a session with a new id, and print the id first
    #[arg(long)]
    new: bool,

    /// The directory that a new session works in, instead of the current one
    #[arg(long, value_name = "dir", value_hint = clap::ValueHint::DirPath)]
    cwd: Option<String>,

    /// The model, for events that name none: <provider>/<model>
    #[arg(long, value_name = "model", value_parser = model)]
    model: Option<String>,

    /// Give the session a title
    #[arg(long, value_name = "title")]
    title: Option<String>,

    /// End the session when the input ends: `completed`, `cancelled`, `failed` or `interrupted`
    #[arg(long, value_name = "status", num_args = 0..=1, require_equals = true, default_missing_value = "completed",
        value_parser = ["completed", "cancelled", "failed", "interrupted"])]
    close: Option<String>,
}

fn model(text: &str) -> Result<String, String> {
    is_model(text).then(|| text.to_owned()).ok_or_else(|| "a model is <provider>/<model>, in one line".to_owned())
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    outlive_limits();
    git::catch_signals();
    let mut recorder = open(&args)?;
    if args.new {
        let id = recorder.id().to_owned();
        if ui.json {
            ui.object(json!({ "session_id": id }))?
        } else {
            ui.line(id)?
        }
        ui.flush()?;
    }
    let recorded = record(&mut recorder, ui);
    // What was recorded counts, also when something after it was refused. Only what has been taken whole is closed.
    let close = args.close.as_deref().filter(|_| recorded.is_ok());
    recorder.finish(close)?;
    recorded?;
    if git::signal().is_some() { Err(git::Error::Interrupted.into()) } else { Ok(Exit::Done) }
}

/// A file that would get larger than the process may make one is then an error of writing, which is undone like any other;
/// the signal would end the program in the middle of a row.
fn outlive_limits() {
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
}

fn open(args: &Args) -> Result<Recorder, Failure> {
    let store = Store::from_env();
    let cwd = match &args.cwd {
        Some(cwd) => std::path::absolute(cwd),
        None => std::env::current_dir(),
    };
    let cwd =
        cwd.map_err(|error| Failure::new(Exit::Failed, "directory", format!("no directory to work in: {error}")))?;
    let options =
        Options { cwd: cwd.to_string_lossy().into_owned(), model: args.model.clone(), title: args.title.clone() };
    let Some(id) = &args.id else { return Ok(Recorder::open(&store, &new_id(), options)?) };
    let is_path = id.as_encoded_bytes().iter().any(|&byte| std::path::is_separator(char::from(byte)));
    if is_path || id == "latest" {
        return match store.resolve(id, Latest::Session)? {
            Source::Session(session) => Ok(Recorder::at(session, options)?),
            Source::Path(path) => Ok(Recorder::at(Session::at(session_of(&path)?), options)?),
            Source::Stdin => Err(no_id(&id.to_string_lossy())),
        };
    }
    let text = id.to_string_lossy();
    // A prefix would be taken for another session by accident.
    // What begins with a dot is no session to the list, nor to anybody else.
    if tame_id(&text).as_deref() != Some(&text) || text.starts_with('.') {
        return Err(no_id(&text));
    }
    Ok(Recorder::open(&store, &text, options)?)
}

/// The directory of the session that a conversation belongs to.
fn session_of(path: &Path) -> Result<&Path, Failure> {
    let above = path.parent().filter(|above| path.ends_with("conversation.jsonl") && above.join("meta.json").exists());
    above.ok_or_else(|| no_id(&path.to_string_lossy()))
}

fn no_id(text: &str) -> Failure {
    const SHOWN: usize = 80;
    let tame = tame_id(text).unwrap_or_default();
    let reason = match text {
        "" => "it is empty".to_owned(),
        _ if text.contains('/') => "it is the directory of none".to_owned(),
        _ if text.starts_with('.') => "what begins with a dot is in no list".to_owned(),
        _ if text.starts_with('-') => "it begins as an option does".to_owned(),
        _ if text != dir_name(text) => "an id has letters, digits, `.`, `_` and `-`".to_owned(),
        _ => format!("it is longer than {} characters", tame.len()),
    };
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "..." } else { "" };
    let failure = Failure::new(Exit::Usage, "session-id", format!("`{shown}{more}` is the id of no session: {reason}"));
    match tame.len() <= SHOWN && !tame.is_empty() && !text.contains('/') && !text.starts_with('.') {
        true => failure.hint(format!("git glue-log append {tame}, or --new for an id of its own")),
        false => failure.hint("git glue-log append --new makes a session and its id"),
    }
}

/// Records what comes: what a pipe holds at a time goes to the disk together. A mark of the byte order, which some systems
/// put before a text, is no part of the first event. A signal to end is as good as the end, but for a line that has not come
/// whole.
fn record(recorder: &mut Recorder, ui: &mut Ui) -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    let (mut waiting, mut line, mut has_recorded) = (Vec::new(), 0, false);
    let mut block = vec![0; 1 << 20];
    while has_come(&input) {
        let length = match input.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read
                .map_err(|error| Failure::new(Exit::Failed, "input", format!("cannot read standard input: {error}")))?,
        };
        let is_end = length == 0;
        // Only what is new is searched: a line may be very long.
        let newline = memchr::memrchr(b'\n', &block[..length]).map(|at| waiting.len() + at + 1);
        waiting.extend_from_slice(&block[..length]);
        let ready = if is_end { waiting.len() } else { newline.unwrap_or(0) };
        if ready > 0 {
            let text = waiting[..ready].strip_suffix(b"\n").unwrap_or(&waiting[..ready]);
            let text = text.strip_prefix(b"\xef\xbb\xbf").filter(|_| line == 0).unwrap_or(text);
            let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            let batch = recorder.record(&lines)?;
            acknowledge(&batch, ui)?;
            has_recorded |= !batch.recorded.is_empty();
            if let Some((number, reason)) = batch.refused {
                return Err(refused(line + number + 1, &reason, has_recorded));
            }
            line += lines.len();
            waiting.drain(..ready);
        }
        if is_end {
            break;
        }
    }
    Ok(())
}

/// Waits until there is input, or its end; not, when a signal asks us to end before that. A read alone would go on after
/// the signal.
#[cfg(unix)]
fn has_come(input: &io::StdinLock) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    // A signal may come just before the waiting begins.
    const LONGEST: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
    loop {
        if git::signal().is_some() {
            return false;
        }
        match poll(&mut [PollFd::new(input, PollFlags::IN)], Some(&LONGEST)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            _ => return true,
        }
    }
}

#[cfg(not(unix))]
fn has_come(_input: &io::StdinLock) -> bool {
    git::signal().is_none()
}

fn refused(line: usize, reason: &str, has_recorded: bool) -> Failure {
    let message = format!("line {line} of standard input is no event: {reason}");
    let before = if has_recorded { "what came before it is recorded; " } else { "" };
    Failure::new(Exit::Failed, "invalid-event", message)
        .hint(format!("{before}git-glue-log(1) has the events and what each must hold"))
}

fn acknowledge(batch: &Batch, ui: &mut Ui) -> Result<(), Failure> {
    for event in &batch.recorded {
        if ui.json {
            ui.object(json!({ "sequence": event.sequence, "event_id": event.event_id }))?;
        } else {
            ui.line(event.sequence.to_string())?;
        }
    }
    ui.flush()
}
