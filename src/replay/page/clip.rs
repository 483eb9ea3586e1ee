//! Of a long text the page has the start, and says how much more there is in the log.

use std::io;

use super::html::Html;

/// What of one text is in the page.
const MOST_LINES: usize = 2_000;
const MOST_BYTES: usize = 256 << 10;

/// The start of a text, in whole lines if it has any, and how many lines are left out.
pub(super) fn clipped(text: &str) -> (&str, usize) {
    let mut end = 0;
    for line in text.split_inclusive('\n').take(MOST_LINES) {
        if end + line.len() > MOST_BYTES {
            break;
        }
        end += line.len();
    }
    if end == 0 && !text.is_empty() {
        end = (0..=MOST_BYTES).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
    }
    (&text[..end], text[end..].lines().count())
}

/// Says how many lines were left out.
pub(super) fn left_out(html: &mut Html, lines: usize) -> io::Result<()> {
    match lines {
        0 => Ok(()),
        1 => html.element("p", &[("class", "note")], "1 more line is in the log"),
        lines => html.element("p", &[("class", "note")], &format!("{lines} more lines are in the log")),
    }
}

/// A text with its lines as they are, or the start of it. A carriage return before a newline is not shown: it does nothing.
pub(super) fn pre(html: &mut Html, class: &'static str, text: &str) -> io::Result<()> {
    let text = text.trim_end().replace("\r\n", "\n");
    let (start, more) = clipped(&text);
    html.pre(class, start)?;
    left_out(html, more)
}

/// The first line that says something, or the start of it.
pub(super) fn first_line(text: &str, most: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_stays_in_whole_lines() {
        assert_eq!(clipped("a\nb"), ("a\nb", 0));
        let lines = "x\n".repeat(MOST_LINES + 3);
        assert_eq!((clipped(&lines).0.len(), clipped(&lines).1), (2 * MOST_LINES, 3));
        let long = format!("a\n{}", "é".repeat(MOST_BYTES));
        assert_eq!(clipped(&long), ("a\n", 1));
        assert_eq!(clipped(&long[2..]).0.len(), MOST_BYTES);
        assert_eq!(first_line("\n  abc d\ne", 3), "abc…");
    }
}
