//! What of JSON the readers cannot hold: it can be stored, and never be shown again. They go so deep and no deeper, and
//! their numbers are no larger than a double.

/// The most levels of objects and lists that a row may have: the readers, which are serde_json's, go no deeper.
pub(super) const DEEPEST: usize = 127;

/// Whether JSON has more than so many levels.
pub(super) fn is_deeper(json: &str, levels: usize) -> bool {
    // Each level takes two brackets: most values are too short for that.
    if json.len() <= 2 * levels {
        return false;
    }
    let json = json.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at += string(&json[at..]),
            _ => {}
        }
        if depth > levels {
            return true;
        }
    }
    false
}

/// What is no longer than this, and has no exponent, is held.
const SURELY_HELD: usize = 300;

/// Whether JSON has a number outside of strings that is too large.
pub(super) fn has_huge_number(json: &str) -> bool {
    let bytes = json.as_bytes();
    let mut at = if may_have_one(bytes) { 0 } else { bytes.len() };
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at += string(&bytes[at..]),
            b'0'..=b'9' => {
                let end = at + number(bytes[at..].iter());
                if is_huge(&json[at - 1..end]) {
                    return true;
                }
                at = end;
            }
            _ => {}
        }
    }
    false
}

/// A look that is quick, as nearly no row has one: for exponents, and for long numbers at every place that one of them
/// would have to cover.
fn may_have_one(json: &[u8]) -> bool {
    let is_digit = |at: usize| json.get(at).is_some_and(u8::is_ascii_digit);
    let is_exponent =
        |at: usize| at > 0 && is_digit(at - 1) && (is_digit(at + 1) || matches!(json.get(at + 1), Some(b'+' | b'-')));
    // A run of digits in a string may be of any length, and is looked at from every place in it.
    let number = |bytes: &mut dyn Iterator<Item = &u8>| number(bytes.take(SURELY_HELD));
    let is_long = |at: usize| number(&mut json[..at].iter().rev()) + number(&mut json[at..].iter()) > SURELY_HELD;
    memchr::memchr2_iter(b'e', b'E', json).any(is_exponent) || (0..json.len()).step_by(SURELY_HELD).any(is_long)
}

/// How many of the bytes belong to a number.
fn number<'b>(bytes: impl Iterator<Item = &'b u8>) -> usize {
    bytes.take_while(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')).count()
}

/// The readers are the judge, where it could be.
fn is_huge(number: &str) -> bool {
    let could_be = number.len() > SURELY_HELD || number.contains(['e', 'E']);
    could_be && serde_json::from_str::<serde_json::Value>(number).is_err()
}

/// How long a string is behind its first quote, with the other one. Quotes are rarer than backslashes, so these are looked
/// for: one behind an even number of backslashes ends the string.
fn string(rest: &[u8]) -> usize {
    let backslashes = |quote: usize| rest[..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
    let end = memchr::memchr_iter(b'"', rest).find(|quote| backslashes(*quote) % 2 == 0);
    end.map_or(rest.len(), |quote| quote + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_strings() {
        let nested = |levels: usize| format!("{}{}", "[{\"a\":".repeat(levels / 2), "}]".repeat(levels / 2));
        for (json, levels) in [
            ("{}".to_owned(), 1),
            (r#"{"a":[[],{}],"b":{"c":[7]}}"#.to_owned(), 3),
            (format!(r#"{{"a\"{}":"\\","b":["{}\\\""]}}"#, "[".repeat(300), "{".repeat(300)), 2),
            (nested(128), 128),
        ] {
            assert!(is_deeper(&json, levels - 1) && !is_deeper(&json, levels), "{json}");
        }
        // What is no JSON breaks nothing.
        assert!(!is_deeper(&format!("\"{}", "{".repeat(9)), 1) && !is_deeper("[[\"\\\\\\", 2));
    }

    #[test]
    fn numbers_are_huge_when_no_reader_holds_them() {
        let digits = "9".repeat(400);
        for huge in [
            "1e999",
            "-1E+400",
            r#"{"a":"\\","b":[2,1e309]}"#,
            &digits,
            &format!("[{digits}.5]"),
            &format!("[{}{digits}]", "7,".repeat(145)),
        ] {
            assert!(has_huge_number(huge), "{huge}");
        }
        for held in [r#"{"a":"1e999","b\"1e999":1e308}"#, "-1e-999", "123456789012345678901234567890", "0e999", "true"]
        {
            assert!(!has_huge_number(held), "{held}");
        }
    }

    #[test]
    fn the_deepest_that_is_recorded_is_read() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(serde_json::from_str::<serde_json::Value>(&nested(DEEPEST)).is_ok());
        assert!(serde_json::from_str::<serde_json::Value>(&nested(DEEPEST + 1)).is_err());
    }
}
