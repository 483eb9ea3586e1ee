//! `git glue-replay`: what happened in a session, step by step.

mod page;
mod plain;
mod terminal;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::{Common, Exit, Failure, Program, Ui, pager};
use crate::replay::terminal::Options;
use crate::replay::{Beside, Timeline};
use crate::session::{Conversation, Latest, Meta, Store, counted};

/// Step through a session: what was said, what was called, what became of the files
///
/// On a terminal, a player: steps, turns, diffs, files, a bar to scrub on; `?` shows its keys. Into a pipe, the same as text.
///
/// Edits are shown as true diffs where the log tells enough: from what the tool recorded, else from what was read and written before.
/// What a command changed is not in the log; where the session has a capture, the files in which it differs from the log are shown too.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-replay", bin_name = "git glue-replay", version)]
pub struct Args {
    /// Session id, a unique prefix of one, `latest`, a path to a session or a conversation.jsonl, or `-` for standard input
    #[arg(value_name = "id", default_value = "latest")]
    id: OsString,

    /// Print the steps as text, also on a terminal
    #[arg(long, conflicts_with_all = ["html", "json"])]
    plain: bool,

    /// Write one self-contained page to <file>, or to standard output for `-`
    #[arg(long, value_name = "file", value_hint = clap::ValueHint::FilePath, conflicts_with = "json")]
    html: Option<PathBuf>,

    /// Start at step <number>, counted from 1
    #[arg(long, value_name = "number", default_value = "1", value_parser = step)]
    start: usize,

    /// In the player, play at once
    #[arg(long)]
    play: bool,

    /// In the player, play <factor> times as fast as it happened
    #[arg(long, value_name = "factor", default_value = "1", value_parser = speed)]
    speed: f64,

    /// In the player, let no step stay longer than <seconds>
    #[arg(long, value_name = "seconds", default_value = "2", value_parser = idle)]
    idle: Duration,

    /// In text and pages, end with step <number>
    #[arg(long, value_name = "number", value_parser = step)]
    end: Option<usize>,

    /// Keep secrets and the names of home directories in the page
    #[arg(long, requires = "html")]
    no_redact: bool,

    #[command(flatten)]
    common: Common,
}

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        let end = self.end.unwrap_or(usize::MAX);
        if end < self.start {
            let message = format!("--end {end} is before --start {}", self.start);
            return Err(Failure::new(Exit::Usage, "usage", message));
        }
        let replay = Replay::open(&self.id, end)?;
        if let Some(html) = &self.html {
            replay.whole(ui)?.page(ui, html, self.start, !self.no_redact)?;
            return Ok(Exit::Done);
        }
        if ui.json {
            replay.json(ui, self.start)?;
            return Ok(Exit::Done);
        }
        if !self.plain && ui.out_is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") {
            let options = self.player(&replay, ui.is_colored());
            return terminal::play(replay, options);
        }
        pager::start(ui)?;
        replay.plain(ui, self.start)?;
        Ok(Exit::Done)
    }
}

impl Args {
    fn player(&self, replay: &Replay, is_colored: bool) -> Options {
        let named = self.id.to_string_lossy();
        let session = replay.conversation.session.as_ref().filter(|_| !named.contains(std::path::MAIN_SEPARATOR));
        Options {
            // `latest` is another one tomorrow.
            name: shell_word(session.map_or(&*named, |session| session.id())),
            start: self.start.saturating_sub(1),
            is_playing: self.play,
            speed: self.speed,
            idle: self.idle,
            is_colored,
        }
    }
}

/// The number of a step.
fn step(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "steps are counted from 1".to_owned())
}

/// A factor that a clock can run by.
fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.01..=1000.0).contains(speed));
    speed.ok_or_else(|| "a number from 0.01 to 1000".to_owned())
}

fn idle(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|&seconds| seconds <= 86_400.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "seconds, at most a day".to_owned())
}

/// As one word for a shell.
fn shell_word(text: &str) -> String {
    let is_plain = |ch: char| ch.is_ascii_alphanumeric() || "._-/~".contains(ch);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// What is replayed.
struct Replay {
    conversation: Conversation,
    meta: Meta,
    timeline: Timeline,
    /// Where the capture differs from the log, once all of that has been read.
    beside: Beside,
    /// Behind the last step that is shown.
    end: usize,
}

impl Replay {
    fn open(id: &OsString, end: usize) -> Result<Replay, Failure> {
        let conversation = Conversation::open(Store::from_env().resolve(id, Latest::WithConversation)?)?;
        let meta = conversation.session.as_ref().and_then(|session| session.meta().ok()).unwrap_or_default();
        let timeline = Timeline::new(&meta.cwd);
        Ok(Replay { conversation, meta, timeline, beside: Beside::None, end })
    }

    /// Reads the log to its end, and the capture. One that cannot be read does not keep the log from being shown.
    fn whole(mut self, ui: &mut Ui) -> Result<Replay, Failure> {
        self.timeline.finish(&self.conversation).map_err(|error| self.unreadable(&error))?;
        self.end = self.end.min(self.timeline.len());
        self.beside = Beside::of(&self.conversation, &self.timeline);
        if let Beside::Failed(why) = &self.beside {
            ui.warn(why);
        }
        Ok(self)
    }

    /// Refuses to start behind the last step, once all of the log has been read.
    fn has_step(&self, number: usize) -> Result<(), Failure> {
        let (steps, turns) = (self.timeline.len(), self.timeline.turns().len());
        // Of an empty log everything is shown.
        if number <= steps.max(1) {
            return Ok(());
        }
        let are = if steps == 1 { "is" } else { "are" };
        let (steps, turns) = (counted(steps, "step", "steps"), counted(turns, "turn", "turns"));
        let message = format!("there is no step {number}: there {are} {steps} in {turns}");
        Err(Failure::new(Exit::Failed, "no-such-step", message))
    }

    fn unreadable(&self, error: &std::io::Error) -> Failure {
        Failure::new(Exit::Failed, "io", format!("cannot read {}: {error}", self.conversation.name()))
    }
}
