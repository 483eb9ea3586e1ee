//! The bar at the bottom: the whole session in one row, with marks where prompts, edits and failures are, to scrub on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Player;
use super::log::is_bad;
use super::theme::{ACCENT, BAD, BOLD, DIM, GOOD, PLAIN};
use crate::replay::{Kind, Mark};

/// What is in a column of the bar; of several, the greatest is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    #[default]
    Nothing,
    Edit,
    Prompt,
    Failure,
}

/// The signs of a bar, as long as the log and the width stay what they are.
#[derive(Debug, Default)]
pub(super) struct Bar {
    of: (usize, usize),
    signs: Vec<Sign>,
}

impl Bar {
    /// Whether it shows these steps, or nearly: while a log is read, not every picture is worth a look at all of them.
    fn is_of(&self, width: usize, steps: usize, is_read: bool) -> bool {
        self.of.0 == width && if is_read { self.of.1 == steps } else { steps - steps / 32 <= self.of.1 }
    }
}

impl Sign {
    fn of(mark: Mark) -> Sign {
        match mark.kind() {
            _ if is_bad(mark) => Sign::Failure,
            Kind::Prompt if !mark.is_nested() => Sign::Prompt,
            _ if mark.is_change() => Sign::Edit,
            _ => Sign::Nothing,
        }
    }

    fn look(self, is_past: bool) -> (&'static str, Style) {
        match self {
            Sign::Failure => ("✗", BAD),
            Sign::Prompt => ("❯", ACCENT),
            Sign::Edit => ("±", GOOD),
            Sign::Nothing if is_past => ("━", PLAIN),
            Sign::Nothing => ("─", DIM),
        }
    }
}

impl Player {
    pub(super) fn draw_bar(&mut self, area: Rect, buffer: &mut Buffer) {
        let (width, steps) = (usize::from(area.width), self.log.timeline.len());
        if width == 0 || area.height == 0 {
            return;
        }
        if !self.bar.is_of(width, steps, self.log.is_read) {
            let mut signs = vec![Sign::Nothing; width];
            for (step, &mark) in self.log.timeline.marks().iter().enumerate() {
                let sign = &mut signs[column(step, steps, width)];
                *sign = Sign::of(mark).max(*sign);
            }
            self.bar = Bar { of: (width, steps), signs };
        }
        let playhead = column(self.at, self.bar.of.1, width);
        for ((number, sign), x) in self.bar.signs.iter().enumerate().zip(area.x..) {
            let (text, style) = if number == playhead { ("◆", BOLD) } else { sign.look(number < playhead) };
            buffer.set_string(x, area.y, text, style);
        }
    }

    /// The step that a column of the bar stands for.
    pub(super) fn step_at(&self, column: u16, width: u16) -> usize {
        let last = self.log.timeline.len().saturating_sub(1);
        let most = usize::from(width).saturating_sub(1);
        (usize::from(column) * last + most / 2).checked_div(most).unwrap_or(0).min(last)
    }
}

/// The first step is in the first column, the last in the last.
fn column(step: usize, steps: usize, width: usize) -> usize {
    let last = steps.saturating_sub(1).max(1);
    ((step * (width - 1) + last / 2) / last).min(width - 1)
}
