//! How git reads yes or no, and numbers.

use bstr::BStr;

/// A yes or no: the words, nothing at all, or a number. A name without `=` says yes.
pub(super) fn boolean(value: Option<&BStr>) -> Option<bool> {
    let Some(value) = value else { return Some(true) };
    let is_one_of = |words: [&str; 3]| words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()));
    if is_one_of(["true", "yes", "on"]) {
        return Some(true);
    }
    if value.is_empty() || is_one_of(["false", "no", "off"]) {
        return Some(false);
    }
    // As a number that is a yes or no, it must be an `int` of C.
    let number = integer(value).and_then(|number| i32::try_from(number).ok())?;
    (number != i32::MIN).then_some(number != 0)
}

/// A number of C's making: blanks, a sign, decimal, `0x` or `0`; then `k`, `m` or `g` for powers of 1024.
pub(super) fn integer(value: &BStr) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = radix(text);
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let factor: i64 = match &digits[end..] {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => return None,
    };
    let number = i128::from_str_radix(&digits[..end], radix).ok()?;
    let number = i64::try_from(if is_negative { -number } else { number }).ok()?;
    // The largest negative number is beyond what git takes.
    number.checked_mul(factor).filter(|number| *number != i64::MIN)
}

/// The base that the beginning of a number tells, and the digits after it.
fn radix(text: &str) -> (u32, &str) {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match hex.filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit())) {
        Some(rest) => (16, rest),
        None if text.starts_with('0') => (8, text),
        None => (10, text),
    }
}
