//! The mouse.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Player;
use super::help::Over;

/// Where things were drawn last.
#[derive(Debug, Default)]
pub(super) struct Areas {
    pub(super) list: Rect,
    pub(super) page: Rect,
    pub(super) bar: Rect,
    /// What lies over them, and the first of its rows.
    pub(super) over: Rect,
    pub(super) over_top: usize,
    /// The steps of the list, or its files, row by row.
    pub(super) steps: Vec<usize>,
    pub(super) items: Vec<Option<usize>>,
    /// Whether the mouse went down on the bar and is still down.
    pub(super) is_scrubbing: bool,
}

impl Player {
    /// Takes what the mouse did.
    pub fn mouse(&mut self, event: MouseEvent) {
        let at = Position { x: event.column, y: event.row };
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(at),
            MouseEventKind::Drag(MouseButton::Left) if self.areas.is_scrubbing => self.scrub(at.x),
            MouseEventKind::Up(MouseButton::Left) => self.areas.is_scrubbing = false,
            MouseEventKind::ScrollDown => self.wheel(at, true),
            MouseEventKind::ScrollUp => self.wheel(at, false),
            _ => {}
        }
    }

    fn click(&mut self, at: Position) {
        self.areas.is_scrubbing = false;
        if let Some(over) = self.over.take() {
            if let (Over::Filter(_), true) = (over, self.areas.over.contains(at)) {
                self.choose_filter(self.areas.over_top + usize::from(at.y - self.areas.over.y));
            }
        } else if self.areas.bar.contains(at) {
            self.areas.is_scrubbing = true;
            self.scrub(at.x);
        } else if self.areas.list.contains(at) {
            let row = usize::from(at.y - self.areas.list.y);
            if let Some(files) = &mut self.files {
                files.cursor = self.areas.items.get(row).copied().flatten().unwrap_or(files.cursor);
                self.scroll = 0;
            } else if let Some(&step) = self.areas.steps.get(row) {
                self.go(step);
            }
        }
    }

    /// To the step that is there on the bar, or the next one that is shown.
    fn scrub(&mut self, x: u16) {
        let bar = self.areas.bar;
        let step = self.step_at(x.clamp(bar.x, bar.right().saturating_sub(1)) - bar.x, bar.width);
        let shown = self.log.onward(step, |_| true).or_else(|| self.log.back(step, |_| true));
        if let Some(step) = shown {
            self.go(step);
        }
    }

    fn wheel(&mut self, at: Position, is_down: bool) {
        let by = |rows: usize| if is_down { rows } else { 0 };
        match &mut self.over {
            Some(Over::Help(top)) => *top = if is_down { *top + 3 } else { top.saturating_sub(3) },
            Some(Over::Filter(cursor)) => *cursor = if is_down { *cursor + 1 } else { cursor.saturating_sub(1) },
            Some(Over::Typing(..)) => {}
            None if self.areas.list.contains(at) && self.files.is_none() => {
                let step =
                    if is_down { self.log.onward(self.at + by(1), |_| true) } else { self.log.back(self.at, |_| true) };
                if let Some(step) = step {
                    self.go(step);
                }
            }
            None if self.areas.bar.contains(at) => {}
            None => self.scroll_by(if is_down { 3 } else { -3 }),
        }
    }
}
