//! Whether attributes could make a file in the work tree other than its blob.
//!
//! No attempt is made at matching patterns as git does: what could match is taken to, and left to git.

use bstr::{BStr, ByteSlice};

/// Whether the text of a `.gitattributes` file in `folder` could have one of `paths` converted, where the configuration
/// says nothing of line endings.
pub fn could_convert<'p>(text: &[u8], folder: &BStr, paths: impl Iterator<Item = &'p BStr> + Clone) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.lines().map(ByteSlice::trim_start).filter(|line| !line.starts_with(b"#")).any(|line| {
        // A quoted pattern may hold blanks; the attributes are among the words after its first.
        let mut words = line.fields();
        let Some(pattern) = words.next().filter(|_| words.clone().any(converts)) else { return false };
        if pattern.starts_with(b"[attr]") || pattern.starts_with(b"\"") {
            return true;
        }
        paths.clone().filter_map(|path| below(path, folder)).any(|path| could_match(pattern, path))
    })
}

/// A path as seen from a folder above it.
fn below<'p>(path: &'p BStr, folder: &BStr) -> Option<&'p BStr> {
    match folder.is_empty() {
        true => Some(path),
        false => path.strip_prefix(folder.as_bytes())?.strip_prefix(b"/").map(ByteSlice::as_bstr),
    }
}

/// Whether an attribute makes a checkout convert. `text` does not by itself: lines end here as they do in blobs.
fn converts(word: &[u8]) -> bool {
    let (name, value) = word.split_once_str("=").map_or((word, None), |(name, value)| (name, Some(value)));
    match (name, value) {
        (b"text", value) => !matches!(value, None | Some(b"auto")),
        (b"eol", value) => value != Some(b"lf"),
        (b"crlf" | b"ident" | b"filter" | b"working-tree-encoding", _) => true,
        _ => false,
    }
}

/// Whether a pattern could match a path: what stands before its first wildcard and behind its last is there.
fn could_match(pattern: &[u8], path: &BStr) -> bool {
    let anchored = pattern.strip_suffix(b"/").unwrap_or(pattern).contains(&b'/');
    let subject = if anchored { path.as_bytes() } else { path.rsplit(|&byte| byte == b'/').next().unwrap_or(path) };
    let pattern = pattern.strip_prefix(b"/").unwrap_or(pattern);
    let (Some(first), Some(last)) = (pattern.find_byteset(WILD), pattern.rfind_byteset(WILD)) else {
        return pattern == subject;
    };
    // `**/` matches nothing at all, too.
    let end = pattern[last + 1..].trim_start_with(|byte| byte == '/');
    subject.starts_with(&pattern[..first]) && subject.ends_with(end)
}

/// What in a pattern does not stand for itself; a closing bracket may belong to such.
const WILD: &[u8] = b"*?[]\\";

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(text: &str, folder: &str, path: &str) -> bool {
        could_convert(text.as_bytes(), BStr::new(folder), [BStr::new(path)].into_iter())
    }

    #[test]
    fn what_converts_nothing_is_harmless() {
        for text in
            ["", "# *.c filter=x", "* text=auto eol=lf", "* text", "*.png binary", "* -text", "* !filter", "*.c diff=c"]
        {
            assert!(!converted(text, "", "a/b.c"), "{text}");
        }
        for text in ["* eol=crlf", "*.c ident", "b.c filter=lfs -text", "[attr]x filter=y", "\"a b\" ident", "* crlf"] {
            assert!(converted(text, "", "a/b.c"), "{text}");
        }
    }

    #[test]
    fn only_patterns_that_could_match_count() {
        for pattern in
            ["*.c", "b.c", "a/b.c", "/a/b.c", "**/b.c", "a/**", "a/**/b.c", "?/b.c", "[ab].c", "b*", "\\b.c", "*"]
        {
            assert!(converted(&format!("  {pattern}\tfilter=x"), "", "a/b.c"), "{pattern}");
            assert!(converted(&format!("{pattern} filter=x\r\n"), "x/y", "x/y/a/b.c"), "{pattern}");
        }
        for pattern in ["*.bin", "b", "a", "c.c", "x/*", "/b.c", "a/*.bin", "c*"] {
            assert!(!converted(&format!("{pattern} filter=x"), "", "a/b.c"), "{pattern}");
        }
        assert!(!converted("* filter=x", "other", "a/b.c"));
    }
}
