//! A mail's header block: its fields as git unfolds them, and encoded words (RFC 2047) both ways.
//!
//! What a field means is left to `mailinfo` (git's) and `glue` (ours).

use std::borrow::Cow;
use std::io::BufRead;

use bstr::{BStr, BString, ByteSlice, ByteVec};
use mail_parser::decoders::charsets::map::charset_decoder;

use super::split::is_header_line;
use super::transfer::{self, Transfer};
use super::{Error, Inside};
use crate::patch::Lines;

/// A header block holds the sidecar, the preimages (22 MiB in base64 at most), and a line for each path that must land as it
/// is; beyond this it is an attack.
const LONGEST_BLOCK: u64 = 64 * 1024 * 1024;

/// Far beyond what mail software adds on its way.
const MOST_FOREIGN: usize = 10_000;

/// What the fields that are kept are called, besides those of ours; a mail may hold any number of others, and they mean nothing.
const NEEDED: [&str; 5] = ["From", "Subject", "Date", "Content-Type", "Content-Transfer-Encoding"];

/// The header block of one mail.
pub(super) struct Fields {
    fields: Vec<(BString, BString)>,
    /// Whether every line of it ended with CRLF.
    pub(super) crlf: bool,
}

impl Fields {
    /// Reads to the empty line, or to a line that can be no header: that one belongs to the body, as git has it.
    pub(super) fn read(lines: &mut Lines<impl BufRead>, mail: u64, start: u64) -> Result<Fields, Error> {
        let mut fields: Vec<(BString, BString)> = Vec::new();
        let (mut crlf, mut foreign, mut kept) = (true, 0, false);
        loop {
            if !lines.advance(LONGEST_BLOCK as usize)? || !lines.is_terminated() {
                return Err(Error::Truncated { mail, offset: start + lines.end(), inside: Inside::Header });
            }
            if lines.end() > LONGEST_BLOCK {
                let reason = "a header of more than 64 MiB";
                return Err(Error::Malformed { mail, offset: start + lines.start(), reason });
            }
            crlf &= lines.line().ends_with(b"\r");
            let line = lines.line().trim_end_with(|c| c.is_ascii_whitespace() || c == '\x0b');
            let folded = matches!(lines.line().first(), Some(b' ' | b'\t'));
            if folded && foreign + fields.len() > 0 {
                // Also a line of nothing but blanks goes on with the field, and adds nothing to it.
                if let (true, Some(rest), Some((_, value))) = (kept, line.get(1..), fields.last_mut()) {
                    value.push_byte(b' ');
                    value.push_str(rest);
                }
            } else if line.is_empty() {
                break;
            } else if let (true, Some((name, value))) = (is_header_line(line.as_bstr()), line.split_once_str(":")) {
                kept = is_ours(name) || is_needed(name);
                foreign += usize::from(!is_ours(name));
                if foreign > MOST_FOREIGN {
                    let reason = "a header of more than 10,000 fields";
                    return Err(Error::Malformed { mail, offset: start + lines.start(), reason });
                }
                if kept {
                    fields.push((name.into(), value.trim_start().into()));
                }
            } else if !line.starts_with(b"From ") && !line.starts_with(b">From ") {
                lines.again();
                break;
            }
        }
        Ok(Fields { fields, crlf })
    }

    /// The last field of that name, whatever its case: git lets the last one win.
    pub(super) fn last<'a>(&'a self, name: &'a str) -> Option<&'a BStr> {
        self.all(name).last()
    }

    /// Every field of that name, in the order of the mail.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a BStr> {
        let same = move |field: &&(BString, BString)| field.0.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(same).map(|(_, value)| value.as_bstr())
    }

    /// How the body travels.
    pub(super) fn transfer(&self) -> Transfer {
        let value = self.last("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
        if value.contains_str("base64") {
            Transfer::Base64
        } else if value.contains_str("quoted-printable") {
            Transfer::QuotedPrintable
        } else {
            Transfer::Plain
        }
    }

    /// A parameter of the Content-Type, such as its charset.
    pub(super) fn content_type(&self, parameter: &str) -> Option<BString> {
        let value = self.last("Content-Type")?;
        let at = value.to_ascii_lowercase().find(format!("{parameter}="))?;
        let rest = &value[at + parameter.len() + 1..];
        Some(match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted[..quoted.find_byte(b'"').unwrap_or(quoted.len())].into(),
            None => rest[..rest.find_byteset(b"; \t\n").unwrap_or(rest.len())].into(),
        })
    }
}

fn is_ours(name: &[u8]) -> bool {
    const PREFIX: &[u8] = b"X-Glue-";
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

fn is_needed(name: &[u8]) -> bool {
    NEEDED.iter().any(|needed| name.eq_ignore_ascii_case(needed.as_bytes()))
}

/// Text of a charset as UTF-8. Text of an unknown charset stays as it is.
pub(super) fn to_utf8<'a>(text: &'a [u8], charset: &[u8]) -> Cow<'a, [u8]> {
    let is_utf8 =
        [&b""[..], b"utf-8", b"utf8", b"us-ascii", b"ascii"].iter().any(|name| charset.eq_ignore_ascii_case(name));
    if is_utf8 || text.is_ascii() && !charset.to_ascii_lowercase().starts_with(b"utf-") {
        return Cow::Borrowed(text);
    }
    if [&b"iso-8859-1"[..], b"iso8859-1", b"latin1", b"latin-1"].iter().any(|name| charset.eq_ignore_ascii_case(name)) {
        // Not Windows-1252, which mail readers mostly take it for: git goes by the letter.
        return Cow::Owned(text.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes());
    }
    match charset_decoder(charset) {
        Some(decode) => Cow::Owned(decode(text).into_bytes()),
        None => Cow::Borrowed(text),
    }
}

/// Decodes the encoded words of a field as git does: also inside of other words, blanks between two of them dropped.
/// A field with a word that is broken stays as it is.
pub(super) fn decode_words(field: &BStr) -> BString {
    let mut text = BString::default();
    let mut rest = field.as_bytes();
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let Some((word, length)) = decode_word(&rest[start + 2..]) else { return field.into() };
        let before = &rest[..start];
        if !(after_word && before.trim().is_empty()) {
            text.push_str(before);
        }
        text.push_str(&word);
        rest = &rest[start + 2 + length..];
        after_word = true;
    }
    text.push_str(rest);
    text
}

/// One word, from its charset on, and how far it goes.
fn decode_word(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let charset = text.find_byte(b'?')?;
    let kind = text.get(charset + 1)?;
    let encoded = text.get(charset + 2..)?.strip_prefix(b"?")?;
    let end = encoded.find("?=")?;
    let transfer = match kind {
        b'b' | b'B' => Transfer::Base64,
        b'q' | b'Q' => Transfer::QuotedPrintable,
        _ => return None,
    };
    let encoded_text = &encoded[..end];
    let decoded = match transfer {
        Transfer::QuotedPrintable => transfer::decode(&encoded_text.replace("_", " "), transfer),
        _ => transfer::decode(encoded_text, transfer),
    };
    Some((to_utf8(&decoded, &text[..charset]).into_owned(), charset + 3 + end + 2))
}

/// Encodes text as encoded words of at most 75 characters, one to a line, so that it reads back as one piece.
pub(super) fn encode_words(text: &str) -> String {
    const ROOM: usize = 75 - "=?UTF-8?q??=".len();
    let mut words = vec![String::new()];
    for character in text.chars() {
        let mut bytes = [0; 4];
        let piece: String = character.encode_utf8(&mut bytes).bytes().map(encode_byte).collect();
        match words.last_mut() {
            Some(word) if word.len() + piece.len() <= ROOM => word.push_str(&piece),
            _ => words.push(piece),
        }
    }
    let words: Vec<String> = words.into_iter().map(|word| format!("=?UTF-8?q?{word}?=")).collect();
    words.join("\n ")
}

fn encode_byte(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'/' | b'+' | b'!' | b'*' => char::from(byte).to_string(),
        _ => format!("={byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn encoded_words_read_back(text in "\\PC{0,99}") {
            let words = encode_words(&text);
            prop_assert!(words.lines().all(|line| line.trim().len() <= 75));
            prop_assert_eq!(decode_words(words.replace('\n', "").as_str().into()), text);
        }

        #[test]
        fn any_charset_and_any_word_decodes(
            text: Vec<u8>,
            charset in "utf-7|utf-16|utf-16le|utf-32|iso-8859-1|koi8-r|gb18030|big5|shift_jis|iso-2022-jp|euc-kr|.{0,9}",
            word in "(=\\?(utf-8|utf-7|x)\\?[qQbBx]\\?[ -~]{0,9}\\?=|[ -~]{0,3}){0,4}",
        ) {
            to_utf8(&text, charset.as_bytes());
            decode_words(word.as_str().into());
        }
    }
}
