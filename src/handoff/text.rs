//! Lines and blanks as the protocol counts them; neither is quite what Rust's standard library has.

use std::borrow::Cow;

/// What blank means: Unicode's white space, and the four separators U+001C to U+001F.
pub fn is_blank(ch: char) -> bool {
    ch.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&ch)
}

/// The text without blanks at its ends.
pub fn trim(text: &str) -> &str {
    // Mostly there are none, or only spaces before it.
    let spaces = text.bytes().take_while(|byte| *byte == b' ').count();
    let text = &text[spaces..];
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim_matches(is_blank),
    }
}

/// Whether there is nothing but blanks.
pub fn is_all_blank(text: &str) -> bool {
    text.chars().all(is_blank)
}

/// Whether a line ends here for the protocol, though for nobody else.
pub fn is_odd_break(ch: char) -> bool {
    matches!(ch, '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The lines of a text, at every break that the protocol knows. A break at the very end starts no other line.
pub fn lines(text: &str) -> Lines<'_> {
    Lines { rest: text, breaks: breaks_elsewhere(text).then_some(|ch| matches!(ch, '\n' | '\r') || is_odd_break(ch)) }
}

/// The lines of a text, at LF, CRLF and CR alone.
pub fn plain_lines(text: &str) -> Lines<'_> {
    Lines { rest: text, breaks: has_return(text).then_some(|ch| matches!(ch, '\n' | '\r')) }
}

/// Whether there is one of the breaks that [`is_odd_break`] knows.
pub fn has_odd_break(text: &str) -> bool {
    has_break(text, |byte| (byte.wrapping_sub(0xb) < 2) | (byte.wrapping_sub(0x1c) < 3))
}

/// Whether a line ends anywhere else than at a LF.
pub fn breaks_elsewhere(text: &str) -> bool {
    has_break(text, |byte| (byte.wrapping_sub(0xb) < 3) | (byte.wrapping_sub(0x1c) < 3))
}

/// Whether there is such a byte, or one of the breaks that are longer. It looks at every byte, which compilers make into few
/// instructions for many bytes; stopping early would forbid that.
fn has_break(text: &str, is_break: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let (mut any, mut all) = (0, 0);
    for byte in bytes {
        any |= u8::from(is_break(*byte));
        all |= *byte;
    }
    let has_long = || {
        let long = [&b"\xc2\x85"[..], b"\xe2\x80\xa8", b"\xe2\x80\xa9"];
        long.iter().any(|odd| memchr::memmem::find(bytes, odd).is_some())
    };
    any != 0 || !all.is_ascii() && has_long()
}

/// Whether there is a carriage return.
pub fn has_return(text: &str) -> bool {
    memchr::memchr(b'\r', text.as_bytes()).is_some()
}

/// The lines of a text.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a str,
    /// Where lines break, if not at LF alone.
    breaks: Option<fn(char) -> bool>,
}

impl<'a> Lines<'a> {
    /// The lines that are left, with LF between them.
    pub fn joined(self) -> Cow<'a, str> {
        match self.breaks {
            None => self.rest.strip_suffix('\n').unwrap_or(self.rest).into(),
            Some(_) => self.collect::<Vec<_>>().join("\n").into(),
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(breaks) = self.breaks else {
            let end = memchr::memchr(b'\n', self.rest.as_bytes());
            let (line, rest) = end.map_or((self.rest, ""), |end| (&self.rest[..end], &self.rest[end + 1..]));
            self.rest = rest;
            return Some(line);
        };
        let end = self.rest.find(breaks).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        let length = if rest.starts_with("\r\n") { 2 } else { rest.chars().next().map_or(0, char::len_utf8) };
        self.rest = &rest[length..];
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_the_protocol_says() {
        let text = "a\nb\r\nc\rd\u{b}e\u{c}f\u{1c}g\u{1d}h\u{1e}i\u{85}j\u{2028}k\u{2029}l\n";
        assert_eq!(lines(text).collect::<String>(), "abcdefghijkl");
        assert_eq!(lines(text).count(), 12);
        assert_eq!(plain_lines("a\r\n\r\nb\u{c}c\rd").collect::<Vec<_>>(), ["a", "", "b\u{c}c", "d"]);
        assert_eq!(lines("").count(), 0);
        assert_eq!(lines("\n\n").count(), 2);
    }

    #[test]
    fn blanks_are_those_of_the_protocol() {
        assert_eq!(trim("\u{1f}\u{a0}\u{3000} x \u{feff}\t"), "x \u{feff}");
        assert!(is_all_blank("\u{1c}\u{2009}\n") && !is_all_blank("\u{200b}"));
    }
}
