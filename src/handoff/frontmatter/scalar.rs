//! One value on one line: quoted, `[]`, or as it is.

use std::borrow::Cow;

use super::Reading;
use crate::handoff::text::trim;
use crate::handoff::value::Text;

/// A value.
pub(super) enum Scalar<'a> {
    Text(Text<'a>),
    Empty,
}

/// Decodes a value. Only its first and its last character decide whether it is quoted. In a strict reading the error says why
/// that would lose something.
pub(super) fn decode(text: &str, reading: Reading) -> Result<Scalar<'_>, &'static str> {
    let text = trim(text);
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(inner) = inner('"') {
        if reading == Reading::Strict && has_bare_quote(inner) {
            return Err("a quoted value goes on behind its closing quote: quote all of it, and write \\\" inside");
        }
        return Ok(Scalar::Text(unescaped(inner)));
    }
    if let Some(inner) = inner('\'') {
        if reading == Reading::Strict && inner.replace("''", "").contains('\'') {
            return Err("a quoted value goes on behind its closing quote: quote all of it with \"");
        }
        return Ok(Scalar::Text(inner.into()));
    }
    Ok(if text == "[]" { Scalar::Empty } else { Scalar::Text(text.into()) })
}

/// Whether a quote stands in a quoted text without a backslash before it.
fn has_bare_quote(inner: &str) -> bool {
    let mut escaped = false;
    inner.chars().any(|ch| {
        let bare = ch == '"' && !escaped;
        escaped = ch == '\\' && !escaped;
        bare
    })
}

/// Each backslash goes, what follows it stays; a lone one at the end stays.
fn unescaped(inner: &str) -> Text<'_> {
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(ch) = chars.next() {
        text.push(if ch == '\\' { chars.next().unwrap_or('\\') } else { ch });
    }
    Cow::Owned(text)
}
