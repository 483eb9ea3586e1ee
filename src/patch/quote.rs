//! Git's C-style quoting of paths, the only one in the project.
//!
//! A path that holds a control byte, a double quote, a backslash or a byte above 0x7e is written between double quotes
//! with the escapes of C, other bytes as three octal digits (gitdiffcore, `core.quotePath=true`). Which paths make sense
//! is left to others.

use std::borrow::Cow;

use bstr::{BStr, BString, ByteSlice, ByteVec};

/// Quotes a path as git does, where it has to be; any other path is returned as it is.
///
/// ```
/// use git_glue::patch::quote;
/// assert_eq!(quote("plain name".into()).as_ref(), "plain name");
/// assert_eq!(quote("tab\there é".into()).as_ref(), r#""tab\there \303\251""#);
/// ```
pub fn quote(path: &BStr) -> Cow<'_, BStr> {
    if path.iter().any(|byte| needs_quotes(*byte)) { Cow::Owned(quote_always(path)) } else { Cow::Borrowed(path) }
}

/// Quotes a path also where git would not, so that blanks at its ends survive in a mail header.
pub(crate) fn quote_always(path: &BStr) -> BString {
    let mut quoted = BString::from("\"");
    for &byte in path.iter() {
        match letter_of(byte) {
            Some(letter) => quoted.extend([b'\\', letter]),
            None if needs_quotes(byte) => {
                quoted.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
            }
            None => quoted.push(byte),
        }
    }
    quoted.push(b'"');
    quoted
}

fn needs_quotes(byte: u8) -> bool {
    !(0x20..0x7f).contains(&byte) || byte == b'"' || byte == b'\\'
}

fn letter_of(byte: u8) -> Option<u8> {
    Some(match byte {
        0x07 => b'a',
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0b => b'v',
        0x0c => b'f',
        b'\r' => b'r',
        b'"' => b'"',
        b'\\' => b'\\',
        _ => return None,
    })
}

/// The path that `quote` was given. Text that does not open with a double quote stands for itself.
///
/// `None` when the quotes do not close at the very end, or an escape is not one that git writes.
pub fn unquote(text: &BStr) -> Option<Cow<'_, BStr>> {
    if text.first() != Some(&b'"') {
        return Some(Cow::Borrowed(text));
    }
    match unquote_prefix(text) {
        Some((path, rest)) if rest.is_empty() => Some(Cow::Owned(path)),
        _ => None,
    }
}

/// Reads the quoted path that `text` opens with, and returns it with what follows its closing quote.
pub(crate) fn unquote_prefix(text: &BStr) -> Option<(BString, &BStr)> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut path = BString::default();
    loop {
        let special = rest.find_byteset(b"\"\\")?;
        path.push_str(&rest[..special]);
        let closes = rest[special] == b'"';
        rest = &rest[special + 1..];
        if closes {
            return Some((path, rest.as_bstr()));
        }
        let (byte, length) = escaped(rest)?;
        path.push_byte(byte);
        rest = &rest[length..];
    }
}

/// The byte that the text after a backslash stands for, and the length of that text.
fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    let byte = match *text.first()? {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        same @ (b'"' | b'\\') => same,
        high @ b'0'..=b'3' => {
            let [middle @ b'0'..=b'7', low @ b'0'..=b'7'] = *text.get(1..3)? else {
                return None;
            };
            return Some(((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'), 3));
        }
        _ => return None,
    };
    Some((byte, 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn octal_and_letters_read_as_git_writes_them() {
        assert_eq!(unquote(r#""a\001\t\"\\\303\251""#.into()).unwrap().as_ref(), b"a\x01\t\"\\\xc3\xa9".as_bstr());
        for bad in [r#"""#, r#""a"#, r#""a"b"#, r#""\x""#, r#""\400""#, r#""\18""#, r#""\1""#, "\"\\"] {
            assert_eq!(unquote(bad.into()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn unquote_undoes_quote(path: Vec<u8>) {
            let path = BString::from(path);
            let quoted = quote(path.as_ref()).into_owned();
            prop_assert!(quoted.iter().all(|byte| (0x20..0x7f).contains(byte)));
            for quoted in [quoted, quote_always(path.as_ref())] {
                let unquoted = unquote(quoted.as_ref()).unwrap().into_owned();
                prop_assert_eq!(&unquoted, &path);
            }
        }

        #[test]
        fn unquote_never_panics(text: Vec<u8>) {
            unquote(text.as_bstr());
        }
    }
}
