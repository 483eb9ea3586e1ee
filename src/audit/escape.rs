//! Makes foreign bytes safe to show: nothing that comes out moves a cursor, reorders a line, or hides.
//!
//! Everything that a capture names (paths, subjects, people, error texts of other programs) is escaped here before it reaches a
//! terminal. This file decides which characters are dangerous to look at; whether a name is a lie is `spoof`'s question, and
//! colours are the caller's, put around the escaped text.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What the text is, and so which white space belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One line or a part of one (a path, a subject, a name): tabs and newlines are escaped too.
    Line,
    /// Running text (a message body, a diff): tabs and newlines stay. A carriage return is escaped, it could overwrite its line.
    Text,
}

/// Why a character must not be shown as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hidden {
    /// C0, DEL or C1: moves the cursor, starts an escape sequence, rings.
    Control,
    /// Changes the direction of what follows (Unicode Standard Annex 9): the line reads otherwise than it is.
    Bidi,
    /// Has no width or no ink: two different names look the same.
    Invisible,
    /// U+2028 and U+2029: some terminals and editors break the line there.
    LineSeparator,
}

/// `bytes` as text that is safe to print.
///
/// Control characters, characters with a [`hidden`] meaning and bytes that are not UTF-8 become `\n`, `\t`, `\r`, `\x1b`,
/// `\u{202e}` and `\xff`; anything else stays as it is. A backslash of the text stays single: this is for people to read, not to be read back
/// (`patch::quote` is for that).
pub fn escape(bytes: &[u8], layout: Layout) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(|ch| must_escape(ch, layout))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for ch in chunk.valid().chars() {
            push(&mut out, ch, layout);
        }
        for byte in chunk.invalid() {
            push_byte(&mut out, *byte);
        }
    }
    Cow::Owned(out)
}

/// What is wrong with showing `ch`, if anything is. Tab and newline count as controls; [`Layout`] makes the exception.
pub fn hidden(ch: char) -> Option<Hidden> {
    match ch {
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => Some(Hidden::Control),
        ' '..='~' => None,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Hidden::Bidi),
        '\u{2028}' | '\u{2029}' => Some(Hidden::LineSeparator),
        ch if is_invisible(ch) => Some(Hidden::Invisible),
        _ => None,
    }
}

fn must_escape(ch: char, layout: Layout) -> bool {
    let belongs = layout == Layout::Text && matches!(ch, '\t' | '\n');
    !belongs && hidden(ch).is_some()
}

fn push(out: &mut String, ch: char, layout: Layout) {
    if !must_escape(ch, layout) {
        out.push(ch);
        return;
    }
    match ch {
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\0'..='\x7f' => push_byte(out, ch as u8),
        _ => write!(out, "\\u{{{:x}}}", u32::from(ch)).expect("a String takes every write"),
    }
}

fn push_byte(out: &mut String, byte: u8) {
    write!(out, "\\x{byte:02x}").expect("a String takes every write");
}

/// Format characters, fillers, tags and the supplementary variation selectors. Not U+FE0F: emoji need it,
/// and it changes how its neighbour is drawn, not what is read.
fn is_invisible(ch: char) -> bool {
    matches!(ch,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_untouched_and_not_copied() {
        for text in ["", "src/main.rs", r"C:\dir", "Grüße, 世界 ❤️ → é", "مرحبا"] {
            assert!(matches!(escape(text.as_bytes(), Layout::Line), Cow::Borrowed(t) if t == text), "{text}");
        }
    }

    #[test]
    fn what_moves_reorders_or_hides_is_spelled_out() {
        for (bytes, shown) in [
            (&b"\x1b[2J\x1b]0;t\x07"[..], r"\x1b[2J\x1b]0;t\x07"),
            (b"a\tb\nc\rd\0\x7f", r"a\tb\nc\rd\x00\x7f"),
            ("\u{9b}31m".as_bytes(), r"\u{9b}31m"),
            (b"\x9b31m", r"\x9b31m"),
            ("user\u{202e}gpj.exe".as_bytes(), r"user\u{202e}gpj.exe"),
            ("a\u{2066}b\u{2069}".as_bytes(), r"a\u{2066}b\u{2069}"),
            ("a\u{200b}b\u{feff}\u{2028}".as_bytes(), r"a\u{200b}b\u{feff}\u{2028}"),
            ("\u{e0041}".as_bytes(), r"\u{e0041}"),
            (b"caf\xe9 \xe4\xb8", r"caf\xe9 \xe4\xb8"),
        ] {
            assert_eq!(escape(bytes, Layout::Line), shown);
        }
    }

    #[test]
    fn running_text_keeps_tabs_and_newlines_only() {
        assert_eq!(escape(b"a\tb\nc\r\n\x1b", Layout::Text), "a\tb\nc\\r\n\\x1b");
    }

    proptest! {
        #[test]
        fn nothing_hidden_comes_out(bytes: Vec<u8>, text: String) {
            for input in [&bytes[..], text.as_bytes()] {
                prop_assert!(escape(input, Layout::Line).chars().all(|ch| hidden(ch).is_none()));
                prop_assert!(escape(input, Layout::Text).chars().all(|ch| matches!(ch, '\t' | '\n') || hidden(ch).is_none()));
            }
        }
    }
}
