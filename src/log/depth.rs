//! How deep JSON is nested. What is nested deeper than readers go can be stored, and never be shown again.

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
    fn the_deepest_that_is_recorded_is_read() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(serde_json::from_str::<serde_json::Value>(&nested(DEEPEST)).is_ok());
        assert!(serde_json::from_str::<serde_json::Value>(&nested(DEEPEST + 1)).is_err());
    }
}
