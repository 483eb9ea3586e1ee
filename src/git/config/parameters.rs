//! Settings that come through the environment: `git -c`, and GIT_CONFIG_COUNT.

use bstr::{BStr, BString, ByteSlice};

use super::{Setting, Variable};

/// The settings of GIT_CONFIG_COUNT and its keys and values, then those of `git -c`. `None` where git would refuse one, or where it is
/// not of the form that git itself writes.
pub(super) fn settings(variable: &Variable<'_>) -> Option<Vec<Setting>> {
    let mut settings = counted(variable)?;
    if let Some(parameters) = variable("GIT_CONFIG_PARAMETERS") {
        settings.extend(quoted(parameters.as_encoded_bytes())?);
    }
    Some(settings)
}

fn counted(variable: &Variable<'_>) -> Option<Vec<Setting>> {
    let Some(count) = variable("GIT_CONFIG_COUNT").filter(|count| !count.is_empty()) else {
        return Some(Vec::new());
    };
    // A number that is no number, or a variable that is missing, is an error of git's.
    let count: u16 = count.to_str()?.parse().ok()?;
    let variable = |name: String| variable(&name).map(|value| BString::from(value.into_encoded_bytes()));
    let setting = |number: u16| {
        let key = variable(format!("GIT_CONFIG_KEY_{number}"))?;
        let value = variable(format!("GIT_CONFIG_VALUE_{number}"))?;
        Some(Setting { key: normal(key.as_bstr())?, value: Some(value) })
    };
    (0..count).map(setting).collect()
}

/// `'key'='value' 'key'`, as git writes it since 2.31.
fn quoted(mut bytes: &[u8]) -> Option<Vec<Setting>> {
    let mut settings = Vec::new();
    loop {
        bytes = bytes.trim_start();
        if bytes.is_empty() {
            return Some(settings);
        }
        let (key, rest) = word(bytes)?;
        let key = normal(key.as_bstr())?;
        let rest = rest.strip_prefix(b"=")?;
        let (value, rest) = match rest.first() {
            None | Some(b' ') => (None, rest),
            Some(_) => word(rest).map(|(value, rest)| (Some(value), rest))?,
        };
        settings.push(Setting { key, value });
        bytes = rest;
    }
}

/// A word in single quotes, in which a quote is `'\''` and an exclamation mark may be `'\!'`; and what follows.
fn word(bytes: &[u8]) -> Option<(BString, &[u8])> {
    let mut rest = bytes.strip_prefix(b"'")?;
    let mut word = BString::default();
    loop {
        let end = rest.find_byte(b'\'')?;
        word.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        match rest {
            [b'\\', escaped @ (b'\'' | b'!'), b'\'', after @ ..] => {
                word.push(*escaped);
                rest = after;
            }
            _ => return Some((word, rest)),
        }
    }
}

/// The key with section and name in lower case, if git would take it: it has both, and the name begins with a letter.
fn normal(key: &BStr) -> Option<BString> {
    let text = key.to_str().ok()?;
    let (section, name) = (text.split('.').next()?, text.rsplit('.').next()?);
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_key = section.len() + name.len() < text.len() && !section.is_empty() && is_plain(section) && is_plain(name);
    let is_key = is_key && name.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.contains('\n');
    is_key.then(|| super::normal(text))
}
