//! Logs of both forms as steps, and what their edits did to files.

mod changes;
mod pairs;

use super::*;
use crate::session::{Access, Conversation};

fn log(rows: &[&str]) -> Conversation {
    Conversation::spool(rows.join("\n").as_bytes()).unwrap()
}

fn timeline(conversation: &Conversation) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.finish(conversation).unwrap();
    timeline
}

fn steps(conversation: &Conversation) -> (Timeline, Vec<Step>) {
    let timeline = timeline(conversation);
    let read = |number| Step::read(conversation, &timeline, number).unwrap().unwrap();
    let steps = (0..timeline.len()).map(read).collect();
    (timeline, steps)
}

/// What the changes of the last step of a log are.
fn last_changes(rows: &[&str]) -> Vec<Change> {
    let conversation = log(rows);
    let (timeline, steps) = steps(&conversation);
    Recovery::default().changes(&conversation, &timeline, steps.last().unwrap()).unwrap()
}

const READ: &str = r#"{"type":"tool_call","id":"1","name":"read_file","arguments":{"path":"a"}}"#;
const CONTENT: &str = r#"{"type":"tool_result","call_id":"1","content":"one\ntwo\n","metadata":{"bytes":8}}"#;
const EDIT: &str =
    r#"{"type":"tool_call","id":"2","name":"edit_file","arguments":{"path":"a","old_string":"two","new_string":"2"}}"#;
const EDITED: &str = r#"{"type":"tool_result","call_id":"2","content":"Applied edit"}"#;
const AGAIN: &str =
    r#"{"type":"tool_call","id":"3","name":"Edit","arguments":{"file_path":"a","old_string":"one","new_string":"1"}}"#;
const DONE: &str = r#"{"type":"tool_result","call_id":"3","content":"ok","success":true,"status":"completed"}"#;
const FAILED: &str = r#"{"type":"tool_result","call_id":"3","content":"Error: no","success":false,"status":"failed"}"#;

#[test]
fn a_call_and_its_result_are_one_step() {
    let conversation = log(&[
        r#"{"timestamp":"2026-05-02T08:00:00Z","type":"user_message","text":"Do it"}"#,
        r#"{"timestamp":"2026-05-02T08:00:01Z","type":"tool_call","id":"1","name":"bash","arguments":{"command":"ls"}}"#,
        r#"{"timestamp":"2026-05-02T08:00:01Z","type":"tool_call","id":"2","name":"bash","arguments":{"command":"make"}}"#,
        "",
        r#"{"timestamp":"2026-05-02T08:00:03Z","type":"tool_result","call_id":"2","content":"x\nExit code: 2\n"}"#,
        r#"{"timestamp":"2026-05-02T08:00:03Z","type":"tool_result","call_id":"1","content":"a\nExit code: 0"}"#,
        r#"{"type":"tool_result","call_id":"9","content":"of nothing"}"#,
        r#"{"type":"usage","role":"main","input_tokens":10,"output_tokens":3,"cache_read_tokens":7}"#,
        r#"{"type":"subagent_usage","input_tokens":10,"output_tokens":3}"#,
        r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"usage","input_tokens":10,"output_tokens":3}}"#,
        r#"{"type":"user_message","text":"More"}"#,
        r#"{"type":"assistant_message","text":""}"#,
        r#"{"type":"tool_call","id":"1","name":"skill","arguments":{}}"#,
        "{\"type\":\"user_mess",
    ]);
    let (timeline, steps) = steps(&conversation);
    let kinds: Vec<_> = timeline.marks().iter().map(|mark| (mark.kind(), mark.state())).collect();
    assert_eq!(
        kinds,
        [
            (Kind::Prompt, State::Open),
            (Kind::Call, State::Passed),
            (Kind::Call, State::Failed),
            (Kind::Result, State::Passed),
            (Kind::Prompt, State::Open),
            (Kind::Call, State::Open),
            (Kind::Damaged, State::Open),
        ]
    );
    let Act::Call { call, result: Some(result), took, .. } = &steps[1].act else { panic!("{:?}", steps[1]) };
    assert_eq!((call.command().unwrap().as_str(), result.content.as_str()), ("ls", "a\nExit code: 0"));
    assert_eq!(took.unwrap().as_secs(), 2);
    assert!(matches!(&steps[5].act, Act::Call { result: None, .. }));
    assert!(matches!(&steps[6].act, Act::Damaged { bytes, .. } if bytes == b"{\"type\":\"user_mess"));
    assert_eq!(timeline.turns().iter().map(|turn| turn.first).collect::<Vec<_>>(), [0, 4]);
    assert_eq!((timeline.turn_of(3), timeline.turn_of(4)), (Some(0), Some(1)));
    let tokens = Tokens { main: (10, 3), cached: 7, ..Tokens::default() };
    assert_eq!((timeline.turns()[0].tokens, timeline.tokens()), (tokens, tokens));
}

#[test]
fn the_calls_of_subagents_are_their_own() {
    let inner =
        |agent: &str, row: &str| format!(r#"{{"type":"subagent_event","subagent_id":"{agent}","inner":{row}}}"#);
    let rows = [
        r#"{"type":"subagent_spawned","subagent_id":"s","task":"look","depth":0,"model":"a/b"}"#.to_owned(),
        inner("s", READ),
        inner("t", READ),
        READ.to_owned(),
        inner("t", r#"{"type":"tool_result","call_id":"1","content":"t","success":true}"#),
        CONTENT.to_owned(),
        inner("s", r#"{"type":"tool_result","call_id":"1","content":"s","success":false}"#),
        r#"{"type":"subagent_completed","subagent_id":"s"}"#.to_owned(),
        r#"{"type":"subagent_completed","subagent_id":"t","status":"failed","error":"overloaded"}"#.to_owned(),
    ];
    let conversation = log(&rows.each_ref().map(String::as_str));
    let (timeline, steps) = steps(&conversation);
    let of = |step: &Step| match &step.act {
        Act::Call { result: Some(result), .. } => result.content.clone(),
        _ => String::new(),
    };
    let told: Vec<_> = steps.iter().map(|step| (step.agent.as_deref(), of(step))).collect();
    let told: Vec<_> = told.iter().map(|(agent, content)| (*agent, content.as_str())).collect();
    assert_eq!(
        told,
        [(Some("s"), ""), (Some("s"), "s"), (Some("t"), "t"), (None, "one\ntwo\n"), (Some("s"), ""), (Some("t"), "")]
    );
    let states: Vec<_> = timeline.marks()[4..].iter().map(|mark| mark.state()).collect();
    assert_eq!(states, [State::Passed, State::Failed]);
    assert!(timeline.mark(1).unwrap().is_nested() && !timeline.mark(3).unwrap().is_nested());
}

#[test]
fn calls_without_an_id_get_their_results_in_order() {
    let call = |name: &str| format!(r#"{{"type":"tool_call","name":"skill","arguments":{{"name":"{name}"}}}}"#);
    let result = |text: &str| format!(r#"{{"type":"tool_result","name":"skill","content":"{text}"}}"#);
    let prompt = r#"{"type":"user_message","text":"x"}"#.to_owned();
    let rows = [
        call("lost"),
        prompt,
        call("a"),
        READ.to_owned(),
        call("b"),
        result("of a"),
        result("of b"),
        result("of none"),
    ];
    let (timeline, steps) = steps(&log(&rows.each_ref().map(String::as_str)));
    let told = |step: &Step| match &step.act {
        Act::Call { result, .. } => result.as_ref().map(|result| result.content.clone()),
        Act::Result(result) => Some(result.content.clone()),
        _ => None,
    };
    let told: Vec<_> = steps.iter().map(told).collect();
    let told: Vec<_> = told.iter().map(Option::as_deref).collect();
    assert_eq!(told, [None, None, Some("of a"), None, Some("of b"), Some("of none")]);
    assert_eq!(timeline.mark(2).unwrap().state(), State::Passed);
}

#[test]
fn a_failure_of_a_subagent_is_one() {
    let inner = |row: &str| format!(r#"{{"type":"subagent_event","subagent_id":"s","inner":{row}}}"#);
    let rows = [
        inner(r#"{"type":"tool_call_pending","id":"1","name":"bash"}"#),
        inner(r#"{"type":"agent_error","error":"overloaded"}"#),
        inner(r#"{"type":"agent_done"}"#),
    ];
    let (timeline, steps) = steps(&log(&rows.each_ref().map(String::as_str)));
    assert_eq!(timeline.len(), 1);
    assert!(timeline.mark(0).unwrap().state().is_bad());
    assert_eq!(steps[0].act, Act::Notice { kind: "error".into(), message: "overloaded".into() });
}

#[test]
fn a_log_is_read_as_it_grows() {
    let path = tempfile::NamedTempFile::new().unwrap();
    let write = |text: &str| {
        use std::io::Write;
        std::fs::OpenOptions::new().append(true).open(path.path()).unwrap().write_all(text.as_bytes()).unwrap();
    };
    let conversation = Conversation::open(crate::session::Source::Path(path.path().to_owned())).unwrap();
    let mut timeline = Timeline::default();
    let mut read = || {
        timeline.read_on(&conversation, 1 << 20).unwrap();
        (timeline.len(), timeline.marks().last().map(|mark| mark.state()))
    };
    assert_eq!(read(), (0, None));
    write(&format!("{READ}\n{}", &CONTENT[..20]));
    assert_eq!(read(), (1, Some(State::Open)));
    write(&CONTENT[20..]);
    assert_eq!(read(), (1, Some(State::Passed)));
    write(&format!("\n{EDIT}\n"));
    assert_eq!(read(), (2, Some(State::Open)));
}
