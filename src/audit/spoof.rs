//! People and subjects that are not what they look like.
//!
//! Only the text itself is judged; whether somebody may speak for a name is not known here. A finding is a warning: the exact bytes land
//! all the same, and are shown escaped.

use bstr::ByteSlice;

use super::escape::{Hidden, hidden};

/// How a text misleads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Spoof {
    /// It would act on a terminal, or hide or reorder what is read.
    #[error("holds {}", describe(*.0))]
    Hidden(Hidden),
    /// A name with `<`, `>` or a mail address other than its own, or a mail address with blanks or brackets: one identity within another.
    #[error("pretends to be another identity")]
    Identity,
    /// One word of Latin and Cyrillic or Greek letters: it looks like another word.
    #[error("mixes letters of scripts that look alike")]
    MixedScripts,
}

/// What is misleading in a subject or any other line of text.
pub fn spoofed(text: &[u8]) -> Option<Spoof> {
    let mut before = None;
    for ch in text.chars() {
        let joins = matches!(ch, '\u{200c}' | '\u{200d}') && before.is_some_and(|ch| ch >= '\u{600}');
        // Scripts and emoji that need joiners have them between their own characters.
        if let Some(kind) = hidden(ch)
            && !joins
            && ch != '\t'
        {
            return Some(Spoof::Hidden(kind));
        }
        before = Some(ch);
    }
    None
}

/// What is misleading in an author's or committer's name and mail address, which come without the `<` and `>` around the address.
pub fn spoofed_identity(name: &[u8], email: &[u8]) -> Option<Spoof> {
    if let Some(found) = spoofed(name).or_else(|| spoofed(email)) {
        return Some(found);
    }
    let bracketed = name.find_byteset(b"<>\n").is_some();
    let other_address = name.contains(&b'@') && !name.trim().eq_ignore_ascii_case(email.trim());
    if bracketed || other_address || email.find_byteset(b"<> \t\n").is_some() {
        return Some(Spoof::Identity);
    }
    (mixes_scripts(name) || mixes_scripts(email)).then_some(Spoof::MixedScripts)
}

fn mixes_scripts(text: &[u8]) -> bool {
    let text = text.to_str_lossy();
    text.split(|ch: char| !ch.is_alphanumeric()).any(|word| {
        let alike = |ch: char| matches!(ch, '\u{370}'..='\u{52f}');
        word.chars().any(|ch| ch.is_ascii_alphabetic()) && word.chars().any(alike)
    })
}

fn describe(kind: Hidden) -> &'static str {
    match kind {
        Hidden::Control => "control characters",
        Hidden::Bidi => "characters that change the direction of reading",
        Hidden::Invisible => "invisible characters",
        Hidden::LineSeparator => "a line separator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn honest_texts_pass() {
        for text in ["Fix the parser", "Größe: 世界", "👨\u{200d}💻 fix", "می\u{200c}خواهم", "", "a\tb"]
        {
            assert_eq!(spoofed(text.as_bytes()), None, "{text:?}");
        }
        for (name, email) in [
            ("Ada Lovelace", "ada@example.org"),
            ("dependabot[bot]", "1+x@y.z"),
            ("Иван", "ivan@y.z"),
            ("", ""),
            ("a@b.c", "A@b.c"),
        ] {
            assert_eq!(spoofed_identity(name.as_bytes(), email.as_bytes()), None, "{name}");
        }
        assert_eq!(spoofed_identity(b"Ren\xe9", b"r@x.y"), None);
    }

    #[test]
    fn hidden_characters_are_named() {
        for (text, kind) in [
            ("\x1b[2K", Hidden::Control),
            ("a\u{9b}m", Hidden::Control),
            ("a\u{202e}b", Hidden::Bidi),
            ("a\u{200b}b", Hidden::Invisible),
            ("a\u{200d}b", Hidden::Invisible),
            ("a\u{2028}b", Hidden::LineSeparator),
            ("a\nb", Hidden::Control),
        ] {
            assert_eq!(spoofed(text.as_bytes()), Some(Spoof::Hidden(kind)), "{text:?}");
        }
    }

    #[test]
    fn identities_within_identities_are_found() {
        for (name, email) in [
            ("Ada <ada@x.y>", "m@x.y"),
            ("ada@x.y", "m@x.y"),
            ("Ada", "a@x.y> <b@x.y"),
            ("Ada", "a b@x.y"),
            ("A\u{3e}", "a@x"),
        ] {
            assert_eq!(spoofed_identity(name.as_bytes(), email.as_bytes()), Some(Spoof::Identity), "{name}");
        }
        assert_eq!(spoofed_identity("Аda".as_bytes(), b"a@x.y"), Some(Spoof::MixedScripts));
        assert_eq!(Spoof::Hidden(Hidden::Invisible).to_string(), "holds invisible characters");
    }

    proptest! {
        #[test]
        fn no_text_panics(name: Vec<u8>, email: Vec<u8>) {
            spoofed_identity(&name, &email);
        }
    }
}
