//! The list of steps: one row each, those around the playhead. Only what is on the screen is read.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Player;
use super::text::{columns, cut, fitted};
use super::theme::{AGENT, BOLD, CHOSEN, DIM, PLAIN, sign};
use crate::replay::{Agent, Kind};

impl Player {
    pub(super) fn draw_list(&mut self, area: Rect, buffer: &mut Buffer) {
        let height = usize::from(area.height);
        self.areas.steps = self.listed(height);
        let digits = self.log.timeline.len().to_string().len();
        for (step, y) in self.areas.steps.clone().into_iter().zip(area.y..) {
            let row = self.list_row(step, digits, usize::from(area.width));
            buffer.set_line(area.x, y, &row, area.width);
        }
    }

    /// The steps that fit, the playhead among them with some before and some behind it. The list stays where it is as long
    /// as it can.
    fn listed(&mut self, height: usize) -> Vec<usize> {
        let margin = height / 5;
        let steps = self.log.shown_from(self.top, height);
        let place = steps.binary_search(&self.at).ok();
        self.top = match place {
            Some(place) if place < margin => self.above(self.top, margin - place),
            Some(place) if place + margin >= height => steps[(place + margin + 1 - height).min(place)],
            Some(_) => self.top,
            None => self.above(self.at, height / 2),
        };
        // No room is left empty while there are steps above.
        let missing = height - self.log.shown_from(self.top, height).len();
        self.top = self.above(self.top, missing);
        self.log.shown_from(self.top, height)
    }

    /// The step that is so many rows above.
    fn above(&self, step: usize, rows: usize) -> usize {
        (0..rows).try_fold(step, |step, _| self.log.back(step, |_| true).ok_or(step)).unwrap_or_else(|first| first)
    }

    fn list_row(&mut self, step: usize, digits: usize, width: usize) -> Line<'static> {
        let Some((mark, brief)) = self.log.mark(step).zip(self.log.brief(step)) else { return Line::default() };
        let (sign, style) = sign(mark);
        let is_group = matches!(mark.kind(), Kind::Spawned | Kind::Completed);
        let (inset, said) = match brief.agent {
            None => (String::new(), brief.text.clone()),
            Some(agent) if is_group => (above(agent), format!("agent {}: {}", agent.number, brief.text)),
            Some(agent) => (format!("{}│{} ", above(agent), agent.number), brief.text.clone()),
        };
        let number = format!("{:>digits$} ", step + 1);
        let room = width.saturating_sub(number.len() + columns(&inset) + 2);
        let text = match mark.kind() {
            Kind::Prompt if !mark.is_nested() => BOLD,
            Kind::Thinking | Kind::Title => DIM,
            _ => PLAIN,
        };
        if step == self.at {
            let line = format!("{number}{inset}{sign} {said}");
            let chosen = if self.files.is_some() { PLAIN.add_modifier(Modifier::BOLD) } else { CHOSEN };
            return Line::styled(fitted(&line, width), chosen);
        }
        Line::from(vec![
            Span::styled(number, DIM),
            Span::styled(inset, AGENT),
            Span::styled(format!("{sign} "), style),
            Span::styled(cut(&said, room).into_owned(), text),
        ])
    }
}

/// A line for each subagent above this one.
fn above(agent: Agent) -> String {
    /// Deeper ones are no further in: their texts are to be read as well.
    const DEEPEST: u64 = 6;
    "│ ".repeat(usize::try_from(agent.depth.min(DEEPEST)).unwrap_or_default())
}
