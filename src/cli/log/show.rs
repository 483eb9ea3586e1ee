//! `git glue-log` without a command: which rows are shown, from where, and in what order.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use regex::bytes::RegexBuilder;

use super::block::Printer;
use crate::cli::summary::Summary;
use crate::cli::{Exit, Failure, Style, Ui, pager};
use crate::log::{Filter, Follower, LineNumbers, Turnover, Wanted, last_rows, last_spans, moment, read_span};
use crate::session::{
    At, Backwards, CONVERSATION, Conversation, Error, LONGEST_ROW, Latest, Row, Rows, Session, Source, Span, Store,
    counted,
};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Session id, a unique prefix of one, `latest`, a path to a session or a conversation.jsonl, or `-` for standard input
    #[arg(value_name = "id")]
    id: Option<OsString>,

    /// Go on: wait for more events, and print them as they come
    ///
    /// Until it is interrupted, or nobody reads the result any more. The conversation need not have begun.
    #[arg(short, long)]
    follow: bool,

    /// Show the last <number> of the events that are wanted
    #[arg(short = 'n', long = "max-count", value_name = "number")]
    max_count: Option<usize>,

    /// Show events of <type> only, such as `user_message`; `tool` is `tool_call` and `tool_result`
    #[arg(long = "type", value_name = "type", value_delimiter = ',')]
    types: Vec<String>,

    /// Show calls of <tool> only, and what came of them
    #[arg(long = "tool", value_name = "tool", value_delimiter = ',')]
    tools: Vec<String>,

    /// Show calls only that are about <path>, and what came of them
    ///
    /// A file by its name, or by as many of the directories above it as you like; or a directory, for all in it.
    #[arg(long = "file", value_name = "path")]
    files: Vec<String>,

    /// Show events only with a text that matches <regex>
    #[arg(long, value_name = "regex")]
    grep: Option<String>,

    /// Show events since <time> only: `2026-08-12`, `2026-08-12T09:00:00Z`, or `2h` for two hours ago
    #[arg(long, value_name = "time")]
    since: Option<String>,

    /// Show events until <time> only
    #[arg(long, value_name = "time")]
    until: Option<String>,

    /// Shorten nothing
    #[arg(long)]
    full: bool,
}

/// How often it is looked whether there is more.
const PAUSE: Duration = Duration::from_millis(150);

impl Args {
    /// Whether nothing was asked for.
    pub(super) fn is_plain(&self) -> bool {
        self.id.is_none() && !self.follow && self.max_count.is_none() && !self.full && self.grep.is_none() && {
            self.since.is_none() && self.until.is_none() && {
                self.types.is_empty() && self.tools.is_empty() && self.files.is_empty()
            }
        }
    }

    fn filter(&self) -> Result<Filter, Failure> {
        let usage = |kind, message: String| Failure::new(Exit::Usage, kind, message);
        // `^` and `$` mean lines, as in other programs of that name.
        let regex = |pattern: &String| RegexBuilder::new(pattern).multi_line(true).build();
        let text = self.grep.as_ref().map(regex).transpose().map_err(|error| usage("regex", error.to_string()))?;
        let now = Timestamp::now();
        let time = |text: &Option<String>| match text {
            Some(text) => moment(text, now).map(Some).map_err(|error| usage("time", error.to_string())),
            None => Ok(None),
        };
        Ok(Filter::new(Wanted {
            types: self.types.clone(),
            tools: self.tools.clone(),
            files: self.files.clone(),
            text,
            since: time(&self.since)?,
            until: time(&self.until)?,
        }))
    }

    /// Of longer rows, the strings are shortened. What is looked for, or wanted whole, may be anywhere in them.
    fn longest(&self, is_pipe: bool, ui: &Ui) -> usize {
        const WHOLE: usize = 1 << 30;
        const GLANCE: usize = 1 << 20;
        match (self.grep.is_some() || self.full || ui.json && (is_pipe || self.follow), ui.json) {
            (true, _) => WHOLE,
            (false, true) => LONGEST_ROW,
            (false, false) => GLANCE,
        }
    }
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let latest = if args.follow { Latest::Session } else { Latest::WithConversation };
    let id = args.id.clone().unwrap_or_else(|| "latest".into());
    let filter = args.filter()?;
    let source = Store::from_env().resolve(&id, latest)?;
    if !args.follow && !ui.json {
        pager::start(ui)?;
    }
    let longest = args.longest(matches!(source, Source::Stdin), ui);
    let mut show = Show { args, filter, longest, printer: Printer::default(), ui };
    show.printer.is_full = show.args.full;
    match source {
        Source::Stdin => show.pipe(io::stdin())?,
        source => show.stored(source)?,
    }
    let damaged = show.printer.damaged;
    if damaged > 0 {
        let rows = counted(damaged, "row is", "rows are");
        ui.flush()?;
        ui.warn(format!("{rows} damaged; git glue-log validate says how"));
    }
    Ok(Exit::Done)
}

/// One run.
struct Show<'u> {
    args: Args,
    filter: Filter,
    longest: usize,
    printer: Printer,
    ui: &'u mut Ui,
}

/// A file, as much of it as is to be shown at first.
struct Stored {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Show<'_> {
    /// A pipe is shown as it comes.
    fn pipe(&mut self, pipe: impl Read) -> Result<(), Failure> {
        let mut rows = Rows::new(pipe, 0, self.longest).shortening();
        if let Some(count) = self.args.max_count {
            let kept = |row: &Row| (row.number, row.bytes.to_vec());
            let rows = last_rows(&mut rows, count, &mut |row| self.wants(row), kept).map_err(unread)?;
            return rows.iter().try_for_each(|(number, row)| self.print(row, &mut || Ok(*number)));
        }
        while let Some(row) = rows.advance().map_err(unread)? {
            if self.wants(row.bytes) {
                self.print(row.bytes, &mut || Ok(row.number))?;
                self.ui.flush()?;
            }
        }
        Ok(())
    }

    fn stored(&mut self, source: Source) -> Result<(), Failure> {
        let (session, found) = match source {
            Source::Session(session) => {
                let found = Conversation::settled(&session);
                (Some(session), found.map(|(file, path, length)| Stored { path, file, length }))
            }
            source => {
                let opened = Conversation::open(source)?;
                let path = opened.path.unwrap_or_default();
                let length = opened.file.metadata().map_err(unread)?.len();
                (opened.session, Ok(Stored { path, file: opened.file, length }))
            }
        };
        if let Some(session) = &session {
            self.heading(session)?;
        }
        match (found, &session) {
            (Ok(mut stored), _) => {
                if self.args.follow {
                    stored.length = complete(&stored).map_err(unread)?;
                }
                self.first(&stored)?;
                if self.args.follow { self.follow_on(&stored) } else { Ok(()) }
            }
            (Err(Error::NoConversation { .. }), Some(session)) if self.args.follow => {
                self.ui.say(format!("Waiting for the first event of {}.", session.id()));
                self.follow(Follower::new(session.path(CONVERSATION), self.longest))
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// What the session is, before its events.
    fn heading(&mut self, session: &Session) -> Result<(), Failure> {
        if self.ui.json {
            return Ok(());
        }
        let summary = Summary::of(session);
        self.ui.styled(Style::Bold, format!("Session {}", session.id()))?;
        self.ui.line(format!("  {}", summary.title()))?;
        self.printer.has_printed = true;
        Ok(())
    }

    /// What is there already. What follows it.
    fn first(&mut self, stored: &Stored) -> Result<(), Failure> {
        let Some(count) = self.args.max_count else {
            let mut rows = Rows::new(At::new(&stored.file, 0).take(stored.length), 0, self.longest).shortening();
            while let Some(row) = rows.advance().map_err(unread)? {
                if !self.wants(row.bytes) {
                } else if row.is_cut && self.ui.json {
                    self.copy(stored, row.offset, row.length)?;
                } else {
                    self.print(row.bytes, &mut || Ok(row.number))?;
                }
            }
            return Ok(());
        };
        let spans = self.last(stored, count)?;
        let (mut lines, mut row) = (LineNumbers::default(), Vec::new());
        for span in spans {
            if span.length > self.longest as u64 && self.ui.json {
                self.copy(stored, span.offset, span.length)?;
            } else {
                read_span(&stored.file, span, self.longest, &mut row).map_err(unread)?;
                self.print(&row, &mut || lines.at(&stored.file, span.offset).map_err(unread))?;
            }
        }
        Ok(())
    }

    /// The last rows that are wanted; where it depends on the rows before, these are read too.
    fn last(&mut self, stored: &Stored, count: usize) -> Result<Vec<Span>, Failure> {
        let longest = self.longest;
        let looks_back = self.filter.looks_back();
        let mut wanted = |row: &[u8]| self.wants(row);
        if !looks_back {
            return last_spans(&stored.file, stored.length, count, longest, &mut wanted).map_err(unread);
        }
        let mut rows = Rows::new(At::new(&stored.file, 0).take(stored.length), 0, longest).shortening();
        let spans = last_rows(&mut rows, count, &mut wanted, |row| Span {
            offset: row.offset,
            length: row.length,
            is_ended: row.is_ended,
        });
        Ok(spans.map_err(unread)?.into())
    }

    /// Everything that comes after what has been shown.
    fn follow_on(&mut self, stored: &Stored) -> Result<(), Failure> {
        self.ui.flush()?;
        let number = LineNumbers::default().at(&stored.file, stored.length).map_err(unread)? - 1;
        let follower = Follower::after(&stored.path, self.longest, &stored.file, stored.length, number);
        self.follow(follower.map_err(unread)?)
    }

    /// Everything that comes from now on.
    fn follow(&mut self, mut follower: Follower) -> Result<(), Failure> {
        loop {
            self.ui.flush()?;
            if !is_read(self.ui) {
                return Ok(());
            }
            let turnover = follower.catch_up::<Failure>(&mut |row| {
                if self.wants(row.bytes) { self.print(row.bytes, &mut || Ok(row.number)) } else { Ok(()) }
            })?;
            match turnover {
                Turnover::None => {}
                Turnover::Replaced => {
                    self.ui.warn("the conversation was replaced by another file, which is shown from its start")
                }
                Turnover::Truncated => {
                    self.ui.warn("the conversation was cut off; what is there now is shown from its start")
                }
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Whether a row is to be shown. Programs get no rows that are no JSON.
    fn wants(&mut self, row: &[u8]) -> bool {
        !row.trim_ascii().is_empty() && self.filter.admits(row) && (!self.ui.json || self.printer.is_json(row))
    }

    /// Prints one row, which is wanted.
    fn print(&mut self, row: &[u8], number: &mut dyn FnMut() -> Result<u64, Failure>) -> Result<(), Failure> {
        if !self.ui.json {
            return self.printer.row(self.ui, row, number);
        }
        self.ui.raw(row)?;
        self.ui.raw("\n")
    }

    /// Passes a row through that is too long to be held.
    fn copy(&mut self, stored: &Stored, offset: u64, length: u64) -> Result<(), Failure> {
        const BLOCK: u64 = 1 << 20;
        let mut file = &stored.file;
        let place = file.stream_position().map_err(unread)?;
        file.seek(SeekFrom::Start(offset)).map_err(unread)?;
        let (mut rest, mut block) = (file.take(length), Vec::new());
        loop {
            block.clear();
            rest.by_ref().take(BLOCK).read_to_end(&mut block).map_err(unread)?;
            if block.is_empty() {
                break;
            }
            self.ui.raw(&block)?;
        }
        // Reading goes on where it was.
        file.seek(SeekFrom::Start(place)).map(|_| ()).map_err(unread)
    }
}

/// As much of a file as complete rows take.
fn complete(stored: &Stored) -> io::Result<u64> {
    let last = Backwards::new(&stored.file, stored.length).next().transpose()?;
    Ok(last.filter(|span| !span.is_ended).map_or(stored.length, |span| span.offset))
}

fn unread(error: io::Error) -> Failure {
    Failure::new(Exit::Failed, "io", format!("cannot read the conversation: {error}"))
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        unread(error)
    }
}

/// Whether somebody reads what is printed: a pipe whose other end was closed tells so.
#[cfg(unix)]
fn is_read(ui: &Ui) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = io::stdout();
    let mut pipe = [PollFd::new(&stdout, PollFlags::empty())];
    let polled = poll(&mut pipe, Some(&Timespec::default()));
    ui.out_is_terminal() || polled.is_err() || !pipe[0].revents().contains(PollFlags::ERR)
}

#[cfg(not(unix))]
fn is_read(_ui: &Ui) -> bool {
    true
}
