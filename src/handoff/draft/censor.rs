//! Foreign text, made fit for a handoff: one line, short, without secrets, and without what a reader would not see.

use crate::audit::{Hidden, Scanner, hidden};
use crate::handoff::text;

use super::GAP;

/// Cleans text.
#[derive(Default)]
pub(super) struct Censor {
    scanner: Scanner,
}

/// Of one line of a text, no more bytes are looked at than this.
const LOOKED_AT: usize = 16 << 10;

impl Censor {
    /// The beginning of a text as one line of at most so many characters. `None` when nothing of it is to be seen.
    pub(super) fn line(&self, text: &str, most: usize) -> Option<String> {
        let (mut line, mut in_key) = (String::new(), false);
        for part in text::plain_lines(text).map(text::trim) {
            if in_key {
                in_key = !part.contains(END_OF_KEY);
                continue;
            }
            let blotted;
            (blotted, in_key) = blot(&self.scanner, whole_words(part));
            push_words(&mut line, &blotted);
            if line.len() > most * 4 {
                break;
            }
        }
        // Who wrote about gaps has left none.
        let line = cut(&line.replace(GAP, "<< FILL: "), most);
        (!line.is_empty()).then_some(line)
    }
}

const END_OF_KEY: &str = "-----END";

/// A text with a word in place of each secret, and whether a private key goes on behind it.
fn blot(scanner: &Scanner, text: &str) -> (String, bool) {
    let (bytes, mut at, mut goes_on) = (text.as_bytes(), 0, false);
    let mut blotted = Vec::new();
    for (rule, span) in scanner.spans(bytes) {
        // A key that is written in one line may hold what looks like another secret.
        let Some(before) = bytes.get(at..span.start) else { continue };
        blotted.extend_from_slice(before);
        blotted.extend_from_slice(format!("[{rule} removed]").as_bytes());
        at = span.end;
        if rule == "private-key" {
            let end = end_of_key(bytes, span.end);
            goes_on = end.is_none();
            at = end.unwrap_or(bytes.len());
        }
    }
    blotted.extend_from_slice(&bytes[at..]);
    (String::from_utf8_lossy(&blotted).into_owned(), goes_on)
}

/// Where the last line of a private key ends that began before `from`.
fn end_of_key(bytes: &[u8], from: usize) -> Option<usize> {
    let find =
        |what: &str, from: usize| Some(from + memchr::memmem::find(&bytes[from..], what.as_bytes())? + what.len());
    let end = find(END_OF_KEY, from)?;
    Some(find("-----", end).unwrap_or(bytes.len()))
}

/// A line that is not too long, or its beginning up to a blank: half of a secret would not be known as one.
fn whole_words(line: &str) -> &str {
    if line.len() <= LOOKED_AT {
        return line;
    }
    let edge = (0..=LOOKED_AT).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    line[..edge].rfind(text::is_blank).map_or("", |end| &line[..end])
}

/// Adds the words of a text with one space between them, without characters that are not seen.
fn push_words(line: &mut String, text: &str) {
    let breaks = |ch: char| text::is_blank(ch) || matches!(hidden(ch), Some(Hidden::Control | Hidden::LineSeparator));
    for word in text.split(breaks) {
        let word: String = word.chars().filter(|ch| hidden(*ch).is_none()).collect();
        if !(line.is_empty() || word.is_empty()) {
            line.push(' ');
        }
        line.push_str(&word);
    }
}

/// At most so many characters, the last one telling that there were more.
fn cut(line: &str, most: usize) -> String {
    match line.char_indices().nth(most) {
        None => line.to_owned(),
        Some(_) => {
            let kept: String = line.chars().take(most.saturating_sub(1)).collect();
            kept.trim_end().to_owned() + "…"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str) -> Option<String> {
        Censor::default().line(text, 60)
    }

    /// A secret, put together so that no scanner takes this file for a leak.
    fn token() -> String {
        format!("ghp_{}", "aB3dE5gH7jK9".repeat(3))
    }

    #[test]
    fn a_text_becomes_one_short_line() {
        assert_eq!(line("  Fix\r\n\n\tthe\u{a0}\u{2028}parser \u{1b}[31m").unwrap(), "Fix the parser [31m");
        assert_eq!(line("a\u{202e}b\u{200b}c é").unwrap(), "abc é");
        assert_eq!(line("é".repeat(61).as_str()).unwrap(), "é".repeat(59) + "…");
        assert_eq!(line("é".repeat(60).as_str()).unwrap(), "é".repeat(60));
        for nothing in ["", " \n\t\r\n", "\u{200b}", "\0"] {
            assert_eq!(line(nothing), None, "{nothing:?}");
        }
        assert!(!super::super::has_gap(&line("put <<FILL: it>> there").unwrap()));
    }

    #[test]
    fn secrets_are_not_handed_on() {
        let token = token();
        assert_eq!(line(&format!("use {token} now")).unwrap(), "use [github-token removed] now");
        assert_eq!(line(&format!("é {token}\nthen go")).unwrap(), "é [github-token removed] then go");
        let key = |between: &str| {
            let (begin, end) =
                (format!("-----BEGIN {} KEY-----", "PRIVATE"), format!("-----END {} KEY-----", "PRIVATE"));
            line(&format!("a {begin}{between}MIIEvQ{between}{token}{between}{end} b")).unwrap()
        };
        assert_eq!(key(" "), "a [private-key removed] b");
        assert_eq!(key("\\n"), "a [private-key removed] b");
        assert_eq!(key("\n"), "a [private-key removed]");
        assert_eq!(line(&format!("-----BEGIN {} KEY-----\nMIIE\n\nx", "PRIVATE")).unwrap(), "[private-key removed]");
    }

    #[test]
    fn half_a_secret_at_the_edge_is_left_out() {
        for room in LOOKED_AT - 50..LOOKED_AT + 10 {
            let shown = line(&format!("go{}{} {}", " ".repeat(room - 2), token(), "x ".repeat(100))).unwrap();
            assert!(!shown.contains("ghp_"), "{room}: {shown}");
        }
        assert_eq!(line(&"x".repeat(LOOKED_AT + 1)), None);
    }

    proptest! {
        #[test]
        fn a_line_is_a_line(any: String, text in "[a-z \\n\\r\u{85}\u{2028}-]{0,200}") {
            for text in [any, text] {
                if let Some(line) = line(&text) {
                    prop_assert!(line.chars().count() <= 60 && text::trim(&line) == line);
                    prop_assert!(line.chars().all(|ch| hidden(ch).is_none()));
                }
            }
        }
    }
}
