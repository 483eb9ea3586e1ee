//! Colours: the sixteen that every terminal has, as its owner chose them. What a colour says, a sign says too.

use ratatui::style::{Color, Modifier, Style};

use crate::replay::{Kind, Mark, State};

pub(super) const PLAIN: Style = Style::new();
pub(super) const DIM: Style = Style::new().add_modifier(Modifier::DIM);
pub(super) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const GOOD: Style = Style::new().fg(Color::Green);
pub(super) const BAD: Style = Style::new().fg(Color::Red);
pub(super) const WARN: Style = Style::new().fg(Color::Yellow);
pub(super) const ACCENT: Style = Style::new().fg(Color::Cyan);
pub(super) const AGENT: Style = Style::new().fg(Color::Magenta);
/// Where the cursor is.
pub(super) const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);
/// What was searched for.
pub(super) const FOUND: Style = Style::new().fg(Color::Yellow).add_modifier(Modifier::REVERSED);

/// The sign of a step and its colour.
pub(super) fn sign(mark: Mark) -> (&'static str, Style) {
    match (mark.kind(), mark.state()) {
        (Kind::Prompt, _) => ("❯", ACCENT.add_modifier(Modifier::BOLD)),
        (Kind::Answer, _) => ("●", PLAIN),
        (Kind::Thinking, _) => ("∴", DIM),
        (Kind::Call | Kind::Result, State::Failed) => ("✗", BAD),
        (Kind::Call | Kind::Result, State::Stopped) => ("⊘", WARN),
        (Kind::Call, State::Open) => ("…", WARN),
        (Kind::Call, State::Passed) if mark.is_change() => ("±", GOOD),
        (Kind::Call | Kind::Result, _) => ("✓", DIM),
        (Kind::Title, _) => ("#", DIM),
        (Kind::Notice, State::Failed) => ("✗", BAD),
        (Kind::Notice, _) => ("!", WARN),
        (Kind::Spawned, _) => ("┌", AGENT),
        (Kind::Completed, _) => ("└", AGENT),
        (Kind::Unknown, _) => ("?", DIM),
        (Kind::Damaged, _) => ("!", BAD),
    }
}
