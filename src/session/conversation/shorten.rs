//! Leaves out the middle of long strings in a row that is too long to be held: what remains is JSON exactly if the row is.
//!
//! Only characters that mean nothing by themselves are left out: printable ASCII within a string, no part of an escape,
//! and not next to bytes that could be half of a character.

/// As much of a string is kept as it is, in bytes.
const KEPT: usize = 64 << 10;

/// As much of a row is kept at all: one that has no long strings could not be held otherwise.
const MOST: usize = 1 << 30;

/// Where in a row it stands.
#[derive(Debug, Default)]
pub(super) struct Shortener {
    place: Place,
    /// The bytes of the string so far.
    length: usize,
    /// The last byte was none of printable ASCII.
    after_other: bool,
}

#[derive(Debug, Default, Clone, Copy)]
enum Place {
    #[default]
    Outside,
    String,
    /// Behind a backslash.
    Escape,
    /// Behind `\u`, with so many digits to come.
    Digits(u8),
}

impl Shortener {
    /// Goes on with `bytes`, and adds what remains of them to `kept`.
    pub(super) fn feed(&mut self, bytes: &[u8], kept: &mut Vec<u8>) {
        for &byte in bytes {
            let (next, is_kept) = match (self.place, byte) {
                (Place::Outside, b'"') => (Place::String, true),
                (Place::Outside, _) => (Place::Outside, true),
                (Place::String | Place::Digits(_), b'"') => (Place::Outside, true),
                (Place::String, b'\\') => (Place::Escape, true),
                (Place::String, b' '..=b'~') => (Place::String, self.length < KEPT || self.after_other),
                (Place::String, _) => (Place::String, true),
                (Place::Escape, b'u') => (Place::Digits(4), true),
                (Place::Escape, _) | (Place::Digits(1), _) => (Place::String, true),
                (Place::Digits(left), _) => (Place::Digits(left - 1), true),
            };
            self.length = if matches!(self.place, Place::Outside) { 0 } else { self.length + 1 };
            self.after_other = !matches!(byte, b' '..=b'~');
            self.place = next;
            if is_kept && kept.len() < MOST {
                kept.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shortened(row: &[u8]) -> Vec<u8> {
        let (mut shortener, mut kept) = (Shortener::default(), Vec::new());
        row.chunks(7).for_each(|bytes| shortener.feed(bytes, &mut kept));
        kept
    }

    fn is_json(row: &[u8]) -> bool {
        std::str::from_utf8(row).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(row).is_ok()
    }

    /// A long string, and something at its end that may be wrong.
    fn row(end: &[u8]) -> Vec<u8> {
        [br#"{"k":"v","text":""#, "x".repeat(KEPT).as_bytes(), end, br#"","n":[1]}"#].concat()
    }

    #[test]
    fn much_is_left_out_and_what_means_something_is_kept() {
        let kept = shortened(&row(&b"plain text, ".repeat(1000)));
        assert!(kept.len() < KEPT + 100 && is_json(&kept));
        assert!(kept.ends_with(br#"","n":[1]}"#));
    }

    proptest! {
        #[test]
        fn what_remains_is_json_exactly_if_the_row_is(parts in proptest::collection::vec(
            proptest::sample::select(vec![
                &b"abc"[..], b"\\n", b"\\\"", b"\"", b"\\", b"\\u00e9", b"\\u00", b"z", b"\xc3\xa9", b"\xc3", b"\xa9",
                b"\t", b",", b"\xf0\x9f\x98\x80", b"\x7f",
            ]),
            0..9,
        )) {
            let row = row(&parts.concat());
            prop_assert_eq!(is_json(&shortened(&row)), is_json(&row));
        }
    }
}
