//! Foreign text as rows of a screen: nothing in it moves a cursor or hides, tabs are spaces, long lines are wrapped, and
//! no more of a long text is taken than is shown.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use regex::bytes::Regex;

use super::theme::{DIM, FOUND, PLAIN};
use crate::audit::{Layout, escape};

/// Rows as wide as the pane that they are shown in.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) width: usize,
    pub(super) rows: Vec<Line<'static>>,
    /// The first row that a diff changes.
    pub(super) first_change: Option<usize>,
}

/// What a text is, and so where its lines may be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    /// Between words.
    Words,
    /// Anywhere.
    Anywhere,
}

/// More rows are not shown of one text, however far it is unfolded.
pub(super) const MOST_ROWS: usize = 20_000;
const TAB: usize = 4;

impl Page {
    pub(super) fn new(width: usize) -> Page {
        Page { width: width.max(1), ..Page::default() }
    }

    /// A row that is made of clean parts.
    pub(super) fn row(&mut self, spans: Vec<Span<'static>>) {
        self.rows.push(Line::from(spans));
    }

    pub(super) fn blank(&mut self) {
        self.rows.push(Line::default());
    }

    /// A text that is set in by `indent` columns: no more than `most` rows of it, and how many lines are left out.
    pub(super) fn text(
        &mut self,
        text: &str,
        indent: usize,
        breaks: Breaks,
        most: usize,
        style: impl Fn(&str) -> Style,
    ) {
        let most = most.min(MOST_ROWS) + self.rows.len();
        let margin = " ".repeat(indent.min(self.width / 2));
        let mut rest = text.trim_end_matches(['\n', '\r']);
        while !rest.is_empty() {
            if self.rows.len() >= most {
                return self.left_out(lines(rest), &margin);
            }
            let (line, more) = rest.split_once('\n').unwrap_or((rest, ""));
            let line = clean(start(line, LONGEST_LINE));
            let style = style(&line);
            for part in wrapped(&line, self.width - margin.len(), breaks) {
                self.rows.push(Line::from(vec![Span::raw(margin.clone()), Span::styled(part.to_owned(), style)]));
            }
            rest = more;
        }
        if self.rows.len() > most {
            self.rows.truncate(most);
            self.row(vec![Span::raw(margin), Span::styled("…", DIM)]);
        }
    }

    /// The same with the last lines too, where there is more than that: what went wrong is said at the end.
    pub(super) fn ends(&mut self, text: &str, indent: usize, most: usize, style: impl Fn(&str) -> Style) {
        let text = text.trim_end_matches(['\n', '\r']);
        let all = lines(text);
        if all <= most || most >= MOST_ROWS {
            return self.text(text, indent, Breaks::Anywhere, most, style);
        }
        let (first, last) = (most / 3, most - most / 3);
        let newlines = || memchr::memchr_iter(b'\n', text.as_bytes());
        let (Some(head), Some(tail)) = (newlines().nth(first - 1), newlines().nth(all - last - 1)) else { return };
        self.text(&text[..head], indent, Breaks::Anywhere, first, &style);
        self.left_out(all - most, &" ".repeat(indent.min(self.width / 2)));
        self.text(&text[tail + 1..], indent, Breaks::Anywhere, last, &style);
    }

    fn left_out(&mut self, lines: usize, margin: &str) {
        let plural = if lines == 1 { "" } else { "s" };
        self.row(vec![Span::raw(margin.to_owned()), Span::styled(format!("… {lines} more line{plural}"), DIM)]);
    }

    /// Makes what is looked for stand out. The first row that has it.
    pub(super) fn highlight(&mut self, wanted: &Regex) -> Option<usize> {
        let mut first = None;
        for (number, row) in self.rows.iter_mut().enumerate() {
            if row.spans.iter().any(|span| wanted.is_match(span.content.as_bytes())) {
                first = first.or(Some(number));
                row.spans = row.spans.iter().flat_map(|span| highlighted(span, wanted)).collect();
            }
        }
        first
    }
}

fn lines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1
}

/// The first `most` bytes of a text, or a little less.
pub(super) fn start(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// Of a line, in bytes; longer ones are data, not text.
const LONGEST_LINE: usize = 64 << 10;

fn highlighted(span: &Span<'static>, wanted: &Regex) -> Vec<Span<'static>> {
    let (text, mut parts, mut at) = (&*span.content, Vec::new(), 0);
    let mut push = |range: std::ops::Range<usize>, style| {
        if let Some(part) = text.get(range).filter(|part| !part.is_empty()) {
            parts.push(Span::styled(part.to_owned(), style));
        }
    };
    for found in wanted.find_iter(text.as_bytes()) {
        push(at..found.start(), span.style);
        push(found.range(), span.style.patch(FOUND));
        at = found.end();
    }
    push(at..text.len(), span.style);
    parts
}

/// One line of foreign text, safe to show, with spaces for tabs.
pub(super) fn clean(line: &str) -> Cow<'_, str> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let escaped = escape(line.as_bytes(), Layout::Text);
    if !escaped.contains(['\t', '\n']) {
        return escaped;
    }
    let mut text = String::with_capacity(escaped.len() + 16);
    let mut column = 0;
    for ch in escaped.chars() {
        let count = if ch == '\t' { TAB - column % TAB } else { 1 };
        text.extend(std::iter::repeat_n(if matches!(ch, '\t' | '\n') { ' ' } else { ch }, count));
        column += count;
    }
    text.into()
}

/// The start of a foreign text as one line.
pub(super) fn brief(text: &str) -> String {
    const MOST: usize = 160;
    let start: String = text.trim_start().chars().take(MOST).collect();
    let line = start.split(['\n', '\r']).next().unwrap_or_default().replace('\t', " ");
    escape(line.as_bytes(), Layout::Line).into_owned()
}

/// The parts of a clean line that fit into `width` columns each; one for an empty line.
pub(super) fn wrapped(line: &str, width: usize, breaks: Breaks) -> Vec<&str> {
    let width = width.max(1);
    if line.is_ascii() && line.len() <= width {
        return vec![line];
    }
    let (mut parts, mut start, mut at, mut column) = (Vec::new(), 0, 0, 0);
    // Behind the last space of this part: its place and column.
    let mut space = None;
    for grapheme in Span::raw(line).styled_graphemes(PLAIN) {
        let columns = columns(grapheme.symbol);
        if column + columns > width && at > start {
            let (end, kept) = space.filter(|_| breaks == Breaks::Words).unwrap_or((at, column));
            parts.push(&line[start..end]);
            (start, column, space) = (end, column - kept, None);
        }
        at += grapheme.symbol.len();
        column += columns;
        if grapheme.symbol == " " {
            space = Some((at, column));
        }
    }
    parts.push(&line[start..]);
    parts
}

/// How wide a clean text is.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { Span::raw(text).width() }
}

/// The start of a clean text that fits into `width` columns, with an ellipsis where it is cut.
pub(super) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if columns(text) <= width {
        return text.into();
    }
    let room = width.saturating_sub(1);
    let start = wrapped(text, room, Breaks::Anywhere).first().copied().filter(|start| columns(start) <= room);
    if width == 0 { "".into() } else { format!("{}…", start.unwrap_or_default()).into() }
}

/// The same in exactly `width` columns.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(columns(&text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_where_they_may() {
        assert_eq!(wrapped("one two three", 8, Breaks::Words), ["one two ", "three"]);
        assert_eq!(wrapped("one two three", 8, Breaks::Anywhere), ["one two ", "three"]);
        assert_eq!(wrapped("onetwothree", 4, Breaks::Words), ["onet", "woth", "ree"]);
        assert_eq!(wrapped("世界世界", 5, Breaks::Words), ["世界", "世界"]);
        assert_eq!(wrapped("世界", 1, Breaks::Words), ["世", "界"]);
        assert_eq!(wrapped("", 5, Breaks::Words), [""]);
    }

    #[test]
    fn texts_are_cut_by_columns() {
        assert_eq!((&*cut("abcdef", 4), &*cut("abc", 4), &*cut("世界世", 4)), ("abc…", "abc", "世…"));
        assert_eq!((&*cut("abc", 0), &*cut("abc", 1), &*cut("世界", 2)), ("", "…", "…"));
        assert_eq!(fitted("世界世", 4), "世… ");
    }

    #[test]
    fn tabs_are_spaces_up_to_the_next_stop() {
        assert_eq!(clean("a\tb\t\x1b[2J\r"), "a   b   \\x1b[2J");
    }

    #[test]
    fn of_a_long_text_the_start_is_shown_and_how_much_more_there_is() {
        let mut page = Page::new(20);
        page.text("1\n2\n3\n4\n", 2, Breaks::Words, 2, |_| PLAIN);
        let rows: Vec<_> = page.rows.iter().map(Line::to_string).collect();
        assert_eq!(rows, ["  1", "  2", "  … 2 more lines"]);
        let mut page = Page::new(20);
        page.ends("1\n2\n3\n4\n5\n6\n7\n", 0, 4, |_| PLAIN);
        let rows: Vec<_> = page.rows.iter().map(Line::to_string).collect();
        assert_eq!(rows, ["1", "… 3 more lines", "5", "6", "7"]);
    }
}
