//! What calls did to files, as far as the log tells.

use super::*;

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

/// The steps of a session that calls `apply_patch`, one after the other, after it has read `a`; and what they change.
fn patched(patches: &[&str]) -> Vec<Vec<(String, Option<&'static str>, String)>> {
    let call = |number: usize, patch: &str| {
        let input = patch.replace('\n', "\\n");
        let call = format!(
            r#"{{"type":"tool_call","id":"p{number}","name":"apply_patch","arguments":{{"input":"{input}"}}}}"#
        );
        [call, format!(r#"{{"type":"tool_result","call_id":"p{number}","content":"ok"}}"#)]
    };
    let calls = patches.iter().enumerate().flat_map(|(number, patch)| call(number, patch));
    let rows: Vec<String> = [READ.to_owned(), CONTENT.to_owned()].into_iter().chain(calls).collect();
    let conversation = log(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let (timeline, steps) = steps(&conversation);
    let mut recovery = Recovery::default();
    let mut changes = |step| recovery.changes(&conversation, &timeline, step).unwrap();
    let told = |change: Change| (change.path.clone(), change.remark(), change.hunks());
    steps[1..].iter().map(|step| changes(step).into_iter().map(told).collect()).collect()
}

#[test]
fn a_patch_moves_files() {
    let changes = patched(&[
        "*** Update File: a\n*** Move to: b\n@@\n one\n-two\n+2\n",
        "*** Update File: b\n@@\n-one\n+1\n",
        "*** Update File: a\n@@\n-one\n+1\n",
        "*** Update File: b\n*** Move to: c\n*** End Patch\n",
        "*** Update File: lost\n*** Move to: found\n",
    ]);
    let rebuilt = Some("rebuilt from earlier steps");
    let part = Some("the part that was replaced; where it is in the file was not recorded");
    let told = |path: &str, remark, hunks: &str| (path.to_owned(), remark, hunks.to_owned());
    let wanted = [
        vec![told("a", rebuilt, "@@ -1,2 +0,0 @@\n-one\n-two\n"), told("b", rebuilt, "@@ -0,0 +1,2 @@\n+one\n+2\n")],
        vec![told("b", rebuilt, "@@ -1,2 +1,2 @@\n-one\n+1\n 2\n")],
        vec![told("a", part, "@@ -1 +1 @@\n-one\n+1\n")],
        vec![told("b", rebuilt, "@@ -1,2 +0,0 @@\n-1\n-2\n"), told("c", rebuilt, "@@ -0,0 +1,2 @@\n+1\n+2\n")],
        vec![
            told("lost", Some("deleted, the text was not recorded"), ""),
            told("found", Some("moved, the text was not recorded"), ""),
        ],
    ];
    assert_eq!(changes, wanted);
}

#[test]
fn each_section_of_a_patch_finds_what_those_before_it_made() {
    let changes = patched(&[
        "*** Add File: n\n+1\n+2\n*** Update File: n\n@@\n-2\n+3\n",
        "*** Delete File: d\n*** Add File: d\n+new\n",
        "*** Add File: n\n+4\n",
        "*** Update File: a\n*** Move to: b\n*** Update File: b\n*** Move to: c\n@@\n-one\n+1\n",
    ]);
    let told: Vec<_> = changes.iter().flatten().map(|(path, _, hunks)| (path.as_str(), hunks.as_str())).collect();
    let wanted = [
        ("n", "@@ -0,0 +1,2 @@\n+1\n+3\n"),
        ("d", "@@ -0,0 +1 @@\n+new\n"),
        ("n", "@@ -1,2 +1 @@\n-1\n-3\n+4\n"),
        ("a", "@@ -1,2 +0,0 @@\n-one\n-two\n"),
        ("b", ""),
        ("c", "@@ -0,0 +1,2 @@\n+1\n+two\n"),
    ];
    assert_eq!(told, wanted);
}
