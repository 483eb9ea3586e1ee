//! What lies over everything else for a moment: the keys, and the choice of what is shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::Player;
use super::log::Filter;
use super::text::{brief, fitted};
use super::theme::{ACCENT, BOLD, CHOSEN, DIM, PLAIN};

/// The keys and what they do.
pub const KEYS: [(&str, &str); 26] = [
    ("Space", "play, pause"),
    ("l h, Right Left", "next step, previous step"),
    ("L H, ] [", "next turn, previous turn"),
    ("j k, Down Up", "scroll; in the list of files, choose"),
    ("PageDown PageUp", "scroll a page"),
    ("g G, Home End", "first step, last step; at the end, follow a log that grows"),
    (": or #", "go to a step by its number"),
    ("t T", "next edit, previous edit; in the list of files, of that file"),
    ("e E", "next failure, previous failure"),
    ("Enter", "unfold this step, fold it; in the list of files, go to the file's last edit"),
    ("z", "unfold all steps, fold them"),
    ("d", "diffs unified, side by side, as whole files"),
    ("x", "the rows of the log, as JSON"),
    ("/", "search"),
    ("n N", "next place, previous place that was searched for"),
    ("f", "show only some steps, by kind or file"),
    ("s", "show the steps of subagents, or hide them"),
    ("F, Tab", "files, and what became of them up to this step"),
    ("+ -", "faster, slower"),
    ("i", "how long a step stays at most"),
    ("y", "copy the command that comes back to this step"),
    ("o", "copy the command that writes the session as a page"),
    ("Mouse", "click a step or the bar, drag along the bar, scroll"),
    ("Esc", "back: stop a search, close what is open, show all steps"),
    ("?", "these keys"),
    ("q, Ctrl-C", "quit"),
];

/// What lies over everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Over {
    /// The keys, from that row on.
    Help(usize),
    /// The choice of steps; the cursor.
    Filter(usize),
    /// Something is typed.
    Typing(Asked, String),
}

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Search,
    Step,
}

impl Filter {
    /// What it shows.
    pub(super) fn name(&self) -> String {
        match self {
            Filter::All => "all steps".into(),
            Filter::Talk => "prompts and answers".into(),
            Filter::Prompts => "prompts".into(),
            Filter::Calls => "tool calls".into(),
            Filter::Edits => "edits".into(),
            Filter::Failures => "failures".into(),
            Filter::File(path) => brief(path),
        }
    }
}

impl Player {
    /// All that can be chosen from.
    pub(super) fn filters(&self) -> Vec<Filter> {
        let files = self.log.timeline.files().iter().map(|file| Filter::File(file.path.clone()));
        [Filter::All, Filter::Talk, Filter::Prompts, Filter::Calls, Filter::Edits, Filter::Failures]
            .into_iter()
            .chain(files)
            .collect()
    }

    pub(super) fn draw_over(&mut self, area: Rect, buffer: &mut Buffer) {
        self.areas.over = Rect::ZERO;
        match self.over.clone() {
            Some(Over::Help(top)) => self.draw_help(top, area, buffer),
            Some(Over::Filter(cursor)) => self.draw_filters(cursor, area, buffer),
            Some(Over::Typing(..)) | None => {}
        }
    }

    fn draw_help(&mut self, top: usize, area: Rect, buffer: &mut Buffer) {
        let keys = KEYS.iter().map(|(key, what)| {
            Line::from(vec![Span::styled(format!(" {key:<16} "), ACCENT), Span::styled(*what, PLAIN)])
        });
        let mut rows: Vec<_> = keys.collect();
        let sign = |sign, style| Span::styled(sign, style);
        rows.push(Line::default());
        rows.push(Line::from(vec![
            sign(" ❯", ACCENT),
            sign(" prompt  ", DIM),
            sign("±", super::theme::GOOD),
            sign(" edit  ", DIM),
            sign("✗", super::theme::BAD),
            sign(" failure  ", DIM),
            sign("◆", BOLD),
            sign(" this step", DIM),
        ]));
        let inner = window(" Keys ", (96, rows.len()), area, buffer);
        let top = top.min(rows.len().saturating_sub(usize::from(inner.height)));
        self.over = Some(Over::Help(top));
        for (row, y) in rows.iter().skip(top).zip(inner.rows().map(|row| row.y)) {
            buffer.set_line(inner.x, y, row, inner.width);
        }
    }

    fn draw_filters(&mut self, cursor: usize, area: Rect, buffer: &mut Buffer) {
        let filters = self.filters();
        let cursor = cursor.min(filters.len() - 1);
        let inner = window(" Show ", (60, filters.len()), area, buffer);
        let height = usize::from(inner.height);
        let top = (cursor + 1).saturating_sub(height);
        for ((number, filter), row) in filters.iter().enumerate().skip(top).zip(inner.rows()) {
            let sign = if *filter == self.log.filter { "●" } else { " " };
            let text = fitted(&format!(" {sign} {}", filter.name()), usize::from(inner.width));
            buffer.set_string(row.x, row.y, text, if number == cursor { CHOSEN } else { PLAIN });
        }
        self.over = Some(Over::Filter(cursor));
        (self.areas.over, self.areas.over_top) = (inner, top);
    }
}

/// A frame in the middle, as large as it needs to be and can be; what is inside of it.
fn window(title: &str, (width, height): (usize, usize), area: Rect, buffer: &mut Buffer) -> Rect {
    let fit = |wanted: usize, most: u16| u16::try_from(wanted + 2).unwrap_or(most).min(most);
    let (width, height) = (fit(width, area.width), fit(height, area.height));
    let frame = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(frame, buffer);
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(DIM).title(Line::styled(title, BOLD));
    let inner = block.inner(frame);
    block.render(frame, buffer);
    inner
}
