//! An index that grows in its place is the one that is made anew.

use proptest::prelude::*;

use super::*;

fn handoff(id: &str) -> Mapping<'_> {
    Mapping(vec![("session_id".into(), Value::Text(id.into())), ("primary_goal".into(), Value::Text("a: b".into()))])
}

fn anew(old: &str, id: &str) -> Option<String> {
    let text = old.replace("\r\n", "\n").replace('\r', "\n");
    let index = read(&text).ok()?;
    Some(with(index, &handoff(id), "sessions/x.md"))
}

#[test]
fn entries_stay_and_those_of_the_session_go() {
    let entry = |id: &str| format!("  - session_id: {id}\n    file: sessions/{id}.md\n");
    let (one, two, three) = (entry("one"), entry("two"), entry("three"));
    let head = "schema_version: 1\nlatest_session: one\nteam: ours\nsessions:\n";
    for entries in [
        one.clone(),
        [&one[..], &two, &three].concat(),
        [&two[..], &one, &two, &two].concat(),
        two.clone(),
        two.trim_end().to_owned(),
        [&one[..], two.trim_end()].concat(),
        [&two[..], one.trim_end()].concat(),
    ] {
        let old = format!("{head}{entries}");
        let new = grown(old.clone().into_bytes(), &handoff("two"), "sessions/x.md")
            .map(|new| String::from_utf8(new).unwrap());
        assert_eq!(new.ok(), anew(&old, "two"), "{old}");
    }
}

#[test]
fn any_other_index_is_given_back() {
    for old in
        ["", "sessions:\n", "a: b\nsessions:\n", "a: b\nsessions:\n  - x\n", "sessions: x\nsessions:\n  - a: b\n"]
    {
        assert_eq!(grown(old.into(), &handoff("two"), "x"), Err(old.into()), "{old}");
    }
    let latin = b"a: \xe9\nsessions:\n  - session_id: x\n".to_vec();
    assert_eq!(grown(latin.clone(), &handoff("two"), "x"), Err(latin));
}

proptest! {
    #[test]
    fn grown_is_made_anew(
        head in "(latest_session: two\r?\n|status: x\r|sessions: x\n|\n){0,2}",
        entries in "(  - session_id: (one|two|\"two\"|\"a: b\")\n|    (file|x): (x|\"a: \"|[a-zé ]{0,4})\n?){0,9}",
        id in "(two|a: b|x)",
    ) {
        let old = format!("{head}a: b\nsessions:\n{entries}");
        if let Ok(new) = grown(old.clone().into_bytes(), &handoff(&id), "sessions/x.md") {
            prop_assert_eq!(String::from_utf8(new).ok(), anew(&old, &id), "{}", old);
        }
    }
}
