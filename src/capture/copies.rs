//! Whether git might say that a new file is a copy of one that was changed in the same commit (gitdiffcore(7), "diffcore-rename").
//!
//! git asks how many of the larger one's bytes are in pieces that both have: lines, and long ones in parts. Half of them make a
//! copy. Here the same is reckoned with some to spare, so that the answer is never "no" where git's could be "yes" but by a
//! collision of its hashes; then a copy is written as a new file, which is as right.

use std::cell::LazyCell;
use std::collections::HashMap;

/// How many bytes of a content are in pieces like this one.
type Pieces<'a> = HashMap<&'a [u8], usize>;

/// The longest piece, in bytes.
const LONGEST: usize = 64;
/// Less in common than this makes no copy, in percent.
const LEAST: usize = 40;

/// Whether one of the new contents may be a copy of one of the old ones.
pub(super) fn may_be_there(old: &[&[u8]], new: &[&[u8]]) -> bool {
    let old: Vec<_> = old.iter().map(|old| (*old, LazyCell::new(|| pieces(old)))).collect();
    new.iter().any(|new| {
        let parts = LazyCell::new(|| pieces(new));
        old.iter().any(|(old, pieces)| {
            let most = old.len().max(new.len());
            let is_enough = |bytes: usize| bytes * 100 >= most * LEAST;
            is_enough(old.len().min(new.len())) && is_enough(shared(pieces, &parts))
        })
    })
}

fn pieces(content: &[u8]) -> Pieces<'_> {
    let mut pieces = Pieces::new();
    for line in content.split_inclusive(|&byte| byte == b'\n') {
        // With which bytes a line ends makes no difference.
        for piece in line.strip_suffix(b"\r\n").unwrap_or(line).chunks(LONGEST) {
            *pieces.entry(piece.strip_suffix(b"\n").unwrap_or(piece)).or_default() += piece.len();
        }
    }
    pieces
}

fn shared(one: &Pieces<'_>, other: &Pieces<'_>) -> usize {
    one.iter().filter_map(|(piece, bytes)| Some(other.get(piece)?.min(bytes))).sum()
}

#[cfg(test)]
mod tests {
    use super::may_be_there;

    #[test]
    fn what_has_much_in_common_may_be_a_copy() {
        let text: String = (0..100).map(|number| format!("line {number} of a text\n")).collect();
        let other: String = (0..100).map(|number| format!("something else, number {number}\n")).collect();
        let half = |count| text.lines().take(count).chain(other.lines()).take(100).map(|line| line.to_owned() + "\n");
        let mixed = |count| half(count).collect::<String>();
        let is = |old: &str, new: &str| may_be_there(&[other.as_bytes(), old.as_bytes()], &[b"x", new.as_bytes()]);
        assert!(is(&text, &text) && is(&text, &text.replace('\n', "\r\n")) && is("", ""));
        assert!(is(&text, &mixed(60)) && is(&text.repeat(2), &text));
        assert!(!may_be_there(&[text.as_bytes()], &[mixed(20).as_bytes(), &text.as_bytes()[..text.len() / 3]]));
        assert!(!is(&text.replace("line", "zeile"), &text) && !may_be_there(&[], &[text.as_bytes()]));
        let long = |end: &str| "0123456789".repeat(20) + end;
        assert!(is(&long("one"), &long("other")));
    }
}
