//! The player: a session on a terminal. What is shown and what keys and mouse do, and nothing of a terminal: events come
//! in, cells go out, so that all of it can be driven by a test.
//!
//! | file | holds |
//! |---|---|
//! | `log` | which steps are shown, and what each says in one line |
//! | `input`, `pointer` | keys and mouse |
//! | `play` | what goes on by itself: reading, playing, searching |
//! | `search` | looking for a text |
//! | `list`, `bar`, `status`, `help` | the parts of the screen |
//! | `body` | the step at the playhead, in full |
//! | `files` | the files, and what became of them |
//! | `diff`, `text`, `theme` | diffs, foreign text and colours as rows |

mod bar;
mod body;
mod diff;
mod files;
mod help;
mod input;
mod list;
mod log;
mod play;
mod pointer;
mod search;
mod status;
mod text;
mod theme;

use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use self::body::Look;
use self::diff::Form;
use self::files::{Compared, Files, Item};
pub use self::help::KEYS;
use self::help::Over;
use self::log::Log;
pub use self::play::Tick;
use self::pointer::Areas;
use self::search::Search;
use self::text::{Page, brief};
use self::theme::DIM;
use super::{Clock, Mark, Pace};
use crate::session::{Conversation, Meta};

/// A session that is played.
#[derive(Debug)]
pub struct Player {
    log: Log,
    title: String,
    about: String,
    /// What the session is called on a command line.
    name: String,
    is_colored: bool,
    /// The playhead: the step that is shown.
    at: usize,
    /// A step to go to once it has been read.
    goal: Option<usize>,
    /// Whether the playhead stays at the end as the log grows.
    follows: bool,
    /// A key that goes back from the end of the log, for when that is known.
    later: Option<KeyCode>,
    look: Look,
    files: Option<Files>,
    compared: Option<Compared>,
    search: Option<Search>,
    /// Whether a place that was searched for is to be scrolled to.
    shows_hit: bool,
    over: Option<Over>,
    /// What there is to say for a moment, and since when it is said.
    note: Option<(String, Option<Instant>)>,
    clock: Clock,
    /// Whether it is known what the log's times are good for.
    is_paced: bool,
    is_playing: bool,
    /// When the next step is due.
    due: Option<Instant>,
    /// When the log was looked at last.
    looked: Option<Instant>,
    /// The first step of the list, the first row of the page.
    top: usize,
    scroll: usize,
    page: Option<(Shown, Page)>,
    bar: bar::Bar,
    areas: Areas,
    wishes: Vec<Wish>,
}

/// How a player begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What the session is called on a command line.
    pub name: String,
    /// The step to begin with, from 0.
    pub start: usize,
    /// Whether it plays at once.
    pub is_playing: bool,
    /// How much faster than it happened: 1 is as fast.
    pub speed: f64,
    /// The longest that a step stays, at speed 1.
    pub idle: Duration,
    /// Whether there are colours.
    pub is_colored: bool,
}

/// What only the owner of the terminal can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// End.
    Quit,
    /// Stop until the shell goes on.
    Suspend,
    /// Draw all of the screen again.
    Redraw,
    /// Put a text on the clipboard.
    Copy(String),
}

/// What a page is made from: as long as that is the same, so is the page.
#[derive(Debug, PartialEq)]
struct Shown {
    step: (usize, Option<Mark>),
    /// How much of the log was read, once it has been read to its end: what comes after that may tell more of earlier steps.
    read: u64,
    file: Option<Option<Item>>,
    width: usize,
    look: (Form, bool, bool),
    search: Option<String>,
}

/// Narrower screens have no list beside the page.
const NARROW: u16 = 80;
/// Rows above what is scrolled to.
const AROUND: usize = 4;

impl Player {
    /// A player of that log. Nothing has been read yet: see [`Player::tick`].
    pub fn new(conversation: Conversation, meta: &Meta, options: Options) -> Player {
        let name = conversation.session.as_ref().map_or_else(|| conversation.name(), |session| session.id().to_owned());
        let title = meta.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or(&name);
        let model = conversation.session.as_ref().map(|_| brief(&meta.model()));
        let day = meta.started().map(|at| at.strftime("%F").to_string());
        Player {
            title: brief(title),
            about: [model, day].into_iter().flatten().collect::<Vec<_>>().join(" · "),
            name: options.name,
            is_colored: options.is_colored,
            log: Log::new(conversation, &meta.cwd),
            at: 0,
            goal: Some(options.start).filter(|&start| start > 0),
            follows: false,
            later: None,
            look: Look::default(),
            files: None,
            compared: None,
            search: None,
            shows_hit: false,
            over: None,
            note: None,
            clock: Clock { speed: options.speed, idle: options.idle, ..Clock::new(Pace::Recorded) },
            is_paced: false,
            is_playing: options.is_playing,
            due: None,
            looked: None,
            top: 0,
            scroll: 0,
            page: None,
            bar: bar::Bar::default(),
            areas: Areas::default(),
            wishes: Vec::new(),
        }
    }

    /// What it wants done since it was asked last.
    pub fn wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    /// Draws everything.
    pub fn draw(&mut self, frame: &mut Frame) {
        let area = frame.area();
        if area.is_empty() {
            // There may be columns without a row to draw them in.
            return;
        }
        let buffer = frame.buffer_mut();
        let [header, middle, bar, status] = rows(area);
        self.draw_header(header, buffer);
        let (list, page) = self.columns(middle);
        self.areas.steps.clear();
        self.areas.items.clear();
        if self.files.is_some() {
            self.draw_files(list, buffer);
        } else if !list.is_empty() {
            self.draw_list(list, buffer);
        }
        self.draw_page(page, buffer);
        self.draw_bar(bar, buffer);
        self.draw_status(status, buffer);
        (self.areas.list, self.areas.page, self.areas.bar) = (list, page, bar);
        self.draw_over(area, buffer);
        if !self.is_colored {
            for cell in &mut buffer.content {
                cell.set_style(Style::new().fg(Color::Reset).bg(Color::Reset));
            }
        }
    }

    /// The list and the page beside it, with a line between them; of a narrow screen the page has all, but for the files.
    fn columns(&self, middle: Rect) -> (Rect, Rect) {
        if middle.width >= NARROW {
            let list = (middle.width / 3).clamp(28, 56);
            let page = Rect { x: middle.x + list + 3, width: middle.width - list - 3, ..middle };
            return (Rect { width: list, ..middle }, page);
        }
        let height = if self.files.is_some() { middle.height / 3 } else { 0 };
        let list = Rect { height, ..middle };
        (list, Rect { y: middle.y + height, height: middle.height - height, ..middle })
    }

    fn draw_page(&mut self, area: Rect, buffer: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        for y in area.rows().map(|row| row.y).filter(|_| area.x > 2) {
            buffer.set_string(area.x - 2, y, "│", DIM);
        }
        self.make_page(usize::from(area.width));
        let Some((_, page)) = &self.page else { return };
        self.scroll = self.scroll.min(page.rows.len().saturating_sub(usize::from(area.height)));
        for (row, place) in page.rows.iter().skip(self.scroll).zip(area.rows()) {
            buffer.set_line(place.x, place.y, row, place.width);
        }
        let hidden = page.rows.len().saturating_sub(self.scroll + usize::from(area.height));
        if hidden > 0 && area.height > 2 {
            let more = format!(" ↓ {hidden} more ");
            let x = area.right().saturating_sub(u16::try_from(more.chars().count()).unwrap_or(0)).max(area.x);
            buffer.set_stringn(x, area.bottom() - 1, more, usize::from(area.width), DIM);
        }
    }

    /// Makes the page anew if it would be another one.
    fn make_page(&mut self, width: usize) {
        let shown = Shown {
            step: (self.at, self.log.mark(self.at)),
            read: if self.log.is_read { self.log.timeline.read() } else { 0 },
            file: self.files.map(|files| self.items().into_iter().nth(files.cursor)),
            width,
            look: (self.look.form, self.look.is_raw, self.look.is_unfolded(self.at)),
            search: self.search.as_ref().map(|search| search.text.clone()),
        };
        if !self.shows_hit && self.page.as_ref().is_some_and(|(of, _)| *of == shown) {
            return;
        }
        let mut page = match self.files {
            Some(_) => self.file_page(width),
            None => body::page(&mut self.log, self.at, &self.look, width),
        };
        let hit = self.search.as_ref().and_then(|search| page.highlight(&search.wanted));
        if std::mem::take(&mut self.shows_hit) {
            match hit {
                Some(row) => self.scroll = row.saturating_sub(AROUND),
                // It is in what is folded.
                None if !self.look.is_unfolded(self.at) => {
                    self.look.turned.insert(self.at);
                    self.shows_hit = !self.look.is_unfolded;
                    return self.make_page(width);
                }
                None => {}
            }
        }
        if let (Form::Whole, 0, Some(row)) = (self.look.form, self.scroll, page.first_change) {
            self.scroll = row.saturating_sub(AROUND);
        }
        self.page = Some((shown, page));
    }

    fn page_rows(&self) -> isize {
        isize::try_from(self.areas.page.height.saturating_sub(1).max(1)).unwrap_or(1)
    }

    fn scroll_by(&mut self, rows: isize) {
        self.scroll = self.scroll.saturating_add_signed(rows);
    }

    fn note(&mut self, text: &str) {
        self.note = Some((text.to_owned(), None));
    }

    /// Moves the playhead, by somebody's wish.
    fn go(&mut self, step: usize) {
        (self.goal, self.follows, self.due) = (None, false, None);
        self.go_on(step);
    }

    /// Moves the playhead.
    fn go_on(&mut self, step: usize) {
        if step != self.at {
            self.scroll = 0;
        }
        self.at = step;
    }

    /// To the step of that number; one that is not known yet is waited for.
    fn go_to(&mut self, step: usize) {
        let last = self.log.timeline.len().saturating_sub(1);
        self.go(step.min(last));
        if !self.log.is_shown(self.at) {
            self.log.filter = log::Filter::All;
            self.log.has_agents = true;
        }
        if step > last && !self.log.is_read {
            self.goal = Some(step);
        } else if step > last {
            self.note(&format!("there are {} steps", last + 1));
        }
    }

    fn onward(&mut self, holds: impl Fn(Mark) -> bool, none: &str) {
        match self.log.onward(self.at + 1, holds) {
            Some(step) => self.go(step),
            None => self.note(none),
        }
    }

    fn back(&mut self, holds: impl Fn(Mark) -> bool, none: &str) {
        match self.log.back(self.at, holds) {
            Some(step) => self.go(step),
            None => self.note(none),
        }
    }

    /// To a step that is shown, when this one is not any more.
    fn settle(&mut self) {
        if !self.log.is_shown(self.at) {
            let near = self.log.back(self.at, |_| true).or_else(|| self.log.onward(self.at, |_| true));
            self.go_on(near.unwrap_or(self.at));
        }
    }
}

/// The rows of the screen: what there is room for, the page first.
fn rows(area: Rect) -> [Rect; 4] {
    let row = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
    match area.height {
        0..=1 => [row(0, 0), row(0, area.height), row(0, 0), row(0, 0)],
        2..=3 => [row(0, 0), row(0, area.height - 1), row(0, 0), row(area.height - 1, 1)],
        4..=9 => {
            let height = area.height;
            [row(0, 0), row(0, height - 2), row(height - 2, 1), row(height - 1, 1)]
        }
        height => [row(0, 1), row(2, height - 5), row(height - 2, 1), row(height - 1, 1)],
    }
}

#[cfg(test)]
mod tests;
