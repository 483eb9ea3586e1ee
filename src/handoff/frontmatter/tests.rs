use proptest::prelude::*;

use super::*;
use crate::handoff::value::{Inner, Item};

fn lenient(front: &str) -> Result<Mapping<'_>, Error> {
    parse_mapping(front)
}

fn strict(front: &str) -> Result<String, String> {
    let text = format!("---\n{front}\n---\n");
    let read = parse(&text, Reading::Strict).map(|document| mapping_text(&document.mapping));
    read.map_err(|error| error.to_string())
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text.into())
}

#[test]
fn a_document_is_what_its_fences_make_it() {
    let read =
        |text| parse(text, Reading::Lenient).map(|document| (document.mapping.0.len(), document.body.into_owned()));
    assert_eq!(read(" --- \na: b\n\t---\n\n\nbody\r\nmore\r---\n"), Ok((1, "body\nmore\n---".to_owned())));
    assert_eq!(read("---\n---\n \nx"), Ok((0, " \nx".to_owned())));
    for text in ["", "\n---\n---\n", "----\n---\n", "\u{feff}---\n---\n", "a: b"] {
        assert_eq!(read(text), Err(Error::NoFrontmatter), "{text:?}");
    }
    assert_eq!(read("---\na: b\n...\n"), Err(Error::Unterminated));
    assert_eq!(
        parse("\u{feff}---\n---\n", Reading::Strict).map(|document| document.body.into_owned()),
        Ok(String::new())
    );
}

#[test]
fn keys_and_values_are_cut_at_the_first_colon() {
    let read = lenient("agent:codex\nlink:http://x\n# c\n  # c\n\n\"q k\": v\n: e\nü: 1\n").unwrap();
    let expected = [("agent", "codex"), ("link", "http://x"), ("\"q k\"", "v"), ("", "e"), ("ü", "1")];
    assert_eq!(read.0, expected.map(|(key, value)| (key.into(), text(value))));
}

#[test]
fn what_is_no_line_of_the_subset_is_refused() {
    for (front, reason) in [
        ("a: b\n  c: d", "line 2: multi-line values are not supported"),
        ("word", "line 1: expected 'key: value'"),
        ("- a", "line 1: expected 'key: value'"),
        ("a: 1\nb: 2\na: 3", "line 3: duplicate top-level key: 'a'"),
        ("a: |", "line 1: multi-line values are not supported"),
        ("a: >-", "multi-line"),
        ("a: |+12", "multi-line"),
        ("a:\n  sub: value", "line 2: expected a list item"),
        ("a:\n  - x\n# c\n  - y", "line 4: multi-line"),
        ("a:\n  - plain\n    wrapped", "line 3: expected a list item"),
    ] {
        let error = lenient(front).unwrap_err().to_string();
        assert!(error.contains(reason), "{front:?}: {error}");
    }
    for fine in ["a: |2-", "a: | a | b |", "a: > text", "a:\n  - |"] {
        assert!(lenient(fine).is_ok(), "{fine}");
    }
    // Where dashes begin a line there is no list, whatever was meant.
    assert_eq!(lenient("a:\n- Fixed: x").unwrap().0.len(), 2);
}

#[test]
fn values_are_decoded_by_their_ends_alone() {
    for (value, decoded) in [
        ("\"Main: x\"", "Main: x"),
        ("'plain'", "plain"),
        ("after #207", "after #207"),
        ("x   ", "x"),
        ("\"C:\\new\"", "C:new"),
        ("\"a\\\\b\\\"c\\\"", "a\\b\"c\\"),
        ("C:\\x", "C:\\x"),
        ("'it''s'", "it''s"),
        ("\"", "\""),
        ("\"\"", ""),
        ("\"A\" became \"B\"", "A\" became \"B"),
        ("[ ]", "[ ]"),
        ("{a: b}", "{a: b}"),
        ("true", "true"),
        ("007", "007"),
    ] {
        let front = format!("k: {value}");
        assert_eq!(lenient(&front).unwrap().get("k"), Some(&text(decoded)), "{value}");
    }
    assert_eq!(lenient("k: []").unwrap().get("k"), Some(&Value::List(Vec::new())));
    assert_eq!(lenient("k:\nl: x").unwrap().get("k"), Some(&Value::List(Vec::new())));
}

#[test]
fn a_schema_version_is_a_number_where_it_looks_like_one() {
    for (value, number) in
        [("007", "7"), ("-0", "0"), ("\"12\"", "12"), ("-03", "-3"), ("99999999999999999999", "99999999999999999999")]
    {
        let front = format!("schema_version: {value}");
        assert_eq!(lenient(&front).unwrap().get("schema_version"), Some(&Value::Number(number.to_owned())), "{value}");
    }
    assert_eq!(lenient("schema_version: v1").unwrap().get("schema_version"), Some(&text("v1")));
}

#[test]
fn list_items_are_texts_or_pairs() {
    let read =
        lenient("k:\n -x\n  - -5\n\t- - -5\n  -\n  - path:\n  - a:b\n  - my-key: v\n  - \"q\": v\n  - 2nd: v\n  - []")
            .unwrap();
    let expected = ["x", "-5", "- -5", "", "path:", "a:b", "my-key: v", "\"q\": v", "2nd: v"];
    let mut expected: Vec<Item> = expected.map(|item| Item::Text(item.into())).into();
    expected.push(Item::Empty);
    assert_eq!(read.list("k"), Some(&expected[..]));
    let read = lenient(
        "k:\n  - command: \"a: b\"\n    result: passed\n\n    # c\n    odd line\n    result: failed\n   - next\n",
    )
    .unwrap();
    let pair = |key: &'static str, value: &'static str| (key.into(), Inner::Text(value.into()));
    let pairs = vec![pair("command", "a: b"), pair("result", "failed"), pair("odd line", "")];
    assert_eq!(read.list("k"), Some(&[Item::Pairs(pairs), Item::Text("next".into())][..]));
}

#[test]
fn a_new_handoff_loses_nothing_without_a_word() {
    for (front, reason) in [
        ("a:\n- x", "indent the list"),
        ("a:\n- Fixed: x", "indent the list"),
        ("a: \"A\" became \"B\"", "goes on behind its closing quote"),
        ("a: 'A' became 'B'", "goes on behind its closing quote"),
        ("a: x\u{2028}y", "line break inside a value"),
        ("a:\n  - x\u{c}y", "line break inside a value"),
        ("a:\n  - command: x\n    wrapped text", "no 'key: value'"),
        ("a:\n  - command: x\n    - nested", "a list inside a list item"),
        ("a:\n  - notes: |\n      more: x", "a line below a value"),
        ("a:\n  - command: x\n    notes:\n      deep: y", "a line below a value"),
    ] {
        let error = strict(front).unwrap_err();
        assert!(error.contains(reason), "{front:?}: {error}");
    }
    for fine in [
        "a: 'it''s'",
        "a:\n  - command: x\n    notes: |\n    result: y",
        "a:\n  - command: x\n    notes:\n    result: y\n  - z",
    ] {
        assert!(strict(fine).is_ok(), "{fine}: {:?}", strict(fine));
    }
}

#[test]
fn texts_are_quoted_where_they_would_read_back_as_something_else() {
    for (value, stored) in [
        ("\"Main: x\"", "\"Main: x\""),
        ("after #207", "\"after #207\""),
        ("2026-07-01T12:00:00Z", "\"2026-07-01T12:00:00Z\""),
        ("C:\\x", "\"C:\\\\x\""),
        ("a\\b", "a\\b"),
        ("-5", "\"-5\""),
        ("\"\"", "\"\""),
        ("\"[]\"", "\"[]\""),
        ("\"|\"", "\"|\""),
        ("\">-\"", "\">-\""),
        ("\" x\"", "\" x\""),
        ("세션", "세션"),
    ] {
        assert_eq!(strict(&format!("k: {value}")), Ok(format!("k: {stored}")), "{value}");
    }
    assert_eq!(
        strict("k:\n    - \"[]\"\n    - []\n    - command: \"x: y\"\n      notes: []\n      result: \"\""),
        Ok("k:\n  - \"[]\"\n  - []\n  - command: \"x: y\"\n    notes: []\n    result: \"\"".to_owned())
    );
}

#[test]
fn a_body_keeps_its_lines_and_loses_the_newlines_around_it() {
    let stored = |text| document(&parse(text, Reading::Strict).unwrap());
    assert_eq!(stored("---\na: b\n---\n\n\n\n x \r\n\r\ny\u{c}z\n\n\n"), "---\na: b\n---\n\n x \n\ny\u{c}z\n");
    assert_eq!(stored("---\na: b\n---\n\n"), "---\na: b\n---\n");
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_read_is_written_back(text in FRONT, body in "(# [a-z]{0,3}|[ -~\u{c}]{0,5}|\n|\r\n){0,6}") {
        let text = format!("---\n{text}\n---\n{body}");
        for reading in [Reading::Lenient, Reading::Strict] {
            if let Ok(read) = parse(&text, reading) {
                let written = document(&read);
                let mut again = parse(&written, reading).expect("what is written can be read");
                again.body = again.body.trim_end_matches('\n').to_owned().into();
                let mut read = read.clone();
                read.body = read.body.trim_end_matches('\n').to_owned().into();
                prop_assert_eq!(&again, &read);
                prop_assert_eq!(document(&again), written);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let _ = parse(&text, Reading::Lenient);
        let _ = parse(&text, Reading::Strict);
        let _ = parse_mapping(&text);
    }
}

/// Lines that have a chance to be of the subset.
const FRONT: &str = "(((a|b|schema_version|ü k): ?| {0,4}- ?(key: )?| {1,6}(k2: ?)?|# )(x|\"[^\n]{0,5}\"|'y'|\\[\\]|-?[0-9]{1,3}|\\||>-|[ -~]{0,6}|\t|\u{a0}|\u{2028}|)\n){0,9}";

#[test]
fn entries_in_our_own_form_are_kept_as_they_are() {
    let text = "  - a: x\n    b: \"\"\n    c: \"q: \\\"z\\\"\"\n  - a: 세션\n    d: []\n";
    let kept = written::items(text).unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].get_text("c").as_deref(), Some("q: \"z\""));
    assert_eq!((kept[0].get_text("b").as_deref(), kept[0].get("d")), (Some(""), None));
    assert_eq!(kept[1].get("d"), Some(Inner::Empty));
    let moved = "  - a: x\n    b: y\n    c: z\n  - a: x\n    c: z\n    b: y\n  - a: x\n    c: z\n    b: y\n";
    assert_eq!(written::items(moved).unwrap().len(), 3);
    for again in ["    c: z\n    c: z\n", "    c: z\n    b: y\n    c: z\n", "    a: x\n", "    c: z \n"] {
        assert_eq!(written::items(&format!("{moved}  - a: x\n{again}")), None, "{again:?}");
    }
    for other in [
        "",
        "    a: x\n",
        "  - a: \"x\"\n",
        "  - a: x \n",
        "  - a: x#y\n",
        "  - a: 'x'\n",
        "  - a: \"x: \\n\"\n",
        "  - a: \"x: \" y\"\n",
        "  - a: x\n    a: y\n",
        "  - a: x\n     b: y\n",
        "  - a: x\n\n",
        "  - a: x\nb: y\n",
        "  - text\n",
        "  - a: x\r\n",
        "  - a:\n",
    ] {
        assert_eq!(written::items(other), None, "{other:?}");
    }
}

proptest! {
    #[test]
    fn what_is_kept_as_it_is_reads_as_anything_else_does(
        text in "((  - |    )(a|b|c_1|9|ü)(: | :|:)(x|\"\"|\"[a\"\\\\: -]{0,4}\"|'y'|\\[\\]|-1|[ -~]{0,5}|세| |#)\n?){1,6}",
    ) {
        if let Some(kept) = written::items(&text) {
            let whole = format!("sessions:\n{text}");
            let read = parse_mapping(&whole).expect("it is of the subset");
            let items: Vec<Item> = kept.iter().map(|item| Item::Pairs(item.pairs().into_owned())).collect();
            prop_assert_eq!(read.list("sessions"), Some(&items[..]));
            prop_assert_eq!(mapping_text(&read), whole.trim_end_matches('\n'));
            for item in &kept {
                for (key, value) in &*item.pairs() {
                    prop_assert_eq!(&item.get(key), &Some(value.clone()));
                }
            }
        }
    }
}
