//! Logs of both forms as steps, and what their edits did to files.

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

#[test]
fn the_result_tells_a_change_best() {
    let changes = last_changes(&[
        EDIT,
        r#"{"type":"tool_result","call_id":"2","content":"ok","success":true,"status":"completed","metadata":{"diff":{"path":"a","old_text":"1\ntwo\n","new_text":"1\n2\n"}}}"#,
    ]);
    assert_eq!(changes[0].hunks(), "@@ -1,2 +1,2 @@\n 1\n-two\n+2\n");
    assert!(changes[0].is_applied && changes[0].remark().is_none());
}

#[test]
fn earlier_steps_tell_what_a_file_was() {
    let changes = last_changes(&[READ, CONTENT, EDIT, EDITED, AGAIN, DONE]);
    let text = Text { before: "one\n2\n".into(), after: "1\n2\n".into() };
    assert_eq!(changes[0].recovered, Recovered::Rebuilt(text));
}

#[test]
fn without_them_the_part_is_told() {
    let changes = last_changes(&[EDIT, EDITED, AGAIN, DONE]);
    assert_eq!(changes[0].recovered, Recovered::Parts(vec![Text { before: "one".into(), after: "1".into() }]));
    // A command changed the file in between: the edit fits nowhere.
    let other = CONTENT.replace("two", "zwei").replace('8', "9");
    let changes = last_changes(&[READ, &other, EDIT, EDITED]);
    assert!(matches!(changes[0].recovered, Recovered::Parts(_)));
}

#[test]
fn what_did_not_happen_is_not_applied() {
    let changes = last_changes(&[READ, CONTENT, AGAIN, FAILED]);
    assert_eq!((changes[0].is_applied, changes[0].remark()), (false, Some("not applied")));
    assert_eq!(changes[0].hunks(), "@@ -1,2 +1,2 @@\n-one\n+1\n two\n");
    let changes = last_changes(&[READ, CONTENT, AGAIN]);
    assert!(!changes[0].is_applied);
    // Nor is it a part of the file later.
    let changes = last_changes(&[READ, CONTENT, AGAIN, FAILED, EDIT, EDITED]);
    let text = Text { before: "one\ntwo\n".into(), after: "one\n2\n".into() };
    assert_eq!(changes[0].recovered, Recovered::Rebuilt(text));
}

#[test]
fn a_file_that_is_written_whole_says_what_it_was_if_anybody_knows() {
    let write = r#"{"type":"tool_call","id":"3","name":"write_file","arguments":{"path":"a","content":"new\n"}}"#;
    let text = |before: &str| Text { before: before.into(), after: "new\n".into() };
    assert_eq!(last_changes(&[write, DONE])[0].recovered, Recovered::Overwritten("new\n".into()));
    assert_eq!(last_changes(&[READ, CONTENT, write, DONE])[0].recovered, Recovered::Rebuilt(text("one\ntwo\n")));
    let created = r#"{"type":"tool_result","call_id":"3","content":"ok","summary":"Created a (1 lines)"}"#;
    assert_eq!(last_changes(&[write, created])[0].recovered, Recovered::Recorded(text("")));
}

#[test]
fn a_file_is_one_however_it_is_named() {
    let name = |row: &str, name: &str| row.replace(r#""a""#, &format!(r#""{name}""#));
    let patch = r#"{"type":"tool_call","id":"3","name":"apply_patch","arguments":{"input":"*** Begin Patch\n*** Update File: b/../a\n@@\n-one\n+1\n*** Update File: /w/a\n@@\n-2\n+II\n*** End Patch\n"}}"#;
    let conversation = log(&[&name(READ, "/w/a"), CONTENT, &name(EDIT, "./a"), EDITED, patch, DONE]);
    let mut timeline = Timeline::new("/w");
    timeline.finish(&conversation).unwrap();
    assert_eq!(timeline.files().iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(timeline.touches("a").len(), 3);
    let mut recovery = Recovery::default();
    let step = Step::read(&conversation, &timeline, 2).unwrap().unwrap();
    let changes = recovery.changes(&conversation, &timeline, &step).unwrap();
    let text = Text { before: "one\n2\n".into(), after: "1\nII\n".into() };
    assert_eq!((changes.len(), &changes[0].path, &changes[0].recovered), (1, &"a".into(), &Recovered::Rebuilt(text)));
    let at = recovery.file_at(&conversation, &timeline, "a", 2).unwrap();
    assert_eq!(at.whole, Some(Text { before: "one\ntwo\n".into(), after: "1\nII\n".into() }));
}

#[test]
fn patches_of_codex_are_edits() {
    let patch = r#"{"type":"tool_call","id":"3","name":"apply_patch","arguments":{"input":"*** Begin Patch\n*** Update File: a\n@@\n one\n-two\n+2\n*** Add File: b\n+new\n*** End Patch\n"}}"#;
    let changes = last_changes(&[READ, CONTENT, patch, DONE]);
    let names: Vec<_> = changes.iter().map(|change| (change.path.as_str(), change.access)).collect();
    assert_eq!(names, [("a", Access::Edit), ("b", Access::Write)]);
    assert_eq!(changes[0].hunks(), "@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
    assert_eq!(changes[1].hunks(), "@@ -0,0 +1 @@\n+new\n");
}

#[test]
fn a_file_at_the_playhead_is_all_that_was_done_to_it() {
    let conversation = log(&[READ, CONTENT, EDIT, EDITED, AGAIN, DONE]);
    let timeline = timeline(&conversation);
    let mut recovery = Recovery::default();
    let mut at = |playhead| recovery.file_at(&conversation, &timeline, "a", playhead).unwrap();
    assert_eq!(at(0), FileAt { whole: None, steps: vec![] });
    let text = |after: &str| Some(Text { before: "one\ntwo\n".into(), after: after.into() });
    assert_eq!(at(2), FileAt { whole: text("1\n2\n"), steps: vec![1, 2] });
    assert_eq!(at(1), FileAt { whole: text("one\n2\n"), steps: vec![1] });
}

#[test]
fn a_patch_that_only_adds_makes_no_file() {
    let patch = r#"{"type":"tool_call","id":"3","name":"apply_patch","arguments":{"input":"*** Begin Patch\n*** Update File: u\n@@ fn b() {\n+    inserted\n*** End Patch\n"}}"#;
    assert!(matches!(&last_changes(&[patch, DONE])[0].recovered, Recovered::Parts(_)));
}

#[test]
fn all_that_a_patch_says_of_a_file_is_one_change() {
    let patch = r#"{"type":"tool_call","id":"3","name":"apply_patch","arguments":{"input":"*** Begin Patch\n*** Update File: a\n@@\n-one\n+1\n*** Update File: a\n@@\n-two\n+2\n*** End Patch\n"}}"#;
    let changes = last_changes(&[READ, CONTENT, patch, DONE]);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].hunks(), "@@ -1,2 +1,2 @@\n-one\n-two\n+1\n+2\n");
}

#[test]
fn a_new_file_may_be_empty() {
    let write = r#"{"type":"tool_call","id":"3","name":"write_file","arguments":{"path":"a","content":""}}"#;
    for (metadata, wanted) in [("true", Some("new, empty")), ("false", None)] {
        let diff = r#"{"path":"a","old_text":"","new_text":""}"#;
        let metadata = format!(r#"{{"is_new_file":{metadata},"diff":{diff}}}"#);
        let result = format!(r#"{{"type":"tool_result","call_id":"3","content":"ok","metadata":{metadata}}}"#);
        assert_eq!(last_changes(&[write, &result])[0].remark(), wanted);
    }
    let patch = r#"{"type":"tool_call","id":"3","name":"apply_patch","arguments":{"input":"*** Begin Patch\n*** Add File: a\n*** End Patch\n"}}"#;
    assert_eq!(last_changes(&[patch, DONE])[0].remark(), Some("new, empty"));
}

#[test]
fn a_part_of_a_file_does_not_end_it() {
    assert_eq!(last_changes(&[EDIT, EDITED, AGAIN, DONE])[0].hunks(), "@@ -1 +1 @@\n-one\n+1\n");
}

#[test]
fn what_was_found_while_a_call_was_open_is_found_again_when_its_result_has_come() {
    let edit = |id: &str, old: &str| {
        let arguments = format!(r#"{{"path":"a","old_string":"{old}","new_string":"<{old}>"}}"#);
        format!(r#"{{"type":"tool_call","id":"{id}","name":"edit_file","arguments":{arguments}}}"#)
    };
    let done = |id: &str| format!(r#"{{"type":"tool_result","call_id":"{id}","content":"ok"}}"#);
    let rows = [READ.into(), CONTENT.into(), edit("p", "one"), edit("q", "two"), done("q"), done("p")];
    let log = |rows: &[String]| Conversation::spool((rows.join("\n") + "\n").as_bytes()).unwrap();
    let (early, late) = (log(&rows[..4]), log(&rows));
    let (mut timeline, mut recovery) = (Timeline::default(), Recovery::default());
    let mut hunks = |conversation| {
        timeline.finish(conversation).unwrap();
        let step = Step::read(conversation, &timeline, 2).unwrap().unwrap();
        recovery.changes(conversation, &timeline, &step).unwrap()[0].hunks()
    };
    assert_eq!(hunks(&early), "@@ -1,2 +1,2 @@\n one\n-two\n+<two>\n");
    assert_eq!(hunks(&late), "@@ -1,2 +1,2 @@\n <one>\n-two\n+<two>\n");
}

#[test]
fn a_change_is_the_same_wherever_one_comes_from() {
    let create = r#"{"type":"tool_call","id":"1","name":"edit_file","arguments":{"path":"a","old_string":"","new_string":"one\ntwo\n"}}"#;
    let created = r#"{"type":"tool_result","call_id":"1","content":"ok"}"#;
    let conversation = log(&[create, created, EDIT, EDITED, AGAIN, DONE]);
    let (timeline, steps) = steps(&conversation);
    let change = |recovery: &mut Recovery, step| recovery.changes(&conversation, &timeline, step).unwrap().remove(0);
    let mut recovery = Recovery::default();
    for step in &steps {
        let onward = change(&mut recovery, step);
        assert!(matches!(&onward.recovered, Recovered::Rebuilt(_)), "{onward:?}");
        assert_eq!(change(&mut Recovery::default(), step), onward);
    }
}
