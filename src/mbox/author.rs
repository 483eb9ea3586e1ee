//! Authors in mail: what `From:` and `Date:` can carry without change, a safe stand-in for what they cannot, and what
//! git makes of a foreign mail's.

use bstr::{BStr, BString, ByteSlice, ByteVec};
use jiff::Timestamp;
use jiff::tz::Offset;
use mail_parser::DateTime;

use super::Identity;
use super::header::encode_words;
use super::mailinfo::{one_blank, trim};

/// An author as the header of a mail.
pub(super) struct Mailable {
    /// The value of `From:`.
    pub(super) from: String,
    /// The value of `Date:`.
    pub(super) date: String,
    /// Whether git would read exactly the author's bytes from the two.
    pub(super) exact: bool,
}

/// The years that git's date parser is sure of; below the first, it takes a number for something else.
const SAFE_SECONDS: std::ops::Range<i64> = 100_000_000..4_070_908_800;

/// Writes an author for a mail.
pub(super) fn to_mail(author: &Identity) -> Mailable {
    let name = author.name().to_str().ok().filter(|name| is_safe_name(name));
    let email = author.email().to_str().ok().filter(|email| is_safe_email(email));
    let seconds = author.seconds().filter(|seconds| SAFE_SECONDS.contains(seconds));
    let offset = offset_of(author.offset());
    let exact = match (name, email, seconds, offset) {
        (Some(name), Some(email), Some(seconds), Some(_)) => {
            author.0 == format!("{name} <{email}> {seconds} {}", author.offset())
        }
        _ => false,
    };
    let name = name.map_or_else(|| stand_in_name(author.name()), str::to_owned);
    let email = email.map_or_else(|| stand_in_email(author.email()), str::to_owned);
    let clamped = author.seconds().unwrap_or(SAFE_SECONDS.start).clamp(SAFE_SECONDS.start, SAFE_SECONDS.end - 1);
    let date = date(clamped, offset.unwrap_or(Offset::UTC));
    Mailable { from: format!("{} <{email}>", phrase(&name)), date, exact }
}

fn is_safe_name(name: &str) -> bool {
    (1..=60).contains(&name.len())
        && !name.contains(|c: char| c.is_control() || "<>@\"()\\".contains(c))
        && !name.contains("  ")
        && !name.contains("=?")
        && without_crud(name.as_bytes()) == name.as_bytes()
}

fn is_safe_email(email: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-@!#$%&*/^`{|}~'".contains(&byte);
    email.bytes().all(is_plain)
        && email.bytes().filter(|byte| *byte == b'@').count() == 1
        && without_crud(email.as_bytes()) == email.as_bytes()
}

/// An offset that git writes back as it stands.
fn offset_of(text: &BStr) -> Option<Offset> {
    let [sign @ (b'+' | b'-'), digits @ ..] = text.as_bytes() else { return None };
    if digits.len() != 4 || !digits.iter().all(u8::is_ascii_digit) || text == "-0000" {
        return None;
    }
    let number: i32 = digits.to_str().ok()?.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if *sign == b'-' { -seconds } else { seconds }).ok()
}

fn date(seconds: i64, offset: Offset) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    let (sign, minutes) =
        if offset.seconds() < 0 { ('-', -offset.seconds() / 60) } else { ('+', offset.seconds() / 60) };
    let local = offset.to_datetime(time).strftime("%a, %-d %b %Y %H:%M:%S");
    format!("{local} {sign}{:02}{:02}", minutes / 60, minutes % 60)
}

/// A name of letters and a few harmless signs.
fn stand_in_name(name: &BStr) -> String {
    let harmless = |c: char| c.is_alphanumeric() || "-'.".contains(c);
    let text: String = name.to_str_lossy().chars().map(|c| if harmless(c) { c } else { ' ' }).collect();
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    while text.len() > 60 {
        text.pop();
    }
    let text = without_crud(text.as_bytes()).to_str_lossy().into_owned();
    if is_safe_name(&text) { text } else { "Unknown author".to_owned() }
}

fn stand_in_email(email: &BStr) -> String {
    let text: String =
        email.to_str_lossy().chars().filter(|c| c.is_ascii_alphanumeric() || "._+-@".contains(*c)).collect();
    let text = text.trim_matches(['.', '@']).replacen('@', "\n", 1).replace('@', "").replace('\n', "@");
    if is_safe_email(&text) { text } else { "unknown@invalid".to_owned() }
}

/// A display name: as it is, between quotes, or as encoded words.
fn phrase(name: &str) -> String {
    if !name.is_ascii() {
        encode_words(name)
    } else if name.contains([',', ':', ';', '.', '[', ']']) {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    }
}

/// A name or an address without what some git strips from its ends; newer ones keep a full stop.
fn without_crud(text: &[u8]) -> &[u8] {
    text.trim_with(|c| c == '.' || is_crud(c))
}

/// What every git strips from the ends of names and addresses.
fn is_crud(c: char) -> bool {
    c <= ' ' || ",:;<>\"\\'".contains(c)
}

/// The author that git commits for a decoded `From:` and a `Date:`; without a time when the date cannot be read.
pub(super) fn from_mail(from: &BStr, date: &BStr) -> Identity {
    let (name, email) = name_and_email(from);
    let keep = |text: &BStr| -> BString {
        text.trim_with(is_crud).iter().copied().filter(|byte| !b"\n\0<>".contains(byte)).collect::<Vec<u8>>().into()
    };
    let mut identity = keep(name.as_ref());
    identity.push_str(" <");
    identity.push_str(keep(email.as_ref()));
    identity.push_str(">");
    if let Some((seconds, offset)) = parse_date(trim(date)) {
        identity.push_str(format!(" {seconds} {offset}"));
    }
    Identity(identity)
}

/// Takes `Name <mail>`, `mail (Name)` and what else people write apart.
fn name_and_email(from: &BStr) -> (BString, BString) {
    let plain = one_blank(from);
    let mut text = without_quotes(plain.as_ref());
    let Some(at) = text.find_byte(b'@') else { return without_at(plain.as_ref()) };
    let before = text[..at].rfind_byteset(b" \t\r\n<").map_or(0, |start| start + 1);
    let end = text[before..].find_byteset(b" \n\t\r\x0b\x0c>").map_or(text.len(), |end| before + end);
    let email: BString = text[before..end].into();
    if before > 0 && text[before - 1] == b'<' {
        text[before - 1] = b' ';
    }
    let after = (end + 1).min(text.len());
    text.drain(before..after);
    let spaced = one_blank(text.as_ref());
    let mut name = trim(&spaced);
    if let [b'(', inner @ .., b')'] = name {
        name = inner;
    }
    (sane_name(name.as_bstr(), email.as_ref()), email)
}

fn without_at(text: &BStr) -> (BString, BString) {
    let Some(open) = text.find_byte(b'<') else { return Default::default() };
    let Some(close) = text[open..].find_byte(b'>') else { return Default::default() };
    let email: BString = text[open + 1..open + close].into();
    (sane_name(trim(&text[..open]).as_bstr(), email.as_ref()), email)
}

/// Git takes the address for a name that is missing, too long, or looks like an address.
fn sane_name(name: &BStr, email: &BStr) -> BString {
    let strange = name.is_empty() || name.len() > 60 || name.find_byteset(b"@<>").is_some();
    if strange { email.into() } else { name.into() }
}

/// Resolves quoted strings and quoted characters; comments keep their parentheses.
fn without_quotes(text: &BStr) -> BString {
    let mut result = BString::default();
    let (mut quoted, mut depth) = (false, 0_usize);
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted || depth > 0 => result.extend(bytes.next()),
            b'"' if depth == 0 => quoted = !quoted,
            b'(' if !quoted => {
                depth += 1;
                result.push_byte(byte);
            }
            b')' if !quoted => {
                depth = depth.saturating_sub(1);
                result.push_byte(byte);
            }
            _ => result.push_byte(byte),
        }
    }
    result
}

/// Seconds and offset of a date as mails have them: RFC 2822, RFC 3339, or git's own `1700000000 +0100`.
fn parse_date(text: &[u8]) -> Option<(i64, String)> {
    let text = text.to_str().ok()?;
    if let Some((seconds, offset)) = text.trim_start_matches('@').split_once(' ')
        && let (Ok(seconds), Some(_)) = (seconds.parse(), offset_of(offset.into()))
    {
        return Some((seconds, offset.to_owned()));
    }
    let is_numeric = text.as_bytes().get(4) == Some(&b'-');
    let time = if is_numeric {
        DateTime::parse_rfc3339(&text.replacen(' ', "T", 1).replace(' ', ""))
    } else {
        DateTime::parse_rfc822(text)
    };
    let time = time.filter(DateTime::is_valid)?;
    let sign = if time.tz_before_gmt && (time.tz_hour, time.tz_minute) != (0, 0) { '-' } else { '+' };
    Some((time.to_timestamp(), format!("{sign}{:02}{:02}", time.tz_hour, time.tz_minute)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(author: &str, from: &str, date: &str, exact: bool) {
        let mail = to_mail(&Identity(author.into()));
        assert_eq!((mail.from.as_str(), mail.date.as_str(), mail.exact), (from, date, exact));
    }

    #[test]
    fn plain_authors_travel_as_they_are() {
        check("Ann Other <a@b.c> 1700000000 +0100", "Ann Other <a@b.c>", "Tue, 14 Nov 2023 23:13:20 +0100", true);
        check("A. U. Thor <a@b.c> 1700000000 -0330", "\"A. U. Thor\" <a@b.c>", "Tue, 14 Nov 2023 18:43:20 -0330", true);
    }

    #[test]
    fn odd_authors_travel_as_a_safe_stand_in() {
        check("x@y <b@c <a@b.c> 1700000000 +0000", "x y <b@cab.c>", "Tue, 14 Nov 2023 22:13:20 +0000", false);
        check("", "Unknown author <unknown@invalid>", "Sat, 3 Mar 1973 09:46:40 +0000", false);
    }

    proptest::proptest! {
        #[test]
        fn any_header_reads(from: Vec<u8>, date in "([A-Z][a-z]{2}, )?[0-9]{1,12} ?(Jan|Feb|x)? ?[0-9]{0,12} [0-9:]{0,12} [+-]?[0-9A-Z]{0,9}|[0-9-]{0,12}[T ][0-9:]{0,9}.{0,6}") {
            let identity = from_mail(from.as_bstr(), date.as_str().into());
            proptest::prop_assert!(identity.0.find_byteset(b"\n\0").is_none());
        }
    }

    #[test]
    fn a_mailed_author_reads_back() {
        for author in [
            "Ann Other <a@b.c> 1700000000 +0100",
            "A. U. Thor, Jr <a@b.c> 1700000000 -0330",
            "Zoë Ω <z@b> 1000000000 +1400",
        ] {
            let identity = Identity(author.into());
            let mail = to_mail(&identity);
            let unfolded = mail.from.replace("\n ", " ");
            let from = super::super::header::decode_words(unfolded.as_str().into());
            assert_eq!(from_mail(from.as_ref(), mail.date.as_str().into()), identity);
        }
    }
}
