//! Keys.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::files::{Files, Item};
use super::help::{Asked, Over};
use super::log::{Filter, is_bad, is_edit};
use super::{Player, Wish};

/// How long a step may stay, in milliseconds.
const IDLE: [u64; 7] = [250, 500, 1_000, 2_000, 5_000, 10_000, 60_000];

impl Player {
    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        (self.note, self.later) = (None, None);
        match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
            (KeyCode::Char('c'), true) => self.wishes.push(Wish::Quit),
            (KeyCode::Char('z'), true) => self.wishes.push(Wish::Suspend),
            (KeyCode::Char('l'), true) => self.wishes.push(Wish::Redraw),
            (KeyCode::Char('d'), true) => self.scroll_by(self.page_rows() / 2),
            (KeyCode::Char('u'), true) => self.scroll_by(-(self.page_rows() / 2)),
            (_, true) => {}
            (code, false) => match self.over.take() {
                Some(Over::Help(top)) => self.help_key(code, top),
                Some(Over::Filter(cursor)) => self.filter_key(code, cursor),
                Some(Over::Typing(asked, typed)) => self.typing_key(code, asked, typed),
                None => self.step_key(code),
            },
        }
    }

    pub(super) fn step_key(&mut self, code: KeyCode) {
        if self.follows && !self.log.is_read && is_back(code) {
            self.later = Some(code);
            return self.note("goes back from the end when all is read");
        }
        match code {
            KeyCode::Char(' ') => self.toggle_play(),
            KeyCode::Right | KeyCode::Char('l' | '.') => self.onward(|_| true, "the last step"),
            KeyCode::Left | KeyCode::Char('h' | ',') => self.back(|_| true, "the first step"),
            KeyCode::Char('L' | ']') => self.turn(true),
            KeyCode::Char('H' | '[') => self.turn(false),
            KeyCode::Char('j') | KeyCode::Down => self.down(1),
            KeyCode::Char('k') | KeyCode::Up => self.down(-1),
            KeyCode::PageDown => self.scroll_by(self.page_rows()),
            KeyCode::PageUp => self.scroll_by(-self.page_rows()),
            KeyCode::Char('g') | KeyCode::Home => self.go(self.log.onward(0, |_| true).unwrap_or(0)),
            KeyCode::Char('G') | KeyCode::End => self.end(),
            KeyCode::Char(':' | '#') => self.over = Some(Over::Typing(Asked::Step, String::new())),
            KeyCode::Char('/') => self.over = Some(Over::Typing(Asked::Search, String::new())),
            KeyCode::Char('t') => self.edit(true),
            KeyCode::Char('T') => self.edit(false),
            KeyCode::Char('e') => self.onward(is_bad, "no failure behind this step"),
            KeyCode::Char('E') => self.back(is_bad, "no failure before this step"),
            KeyCode::Char('n') => self.search_on(true),
            KeyCode::Char('N') => self.search_on(false),
            KeyCode::Enter => self.enter(),
            KeyCode::Esc => self.escape(),
            KeyCode::Tab | KeyCode::BackTab | KeyCode::Char('F') => self.toggle_files(),
            KeyCode::Char('f') => {
                let now = self.filters().iter().position(|filter| *filter == self.log.filter);
                self.over = Some(Over::Filter(now.unwrap_or(0)));
            }
            KeyCode::Char('?') | KeyCode::F(1) => self.over = Some(Over::Help(0)),
            KeyCode::Char('q') => self.wishes.push(Wish::Quit),
            other => self.look_key(other),
        }
    }

    /// How it looks and plays.
    fn look_key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char('z') => {
                self.look.is_unfolded = !self.look.is_unfolded;
                self.look.turned.clear();
                self.note(if self.look.is_unfolded { "unfolded" } else { "folded" });
            }
            KeyCode::Char('d') => {
                self.look.form = self.look.form.next();
                self.note(&format!("diffs: {}", self.look.form.name()));
            }
            KeyCode::Char('x') => {
                self.look.is_raw = !self.look.is_raw;
                self.scroll = 0;
            }
            KeyCode::Char('s') => {
                self.log.has_agents = !self.log.has_agents;
                self.note(if self.log.has_agents { "subagents shown" } else { "subagents hidden" });
                self.settle();
            }
            KeyCode::Char('+' | '=') => {
                self.clock.faster();
                self.paced();
            }
            KeyCode::Char('-' | '_') => {
                self.clock.slower();
                self.paced();
            }
            KeyCode::Char('i') => {
                let next = IDLE.map(Duration::from_millis).into_iter().find(|&idle| idle > self.clock.idle);
                self.clock.idle = next.unwrap_or(Duration::from_millis(IDLE[0]));
                self.due = None;
                self.note(&format!("a step stays {} s at most", self.clock.idle.as_secs_f64()));
            }
            KeyCode::Char('y') => self.copy(format!("git glue-replay --start {} {}", self.at + 1, self.name)),
            KeyCode::Char('o') => self.copy(format!("git glue-replay --html replay.html {}", self.name)),
            _ => {}
        }
    }

    fn copy(&mut self, command: String) {
        self.note(&format!("copied: {}", super::text::brief(&command)));
        self.wishes.push(Wish::Copy(command));
    }

    fn paced(&mut self) {
        self.due = None;
        self.note(&format!("speed {}×", self.clock.speed));
    }

    fn turn(&mut self, is_onward: bool) {
        let is_turn = |mark: crate::replay::Mark| mark.kind() == crate::replay::Kind::Prompt && !mark.is_nested();
        if is_onward {
            self.onward(is_turn, "the last turn");
        } else {
            self.back(is_turn, "the first turn");
        }
    }

    /// The next edit, or the one before; while files are looked at, of the chosen one.
    fn edit(&mut self, is_onward: bool) {
        let Some(path) = self.chosen_file() else {
            return if is_onward {
                self.onward(is_edit, "no edit behind this step");
            } else {
                self.back(is_edit, "no edit before this step");
            };
        };
        let mut steps = self.log.changed_by(&path).into_iter();
        let found = if is_onward { steps.find(|&step| step > self.at) } else { steps.rfind(|&step| step < self.at) };
        match found {
            Some(step) => self.go(step),
            None => self.note("no other edit of this file there"),
        }
    }

    fn down(&mut self, rows: isize) {
        match &mut self.files {
            Some(files) => {
                files.cursor = files.cursor.saturating_add_signed(rows);
                self.scroll = 0;
            }
            None => self.scroll_by(rows),
        }
        let items = self.files.map_or(0, |_| self.items().len());
        if let Some(files) = &mut self.files {
            files.cursor = files.cursor.min(items.saturating_sub(1));
        }
    }

    /// The last step; while the log is read, always the last one that is known.
    fn end(&mut self) {
        let end = self.log.timeline.len();
        self.go(self.log.back(end, |_| true).unwrap_or(self.at));
        self.follows = true;
    }

    fn enter(&mut self) {
        if let Some(path) = self.chosen_file() {
            let steps = self.log.changed_by(&path);
            let last = steps.iter().rfind(|&&step| step <= self.at).or(steps.first()).copied();
            self.files = None;
            self.go(last.unwrap_or(self.at));
        } else if self.files.is_none() && !self.look.turned.remove(&self.at) {
            self.look.turned.insert(self.at);
        }
    }

    fn escape(&mut self) {
        if self.search.is_some() {
            self.stop_search();
        } else if self.files.is_some() {
            self.toggle_files();
        } else if self.look.is_raw {
            self.look.is_raw = false;
        } else {
            self.log.filter = Filter::All;
        }
    }

    fn toggle_files(&mut self) {
        let path = self.log.step(self.at).filter(|_| self.files.is_none()).and_then(|step| match step.act {
            crate::replay::Act::Call { call, .. } => {
                self.log.timeline.files_of(&call).into_iter().next().map(|(_, path)| path)
            }
            _ => None,
        });
        let place = |item: &Item| matches!((item, &path), (Item::Told(name, ..), Some(path)) if name == path);
        self.files = match self.files {
            Some(_) => None,
            None => {
                let mut files = Files::default();
                files.cursor = self.items().iter().position(place).unwrap_or(0);
                Some(files)
            }
        };
        self.scroll = 0;
    }

    fn help_key(&mut self, code: KeyCode, top: usize) {
        self.over = match code {
            KeyCode::Char('j') | KeyCode::Down => Some(Over::Help(top + 1)),
            KeyCode::Char('k') | KeyCode::Up => Some(Over::Help(top.saturating_sub(1))),
            KeyCode::PageDown | KeyCode::Char(' ') => Some(Over::Help(top + 10)),
            KeyCode::PageUp => Some(Over::Help(top.saturating_sub(10))),
            _ => None,
        };
    }

    fn filter_key(&mut self, code: KeyCode, cursor: usize) {
        let last = self.filters().len() - 1;
        let cursor = match code {
            KeyCode::Char('j') | KeyCode::Down => cursor + 1,
            KeyCode::Char('k') | KeyCode::Up => cursor.saturating_sub(1),
            KeyCode::PageDown => cursor + 10,
            KeyCode::PageUp => cursor.saturating_sub(10),
            KeyCode::Char('g') | KeyCode::Home => 0,
            KeyCode::Char('G') | KeyCode::End => last,
            KeyCode::Enter | KeyCode::Char(' ') => return self.choose_filter(cursor),
            _ => return,
        };
        self.over = Some(Over::Filter(cursor.min(last)));
    }

    pub(super) fn choose_filter(&mut self, number: usize) {
        let Some(filter) = self.filters().into_iter().nth(number) else { return };
        let before = std::mem::replace(&mut self.log.filter, filter);
        if self.log.onward(0, |_| true).is_none() {
            let none = format!("there are none: {}", self.log.filter.name());
            self.log.filter = before;
            self.note(&none);
        }
        self.settle();
    }

    fn typing_key(&mut self, code: KeyCode, asked: Asked, mut typed: String) {
        match code {
            KeyCode::Enter => return self.typed(asked, &typed),
            KeyCode::Esc => return,
            KeyCode::Backspace if typed.pop().is_none() => return,
            KeyCode::Char(ch) if asked == Asked::Search || ch.is_ascii_digit() => typed.push(ch),
            _ => {}
        }
        self.over = Some(Over::Typing(asked, typed));
    }

    fn typed(&mut self, asked: Asked, typed: &str) {
        match asked {
            Asked::Search if typed.is_empty() => self.search_on(true),
            Asked::Search => self.search_for(typed),
            Asked::Step => {
                if let Some(step) = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
                    self.go_to(step);
                }
            }
        }
    }
}

/// Whether a key goes to a step before this one.
fn is_back(code: KeyCode) -> bool {
    matches!(code, KeyCode::Left | KeyCode::Char('h' | ',' | 'H' | '[' | 'T' | 'E' | 'N'))
}
