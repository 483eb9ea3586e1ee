//! Whatever has become of a transcript, what is written is a valid session, and nothing breaks.

use git_glue::log::transcripts::{Agent, Transcript};
use git_glue::log::validate_session;
use git_glue::session::Store;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{codex, gemini, lines, opencode, schema};

/// Lines of the agent's, as its transcripts have them.
fn sample(agent: Agent) -> Vec<Value> {
    match agent {
        Agent::Claude => super::claude(),
        Agent::Codex => codex::session("/w/api"),
        Agent::Gemini => {
            let prompt = gemini::message("m1", 1, "user", json!({"content": "Edit a"}));
            vec![
                gemini::head(),
                prompt,
                gemini::answer("success"),
                json!({"$rewindTo": "m9"}),
                json!({"$set": {"messages": [gemini::answer("error")]}}),
            ]
        }
        Agent::OpenCode => {
            let messages = opencode::messages().into_iter().map(|(info, parts)| json!({"info": info, "parts": parts}));
            vec![json!({"info": opencode::info(), "messages": messages.collect::<Vec<_>>()})]
        }
    }
}

/// All values in it, however deep.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                places(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(number, value)| places(value, &format!("{at}/{number}"), found));
        }
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(u64::MAX)),
        Just(json!(1.5e300)),
        Just(json!("")),
        Just(json!("m1")),
        Just(json!("../../x")),
        Just(json!("\u{1b}[2J\u{202e}")),
        Just(json!("9999-99-99T99:99:99Z")),
        Just(json!("+262142-12-31T23:59:59Z")),
        Just(json!("-000001-06-01T00:00:00Z")),
        Just(json!(-70_000_000_000_000_i64)),
        Just(json!("a\nb")),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"type": "text"}])),
        Just(json!({"a": [1]})),
        Just(json!(["x", 7, null])),
        Just(json!(i64::MIN)),
    ]
}

proptest! {
    #[test]
    fn a_transcript_may_have_any_shape(
        agent in prop_oneof![Just(Agent::Claude), Just(Agent::Codex), Just(Agent::Gemini), Just(Agent::OpenCode)],
        changes in proptest::collection::vec((any::<Index>(), any::<Index>(), any_value()), 0..8),
        swaps in proptest::collection::vec((any::<Index>(), any::<Index>()), 0..3),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut all = sample(agent);
        for (line, place, value) in changes {
            let line = line.get_mut(&mut all);
            let mut found = Vec::new();
            places(line, "", &mut found);
            if let Some(slot) = line.pointer_mut(&found[place.index(found.len())]) {
                *slot = value;
            }
        }
        for (one, other) in swaps {
            let (one, other) = (one.index(all.len()), other.index(all.len()));
            all.swap(one, other);
        }
        let mut bytes = lines(&all).into_bytes();
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(home.path());
        let Ok(transcript) = Transcript::spool(agent, &bytes[..]) else { return Ok(()) };
        let Ok(placed) = transcript.import(&store, false) else { return Ok(()) };
        let text = std::fs::read_to_string(placed.session.dir().join("conversation.jsonl")).unwrap();
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        schema::check_each(placed.session.id(), &rows);
        prop_assert_eq!(rows.len() as u64, placed.told.rows);
        prop_assert!(placed.session.dir().starts_with(home.path()) && placed.session.meta().is_ok_and(|meta| meta.problems.is_empty()));
        let mut wrong = Vec::new();
        let checked = validate_session(&placed.session, &mut |problem| wrong.push(problem));
        wrong.retain(|problem| !problem.is_warning);
        prop_assert!(checked.errors == 0, "{:?}: {:?}", agent, wrong);
    }
}
