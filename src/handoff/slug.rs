//! The name of an archived handoff, from the id of its session.

/// The id as the name of a file: other characters than ASCII letters, digits, `.`, `_` and `-` become one dash, and none
/// stands at an end. Never empty.
pub fn slug(session_id: &str) -> String {
    let mut slug = String::new();
    let mut gap = false;
    for ch in session_id.chars() {
        let plain = ch.is_ascii_alphanumeric() || matches!(ch, '.' | '_' | '-');
        if plain {
            slug.push(ch);
        } else if !gap {
            slug.push('-');
        }
        gap = !plain;
    }
    let slug = slug.trim_matches(['-', '.']);
    if slug.is_empty() { "session".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn ids_become_names() {
        for (id, name) in [
            ("../../etc/passwd", "etc-passwd"),
            ("a b  c", "a-b-c"),
            ("세션-1", "1"),
            ("!!!", "session"),
            ("_a_", "_a_"),
            ("2026-07-01-fix", "2026-07-01-fix"),
            (" x ", "x"),
            (".hidden.", "hidden"),
        ] {
            assert_eq!(slug(id), name, "{id}");
        }
    }
}
