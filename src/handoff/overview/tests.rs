//! What is seen at a glance is what all the rules find.

use proptest::prelude::*;

use super::*;

/// What is said of any file that is not one of these.
fn file_problem(file: &str) -> Option<String> {
    (!file.ends_with(".md")).then(|| format!("({file}) is odd"))
}

fn glance(text: &[u8], size: usize) -> Option<Overview> {
    let mut overview = by_blocks(text, size, &file_problem).unwrap()?;
    // Only a glance keeps the texts.
    assert!(overview.sessions.as_mut().is_none_or(|sessions| sessions.texts.take().is_some()));
    Some(overview)
}

fn index(entries: &str) -> String {
    format!("schema_version: 1\nlatest_session: two\nfirst_next_action: \"\"\nsessions:\n{entries}")
}

fn entry(id: &str, file: &str) -> String {
    format!("  - session_id: {id}\n    file: {file}\n    status: open\n    first_next_action: \"go: on\"\n")
}

#[test]
fn entries_in_the_usual_form_are_seen_at_a_glance() {
    let all: String = (0..500)
        .map(|at| entry(["one", "\"two\"", "세 션"][at % 3], ["sessions/x.md", "\"a: b\"", "sessions/é.md"][at % 3]))
        .collect();
    for text in [index(&all), index(all.trim_end()), index(&entry("two", "x")), index(&entry("\"\"", "\"\""))] {
        let whole = Overview::of_text(&text, &file_problem).unwrap();
        assert!(whole.sessions.is_some());
        // So many sizes that blocks end everywhere in an entry.
        for size in (300..500).chain([BLOCK]) {
            assert_eq!(glance(text.as_bytes(), size).as_ref(), Some(&whole), "{size}");
        }
    }
}

#[test]
fn whatever_is_unusual_is_left_to_the_rules() {
    for odd in [
        "  - session_id: \n    file: x\n",
        "  - session_id: \"a\"\n    notes: x\n    file: x\n",
        "  - file: x\n    session_id: a\n",
        "  - a\n",
        "  - []\n",
        "  - session_id: a\n    file: x\n    file: y\n",
        "  - session_id: a\n    file: x\n    file : y\n",
        "  - session_id: a\n    file: x\n    session_id: b\n",
        "  - session_id: a\n    file: x\n   status: DONE\n",
        "  - session_id: a\n    file: x\n    - y\n",
        "  - session_id: a\n    file: x\n    # y\n",
        "  - session_id: a\n    file: x\n\n",
        "  - session_id: a\n    file: x\nteam: ours\n",
        "  - session_id: a\n    file: x\n  y\n",
        "  - session_id: a\n    file: x\u{2028}\n",
        "  - session_id: a\n    file: x\u{85}y\n",
        "  - session_id: a\n    file: x\r\n",
        "  - session_id: a\n    file: x\ty\n",
        "  - session_id: a\n    file: x\n    ",
        "",
    ] {
        assert_eq!(glance(index(odd).as_bytes(), BLOCK), None, "{odd}");
        let within = index(&[&entry("one", "x.md"), odd, &entry("two", "y.md")].concat());
        assert_eq!(glance(within.as_bytes(), BLOCK).is_some(), odd.is_empty(), "{within}");
    }
    for text in ["", "sessions:\n", "a: b\n", "sessions: x\na: b\nsessions:\n  - session_id: a\n    file: b\n"] {
        assert_eq!(glance(text.as_bytes(), BLOCK), None, "{text}");
    }
    let latin = [index("").as_bytes(), b"  - session_id: \xe9\n    file: x\n"].concat();
    assert_eq!(glance(&latin, BLOCK), None);
    assert_eq!(glance(index(&entry("one", "x")).as_bytes(), 90), None, "an entry that is longer than a block");
}

proptest! {
    #[test]
    fn a_glance_sees_nothing_else_than_the_rules_do(
        head in "(latest_session: (two|a b)?\n|status: x\n|sessions: x\n){0,2}",
        lines in prop::collection::vec("(  - session_id: (one|two|\"two\"|[ -~é]{0,4})\n    file: [ -~]{0,5}|    (file|status|supersedes|session_id) ?: ?(x|DONE|\"\"|\\[\\]|[ -~\t\u{2028}]{0,3})|[ #-]{0,5}[a-z]{0,3}:?)\n", 0..9),
        size in 100_usize..200,
    ) {
        let text = format!("{head}a: b\nsessions:\n{}", lines.concat());
        for size in [size, BLOCK] {
            if let Some(seen) = glance(text.as_bytes(), size) {
                prop_assert_eq!(Ok(seen), Overview::of_text(&text, &file_problem), "{}", text);
            }
        }
    }
}
