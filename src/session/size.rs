//! Sizes and counts as every message shows them.

use std::fmt::Display;

/// Bytes as people read them: `10 bytes`, `7.8 KB`, `50 MB`; a KB has 1024 bytes.
pub fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut whole = bytes;
    let mut rest = 0;
    while whole >= 1024 && unit + 1 < UNITS.len() {
        (rest, whole, unit) = (whole % 1024, whole / 1024, unit + 1);
    }
    if unit == 0 || rest == 0 {
        format!("{whole} {}", UNITS[unit])
    } else {
        format!("{whole}.{} {}", rest * 10 / 1024, UNITS[unit])
    }
}

/// A number of things: `1 file`, `2 files`.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    if count == N::from(1) { format!("1 {one}") } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use super::{counted, size_text};

    #[test]
    fn one_is_no_plural() {
        assert_eq!(
            [0_usize, 1, 2].map(|count| counted(count, "file is", "files are")),
            ["0 files are", "1 file is", "2 files are"]
        );
    }

    #[test]
    fn sizes_are_shown_as_people_read_them() {
        assert_eq!(
            (size_text(10), size_text(52_428_800), size_text(1536)),
            ("10 bytes".into(), "50 MB".into(), "1.5 KB".into())
        );
    }
}
