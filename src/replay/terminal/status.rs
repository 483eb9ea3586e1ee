//! The first row and the last: which session it is, and where in it the playhead is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Player;
use super::help::{Asked, Over};
use super::log::Filter;
use super::text::{columns, cut};
use super::theme::{ACCENT, BAD, BOLD, CHOSEN, DIM, GOOD, PLAIN, WARN};
use crate::replay::Pace;

impl Player {
    pub(super) fn draw_header(&self, area: Rect, buffer: &mut Buffer) {
        let width = usize::from(area.width);
        let about = cut(&self.about, width / 2).into_owned();
        let title = cut(&self.title, width.saturating_sub(columns(&about) + 4)).into_owned();
        let line = Line::from(vec![Span::styled("● ", ACCENT), Span::styled(title, BOLD)]);
        buffer.set_line(area.x, area.y, &line, area.width);
        let x = area.right().saturating_sub(u16::try_from(columns(&about)).unwrap_or(area.width));
        buffer.set_string(x, area.y, about, DIM);
    }

    pub(super) fn draw_status(&self, area: Rect, buffer: &mut Buffer) {
        let width = usize::from(area.width);
        if let Some(Over::Typing(asked, typed)) = &self.over {
            let prompt = match asked {
                Asked::Search => "/",
                Asked::Step => "step #",
            };
            let typed = super::text::clean(typed).into_owned();
            let line = Line::from(vec![Span::styled(prompt, ACCENT), Span::raw(typed), Span::styled(" ", CHOSEN)]);
            buffer.set_line(area.x, area.y, &line, area.width);
            return;
        }
        let hint = if width >= 40 { " ? keys  q quit" } else { "" };
        let mut room = width.saturating_sub(hint.len());
        let mut spans = Vec::new();
        for (text, style) in self.states() {
            let text = if spans.is_empty() { text } else { format!("  {text}") };
            // What does not fit is left out, not cut: half a number is another one.
            if columns(&text) <= room {
                room -= columns(&text);
                spans.push(Span::styled(text, style));
            }
        }
        buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
        let x = area.right().saturating_sub(u16::try_from(hint.len()).unwrap_or(0));
        buffer.set_string(x, area.y, hint, DIM);
    }

    /// What there is to say, the most important first.
    fn states(&self) -> Vec<(String, Style)> {
        let (log, steps) = (&self.log, self.log.timeline.len());
        let sign = match () {
            () if self.is_playing => ("▶", GOOD),
            () if self.follows => ("⇣", GOOD),
            () => ("‖", DIM),
        };
        let mut states = vec![(sign.0.to_owned(), sign.1)];
        states.push((format!("step {}/{steps}", (self.at + 1).min(steps)), BOLD));
        if let Some(problem) = &log.problem {
            states.push((super::text::brief(problem), BAD));
        }
        if log.is_gone {
            states.push(("the log is gone".into(), WARN));
        }
        if let Some((note, _)) = self.note.as_ref().filter(|(note, _)| !note.is_empty()) {
            states.push((note.clone(), WARN));
        }
        if let Some(search) = &self.search {
            let going = if search.is_going() { "searching " } else { "/" };
            states.push((format!("{going}{}", super::text::brief(&search.text)), WARN));
        }
        if !log.is_read {
            states.push((format!("reading {}%", log.percent()), WARN));
        }
        if log.filter != Filter::All {
            states.push((format!("only {}", log.filter.name()), WARN));
        }
        let turn = log.timeline.turn_of(self.at);
        let turns = log.timeline.turns().len();
        states.push((format!("turn {}/{turns}", turn.map_or(0, |turn| turn + 1)), PLAIN));
        if self.is_playing || (self.clock.speed - 1.0).abs() > f64::EPSILON {
            states.push((format!("{}×", self.clock.speed), PLAIN));
        }
        if self.is_playing {
            let pace = if self.clock.pace == Pace::Even { "even pace, " } else { "" };
            states.push((format!("{pace}{} s at most", self.clock.idle.as_secs_f64()), DIM));
        }
        let spent = turn.and_then(|turn| log.timeline.turns().get(turn)).map(|turn| turn.tokens);
        let all = log.timeline.tokens();
        if !all.is_none() {
            states.push((format!("tokens: turn {}", spent.unwrap_or_default()), DIM));
            states.push((format!("all {all}"), DIM));
        }
        if !log.has_agents {
            states.push(("subagents hidden".into(), DIM));
        }
        if log.is_torn() {
            states.push(("the last row has no end".into(), WARN));
        }
        states
    }
}
