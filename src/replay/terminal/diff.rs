//! A diff as rows: unified, side by side, or the whole file with what changed in it.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::Span;

use super::text::{Breaks, MOST_ROWS, Page, clean, fitted, wrapped};
use super::theme::{ACCENT, BAD, BOLD, DIM, GOOD, PLAIN};
use crate::replay::{Text, mixes_line_ends};

/// How diffs are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    Unified,
    SideBySide,
    /// The whole file, where it is known.
    Whole,
}

/// A line of a diff in git's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row<'a> {
    kind: Kind,
    /// Its number before and after, from 1.
    old: Option<usize>,
    new: Option<usize>,
    text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of the file's header, or a note of git's.
    Header,
    /// The numbers that a hunk begins with.
    Hunk,
    Same,
    Removed,
    Added,
}

impl Form {
    pub(super) fn next(self) -> Form {
        match self {
            Form::Unified => Form::SideBySide,
            Form::SideBySide => Form::Whole,
            Form::Whole => Form::Unified,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Form::Unified => "unified",
            Form::SideBySide => "side by side",
            Form::Whole => "whole file",
        }
    }
}

/// Less room than that is too narrow for two sides.
const TWO_SIDES: usize = 60;

impl Page {
    /// Hunks in git's form; with `text`, of that file. Numbers are shown where they say where in a file a line is.
    pub(super) fn diff(&mut self, hunks: &str, text: Option<&Text>, form: Form, is_numbered: bool) {
        let rows = rows(hunks);
        let most = self.rows.len() + MOST_ROWS;
        let digits = if is_numbered { digits(&rows, text.filter(|_| form == Form::Whole)) } else { 0 };
        match (form, text) {
            (Form::SideBySide, _) if self.width >= TWO_SIDES && has_sides(&rows) => self.two_sides(&rows, digits),
            (Form::Whole, Some(text)) => {
                filled(&rows, &text.after).iter().take(MOST_ROWS).for_each(|row| self.diff_row(row, digits));
            }
            _ => rows.iter().take(MOST_ROWS).for_each(|row| self.diff_row(row, digits)),
        }
        self.rows.truncate(most);
    }

    fn diff_row(&mut self, row: &Row, digits: usize) {
        let (sign, style) = row.kind.look();
        if matches!(row.kind, Kind::Removed | Kind::Added) {
            self.first_change = self.first_change.or(Some(self.rows.len()));
        }
        if matches!(row.kind, Kind::Header | Kind::Hunk) {
            let text = clean(row.text);
            for part in wrapped(&text, self.width, Breaks::Anywhere) {
                self.row(vec![Span::styled(part.to_owned(), style)]);
            }
            return;
        }
        let number = |number: Option<usize>| number.map_or(" ".repeat(digits), |number| format!("{number:>digits$}"));
        let numbers = if digits == 0 { String::new() } else { format!("{} {} ", number(row.old), number(row.new)) };
        let room = self.width.saturating_sub(numbers.len() + 1);
        for (count, part) in wrapped(&shown(row.text), room, Breaks::Anywhere).into_iter().enumerate() {
            let (numbers, sign) = if count == 0 { (numbers.clone(), sign) } else { (" ".repeat(numbers.len()), " ") };
            self.row(vec![Span::styled(numbers, DIM), Span::styled(format!("{sign}{part}"), style)]);
        }
    }

    /// What was removed left of what came for it.
    fn two_sides(&mut self, rows: &[Row], digits: usize) {
        let mut rest = rows;
        while let Some((row, more)) = rest.split_first() {
            if !matches!(row.kind, Kind::Removed | Kind::Added) {
                match row.kind {
                    Kind::Same => self.pair(Some(row), Some(row), digits),
                    _ => self.diff_row(row, 0),
                }
                rest = more;
                continue;
            }
            let count = |rows: &[Row], kind| rows.iter().take_while(|row| row.kind == kind).count();
            let (removed, others) = rest.split_at(count(rest, Kind::Removed));
            let (added, others) = others.split_at(count(others, Kind::Added));
            for number in 0..removed.len().max(added.len()) {
                self.pair(removed.get(number), added.get(number), digits);
            }
            rest = others;
        }
    }

    fn pair(&mut self, left: Option<&Row>, right: Option<&Row>, digits: usize) {
        let half = (self.width - 3) / 2;
        let room = half.saturating_sub(digits + 2);
        let side = |row: Option<&Row>, number: fn(&Row) -> Option<usize>| -> (Vec<String>, String, Style, &str) {
            let Some(row) = row else { return (Vec::new(), String::new(), PLAIN, " ") };
            let text = shown(row.text);
            let parts = wrapped(&text, room, Breaks::Anywhere).into_iter().map(str::to_owned).collect();
            let (sign, style) = row.kind.look();
            (parts, number(row).map_or(String::new(), |number| number.to_string()), style, sign)
        };
        let (left, right) = (side(left, |row| row.old), side(right, |row| row.new));
        for number in 0..left.0.len().max(right.0.len()) {
            let mut spans = Vec::new();
            for (parts, line, style, sign) in [&left, &right] {
                let part = parts.get(number);
                let (line, sign) = if number == 0 { (line.as_str(), *sign) } else { ("", " ") };
                let text = part.map_or(String::new(), |part| format!("{sign}{part}"));
                spans.push(Span::styled(format!("{line:>digits$} "), DIM));
                spans.push(Span::styled(fitted(&text, room + 1), *style));
                spans.push(Span::styled(" │ ", DIM));
            }
            spans.pop();
            self.row(spans);
        }
    }
}

impl Kind {
    fn look(self) -> (&'static str, Style) {
        match self {
            Kind::Header => ("", BOLD),
            Kind::Hunk => ("", ACCENT),
            Kind::Same => (" ", PLAIN),
            Kind::Removed => ("-", BAD),
            Kind::Added => ("+", GOOD),
        }
    }
}

/// Whether anything stands on either side: not of a file that is new, or gone.
fn has_sides(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.old.is_some()) && rows.iter().any(|row| row.new.is_some())
}

/// How many lines hunks in git's form add and remove.
pub(super) fn counts(hunks: &str) -> (usize, usize) {
    let count = |kind| rows(hunks).iter().filter(|row| row.kind == kind).count();
    (count(Kind::Added), count(Kind::Removed))
}

/// A line as it is shown. What is left of a carriage return at its end tells it from one without.
fn shown(line: &str) -> Cow<'_, str> {
    match line.strip_suffix('\r') {
        Some(rest) => Cow::Owned(format!("{}\\r", clean(rest))),
        None => clean(line),
    }
}

/// Lines of a diff by what they are: a line is what the numbers of its hunk say, whatever it looks like.
fn rows(diff: &str) -> Vec<Row<'_>> {
    let (mut rows, mut old, mut new) = (Vec::new(), 0..0, 0..0);
    let are_mixed = mixes_line_ends(diff);
    for line in diff.split_terminator('\n') {
        let line = if are_mixed { line } else { line.strip_suffix('\r').unwrap_or(line) };
        let is_inside = !old.is_empty() || !new.is_empty();
        let kind = match line.as_bytes().first() {
            Some(b'-') if is_inside => Kind::Removed,
            Some(b'+') if is_inside => Kind::Added,
            Some(b' ') | None if is_inside => Kind::Same,
            _ => Kind::Header,
        };
        let text = line.get(1..).unwrap_or_default();
        match kind {
            Kind::Removed => rows.push(Row { kind, old: old.next(), new: None, text }),
            Kind::Added => rows.push(Row { kind, old: None, new: new.next(), text }),
            Kind::Same => rows.push(Row { kind, old: old.next(), new: new.next(), text }),
            _ => match extents(line) {
                Some((before, after)) => {
                    (old, new) = (before, after);
                    rows.push(Row { kind: Kind::Hunk, old: None, new: None, text: line });
                }
                // Ids of blobs say nothing to people.
                None if line.starts_with("index ") => {}
                None => rows.push(Row { kind: Kind::Header, old: None, new: None, text: line }),
            },
        }
    }
    rows
}

/// The lines that a hunk is about, before and after: of `@@ -1,2 +1,3 @@`.
fn extents(line: &str) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let (old, new) = line.strip_prefix("@@ -")?.split_once(" @@")?.0.split_once(" +")?;
    let extent = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        let (start, count) = (start.parse::<usize>().ok()?, count.parse::<usize>().ok()?);
        Some(start..start.saturating_add(count))
    };
    Some((extent(old)?, extent(new)?))
}

/// The hunks with the lines between them.
fn filled<'a>(rows: &[Row<'a>], after: &'a str) -> Vec<Row<'a>> {
    let lines: Vec<_> = after.lines().collect();
    let (mut whole, mut old, mut new) = (Vec::new(), 1, 1);
    let gap = |whole: &mut Vec<Row<'a>>, old: &mut usize, new: &mut usize, end: usize| {
        while *new < end {
            let text = lines.get(*new - 1).copied().unwrap_or_default();
            whole.push(Row { kind: Kind::Same, old: Some(*old), new: Some(*new), text });
            (*old, *new) = (*old + 1, *new + 1);
        }
    };
    for row in rows {
        match row.kind {
            Kind::Hunk => {
                let end = extents(row.text).map_or(new, |(_, after)| after.start + usize::from(after.is_empty()));
                gap(&mut whole, &mut old, &mut new, end.min(lines.len() + 1));
            }
            Kind::Header => whole.push(*row),
            _ => {
                whole.push(*row);
                old = row.old.map_or(old, |number| number + 1);
                new = row.new.map_or(new, |number| number + 1);
            }
        }
    }
    gap(&mut whole, &mut old, &mut new, lines.len() + 1);
    whole
}

/// How wide the numbers of lines are.
fn digits(rows: &[Row], text: Option<&Text>) -> usize {
    let most = rows.iter().flat_map(|row| [row.old, row.new]).flatten().max().unwrap_or(0);
    let most = text.map_or(most, |text| most.max(text.after.lines().count()));
    most.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: &str = "a\nb\nc\nd\ne\nf\ng\nH\n--- no header\n";

    fn text() -> Text {
        Text { before: "a\nb\nc\nd\ne\nf\ng\nh\n".into(), after: AFTER.into() }
    }

    fn shown(form: Form, width: usize) -> Vec<String> {
        let mut page = Page::new(width);
        page.diff(&text().hunks(), Some(&text()), form, true);
        page.rows.iter().map(|row| row.to_string().trim_end().to_owned()).collect()
    }

    #[test]
    fn a_diff_has_numbers() {
        assert_eq!(
            shown(Form::Unified, 40),
            ["@@ -5,4 +5,5 @@ d", "5 5  e", "6 6  f", "7 7  g", "8   -h", "  8 +H", "  9 +--- no header"]
        );
        assert_eq!(counts(&text().hunks()), (2, 1));
    }

    #[test]
    fn ends_of_lines_are_shown_where_they_differ() {
        let rows = |before: &str, after: &str| {
            let mut page = Page::new(40);
            page.diff(&Text { before: before.into(), after: after.into() }.hunks(), None, Form::Unified, false);
            page.rows.iter().skip(1).map(|row| row.to_string().trim_end().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(rows("a\nb\n", "a\r\nb\n"), ["-a", "+a\\r", " b"]);
        assert_eq!(rows("a\r\nb\r\n", "c\r\nb\r\n"), ["-a", "+c", " b"]);
    }

    #[test]
    fn a_whole_file_has_what_is_between_the_hunks() {
        let whole = shown(Form::Whole, 40);
        assert_eq!(whole[..5], ["1 1  a", "2 2  b", "3 3  c", "4 4  d", "5 5  e"]);
        assert_eq!(whole[7..], ["8   -h", "  8 +H", "  9 +--- no header"]);
        assert_eq!(whole.len(), 10);
    }

    #[test]
    fn sides_stand_beside_each_other() {
        let sides = shown(Form::SideBySide, 61);
        assert_eq!(sides[4], format!("8 -h{}│ 8 +H", " ".repeat(26)));
        assert!(sides[5].ends_with("│ 9 +--- no header"), "{}", sides[5]);
    }
}
