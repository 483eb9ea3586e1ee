//! `git glue-replay` into a pipe: the steps of a session as text and as JSON.

use crate::programs::World;

/// A session of the newer form, after its tables: a prompt, an edit that is recorded, a command that fails, a subagent.
const NEWER: [&str; 11] = [
    r#"{"schema_version":1,"event_id":"s:1","session_id":"s","timestamp":"2026-08-12T09:00:00.200000Z","type":"user_message","sequence":1,"turn_id":"s:turn:1","text":"Count faster"}"#,
    r#"{"schema_version":1,"event_id":"s:2","session_id":"s","timestamp":"2026-08-12T09:00:01.000000Z","type":"assistant_message","sequence":2,"model_ref":"a/b","text":"The loop first."}"#,
    r#"{"schema_version":1,"event_id":"s:3","session_id":"s","timestamp":"2026-08-12T09:00:02.000000Z","type":"tool_call","sequence":3,"id":"t1","name":"edit_file","arguments":{"path":"src/deep/numbers","old_string":"b","new_string":"B"}}"#,
    r#"{"schema_version":1,"event_id":"s:4","session_id":"s","timestamp":"2026-08-12T09:00:02.100000Z","type":"tool_result","sequence":4,"call_id":"t1","content":"done","success":true,"status":"completed","metadata":{"diff":{"path":"src/deep/numbers","old_text":"a\nb\n","new_text":"a\nB\n"}}}"#,
    r#"{"schema_version":1,"event_id":"s:5","session_id":"s","timestamp":"2026-08-12T09:00:03.000000Z","type":"tool_call","sequence":5,"id":"t2","name":"bash","arguments":{"command":"make test"}}"#,
    r#"{"schema_version":1,"event_id":"s:6","session_id":"s","timestamp":"2026-08-12T09:00:09.000000Z","type":"tool_result","sequence":6,"call_id":"t2","content":"no\nExit code: 2\n","success":false,"status":"failed","metadata":{"exit_code":2}}"#,
    r#"{"schema_version":1,"event_id":"s:7","session_id":"s","timestamp":"2026-08-12T09:00:09.500000Z","type":"usage","sequence":7,"role":"main","model_ref":"a/b","input_tokens":120,"output_tokens":34,"turn_count":1}"#,
    r#"{"schema_version":1,"event_id":"s:8","session_id":"s","timestamp":"2026-08-12T09:00:10.000000Z","type":"subagent_spawned","sequence":8,"subagent_id":"sub-1","task":"Look around","depth":0,"model_ref":"a/c"}"#,
    r#"{"schema_version":1,"event_id":"s:9","session_id":"s","timestamp":"2026-08-12T09:00:11.000000Z","type":"subagent_event","sequence":9,"subagent_id":"sub-1","inner":{"type":"assistant_message","text":"Nothing here"}}"#,
    r#"{"schema_version":1,"event_id":"s:10","session_id":"s","timestamp":"2026-08-12T09:00:12.000000Z","type":"user_message","sequence":10,"turn_id":"s:turn:2","text":"And\u001b[2J then\u202e?"}"#,
    r#"{"timestamp":"2026-08-12T09:00:13.000Z","type":"file.moved","from":"a","to":"b"}"#,
];

fn world(rows: &[&str], capture: bool) -> World {
    let world = World::new();
    let dir = world.session("s", "Counting", capture.then_some(world.mbox.as_slice()));
    std::fs::write(dir.join("conversation.jsonl"), rows.join("\n")).unwrap();
    if capture {
        std::fs::write(dir.join("runtime.mbox.meta.json"), r#"{"captured_at":"2026-08-12T10:00:00.000Z"}"#).unwrap();
    }
    world
}

#[test]
fn steps_are_told_in_turns() {
    let (out, err) = world(&NEWER, false).ends(0, "replay", &["s"]);
    assert_eq!(err, "");
    let wanted = "\
── turn 1 · tokens: 120 in, 34 out

#1 2026-08-12T09:00:00Z prompt
    Count faster

#2 2026-08-12T09:00:01Z answer
    The loop first.

#3 2026-08-12T09:00:02Z edit_file
    src/deep/numbers
    @@ -1,2 +1,2 @@
     a
    -b
    +B

#4 2026-08-12T09:00:03Z bash: failed, exit code 2
    make test
    no
    Exit code: 2

#5 2026-08-12T09:00:10Z subagent starts [sub-1]
    Look around

#6 2026-08-12T09:00:11Z answer [sub-1]
    Nothing here

── turn 2

";
    assert!(out.starts_with(wanted), "{out}");
    assert!(out.contains("#8 2026-08-12T09:00:13Z file.moved\n    {"), "{out}");
}

#[test]
fn a_capture_tells_what_the_log_does_not() {
    let world = world(&NEWER, true);
    let (out, _) = world.ends(0, "replay", &["s"]);
    assert!(out.contains("the capture differs from the log"), "{out}");
    assert!(out.contains("  image +0 -0\n"), "{out}");
    assert!(out.contains("  src/deep/numbers (changed again) +"), "{out}");
    let object = world.json(0, "replay", &["s"]);
    let paths: Vec<_> = object["unseen"]["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["image", "new name", "src/deep/numbers"]);
}

#[test]
fn what_a_capture_and_the_log_agree_on_is_seen() {
    let world = World::new();
    let content = std::fs::read(world.sandbox.path("src/deep/numbers")).unwrap();
    let text = serde_json::Value::from(String::from_utf8(content).unwrap());
    let call =
        r#"{"type":"tool_call","id":"1","name":"write_file","arguments":{"path":"src/deep/numbers","content":TEXT}}"#;
    let result = r#"{"type":"tool_result","call_id":"1","content":"ok","metadata":{"diff":{"path":"src/deep/numbers","old_text":"","new_text":TEXT}}}"#;
    let rows = [call, result].map(|row| row.replace("TEXT", &text.to_string()));
    let dir = world.session("s", "Counting", Some(&world.mbox));
    std::fs::write(dir.join("conversation.jsonl"), rows.join("\n")).unwrap();
    let unseen = &world.json(0, "replay", &["s"])["unseen"];
    let paths: Vec<_> = unseen["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["image", "new name"]);
    assert_eq!(unseen["seen"], 1);
}

#[test]
fn ends_of_lines_are_shown_where_they_differ() {
    let world = World::new();
    let rows = [
        r#"{"type":"tool_call","id":"1","name":"edit_file","arguments":{"path":"a","old_string":"x\ny\n","new_string":"x\r\ny\n"}}"#,
        r#"{"type":"tool_result","call_id":"1","content":"ok","success":true}"#,
    ];
    let dir = world.session("s", "Ends", None);
    std::fs::write(dir.join("conversation.jsonl"), rows.join("\n")).unwrap();
    let (out, _) = world.ends(0, "replay", &["s"]);
    assert!(out.contains("    -x\n    +x\\r\n     y\n"), "{out}");
}

#[test]
fn what_the_log_made_and_a_command_undid_is_told() {
    let world = World::new();
    let call = |id: u8, tool: &str, arguments: &str| {
        let call = format!(r#"{{"type":"tool_call","id":"{id}","name":"{tool}","arguments":{{{arguments}}}}}"#);
        [call, format!(r#"{{"type":"tool_result","call_id":"{id}","content":"ok","success":true}}"#)]
    };
    let rows = [
        call(1, "write_file", r#""path":"/w/made","content":"x""#),
        call(2, "edit_file", r#""path":"./base","old_string":"1","new_string":"2""#),
        call(3, "edit_file", r#""path":"old name","old_string":"content","new_string":"more""#),
        call(4, "write_file", r#""path":"/tmp/elsewhere","content":"x""#),
        call(5, "bash", r#""command":"rm made numbers; git checkout base""#),
        call(6, "read_file", r#""path":"src/deep/numbers""#),
        call(7, "write_file", r#""path":"numbers","content":"1""#),
    ];
    let dir = world.session("s", "Undone", Some(&world.mbox));
    std::fs::write(dir.join("conversation.jsonl"), rows.concat().join("\n")).unwrap();
    let object = world.json(0, "replay", &["s"]);
    let files = object["unseen"]["files"].as_array().unwrap().iter();
    let files: Vec<_> = files.map(|file| (&file["path"], &file["logged"], &file["captured"])).collect();
    let (yes, no) = (&true.into(), &false.into());
    let file = |path: &'static str| serde_json::Value::from(path);
    let names = ["image", "new name", "src/deep/numbers"].map(file);
    let unlogged = [files[0], files[1], files[3]];
    assert_eq!(unlogged, names.each_ref().map(|name| (name, no, yes)));
    // It has another name in the end, which the log does not tell.
    assert_eq!(files[2], (&file("old name"), yes, yes));
    // The file of the same name further down is another one: it has its own in the log.
    let names = ["made", "base", "numbers"].map(file);
    assert_eq!(files[4..], names.each_ref().map(|name| (name, yes, no)));
    let (out, _) = world.ends(0, "replay", &["s"]);
    assert!(out.contains("  made (undone, or ignored by git)\n"), "{out}");
    let (page, _) = world.ends(0, "replay", &["--html", "-", "s"]);
    assert!(page.contains("<span class=\"remark\">undone, or ignored by git</span>"), "{page}");
    // What is cut off a truncated one may have had them.
    let cut = [world.mbox.as_slice(), b"<<< truncated: original was 99999 bytes, cap is 9 >>>\n"].concat();
    std::fs::write(dir.join("runtime.mbox"), cut).unwrap();
    let object = world.json(0, "replay", &["s"]);
    assert_eq!(object["unseen"]["files"].as_array().unwrap().len(), 4, "{object}");
}

#[test]
fn what_is_said_in_another_form_is_shown_too() {
    let rows = [
        r#"{"type":"user_message","text":[{"type":"text","text":"from a block"}]}"#,
        r#"{"type":"tool_call","id":"1","name":"grep","arguments":{"pattern":"x"}}"#,
        r#"{"type":"tool_result","call_id":"1","content":"","summary":"3 matches","success":true}"#,
        r#"{"type":"tool_call","id":"2","name":"mcp__x","arguments":{}}"#,
        r#"{"type":"tool_result","call_id":"2","content":[{"type":"text","text":"in blocks"}],"success":true}"#,
        r#"{"type":"assistant_message","content":[{"type":"image","data":"pixels"}]}"#,
        r#"{"type":"user_message","text":""}"#,
        r#"{"type":"user_message","text":{"newer":"form"}}"#,
        r#"{"type":"tool_result","call_id":"of nothing","summary":"lonely"}"#,
    ];
    let world = world(&rows, false);
    let (out, _) = world.ends(0, "replay", &["s"]);
    let said = ["from a block", "3 matches", "in blocks", "pixels", "(empty)", "newer", "lonely"];
    let (page, _) = world.ends(0, "replay", &["--html", "-", "s"]);
    for text in said {
        assert!(out.contains(text), "{text} in {out}");
        assert!(page.contains(text), "{text} in {page}");
    }
    for (step, prompt) in [(1, "from a block"), (5, "(empty)"), (6, "(not to be read)")] {
        assert!(page.contains(&format!("<a href=\"#s{step}\">{prompt}</a>")), "{prompt} in {page}");
    }
    assert_eq!(world.json(0, "replay", &["s"])["turns"].as_array().unwrap().len(), 3);
}

#[test]
fn data_has_every_step_whole() {
    let object = world(&NEWER, false).json(0, "replay", &["s"]);
    assert_eq!(object["session"]["title"], "Counting");
    assert_eq!(object["turns"].as_array().unwrap().len(), 2);
    assert_eq!(object["tokens"]["main"]["input"], 120);
    let steps = object["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 8);
    assert_eq!(steps[2]["changes"][0]["hunks"], "@@ -1,2 +1,2 @@\n a\n-b\n+B\n");
    assert_eq!((&steps[3]["outcome"], &steps[3]["failure"]), (&"failed".into(), &"exit code 2".into()));
    assert_eq!(steps[3]["took_ms"], 6000);
    assert_eq!(steps[6]["text"], "And\u{1b}[2J then\u{202e}?");
    assert_eq!(steps[7]["row"]["from"], "a");
}

#[test]
fn replaying_starts_where_it_is_told_to() {
    let world = world(&NEWER, false);
    let (out, _) = world.ends(0, "replay", &["--start", "8", "s"]);
    assert!(out.contains("#8 ") && !out.contains("#7 "), "{out}");
    let to = world.sandbox.root().join("page.html");
    let page = ["--html", to.to_str().unwrap()];
    for (args, code, wanted) in [
        (&["--start", "9"][..], 1, "error: there is no step 9: there are 8 steps in 2 turns\n"),
        (&["--start", "0"], 2, "steps are counted from 1"),
        (&["--end", "0"], 2, "steps are counted from 1"),
        (&["--start", "5", "--end", "4"], 2, "error: --end 4 is before --start 5\n"),
        (&["--start", "8", "--end", "99"], 0, ""),
    ] {
        let (out, err) = world.ends(code, "replay", &[args, &["s"]].concat());
        assert!(err.contains(wanted) && out.is_empty() == (code > 0), "{out}{err}");
        let (_, err) = world.ends(code, "replay", &[args, &page, &["s"]].concat());
        assert!(err.contains(wanted) && to.exists() == (code == 0), "{err}");
    }
    assert_eq!(world.json(1, "replay", &["--start", "9", "s"])["error"]["kind"], "no-such-step");
}

#[test]
fn an_empty_log_is_said_to_be() {
    let world = world(&[], false);
    assert_eq!(world.ends(0, "replay", &["s"]), ("".into(), "the log is empty\n".into()));
    let (page, _) = world.ends(0, "replay", &["--html", "-", "s"]);
    assert!(page.contains("<p class=\"note\">The log is empty.</p>"), "{page}");
    assert_eq!(world.json(0, "replay", &["s"])["steps"], serde_json::json!([]));
}

#[test]
fn a_log_is_found_by_whatever_names_it() {
    let world = world(&NEWER, false);
    let path = world.sessions().join("s/conversation.jsonl");
    let (by_id, _) = world.ends(0, "replay", &["s"]);
    for name in ["latest", path.to_str().unwrap(), path.parent().unwrap().to_str().unwrap()] {
        assert_eq!(world.ends(0, "replay", &[name]).0, by_id, "{name}");
    }
    let (_, err) = world.ends(1, "replay", &["absent"]);
    assert!(err.contains("no session `absent`"), "{err}");
    world.session("quiet", "Nothing was said", None);
    let (_, err) = world.ends(1, "replay", &["quiet"]);
    assert!(err.contains("session quiet has no conversation") && err.contains("git glue-log append"), "{err}");
}

#[test]
fn a_row_that_is_too_long_is_said_to_be() {
    let long = format!(r#"{{"type":"assistant_message","text":"{}"}}"#, "x".repeat(16 << 20));
    let world = world(&[NEWER[0], &long, NEWER[1]], false);
    let (out, _) = world.ends(0, "replay", &["s"]);
    assert!(out.contains("#2 row of 16 MB, too long to be shown\n    {\"type\":\"assistant"), "{}", &out[..900]);
    assert!(out.contains("The loop first."));
    let step = &world.json(0, "replay", &["s"])["steps"][1];
    assert_eq!((&step["too_long"], &step["bytes"]), (&true.into(), &long.len().into()));
}

#[test]
fn a_torn_row_costs_itself() {
    let mut rows = NEWER.to_vec();
    rows.insert(1, "{\"type\":\"assistant_mess");
    rows.push("{\"type\":\"user_message\",\"text\":\"half");
    let (out, _) = world(&rows, false).ends(0, "replay", &["s"]);
    assert!(out.contains("#2 damaged row of 23 bytes\n    {\"type\":\"assistant_mess\n"), "{out}");
    assert!(out.contains("#10 damaged row of 35 bytes\n    {\"type\":\"user_message\",\"text\":\"half\n"), "{out}");
    assert!(out.contains("+B"), "{out}");
}

#[test]
fn what_only_a_subagent_spent_is_told_the_same_everywhere() {
    let rows = [
        r#"{"type":"user_message","text":"Look"}"#,
        r#"{"type":"usage","role":"subagent","input_tokens":2345,"output_tokens":67}"#,
    ];
    let world = world(&rows, false);
    let (out, _) = world.ends(0, "replay", &["s"]);
    assert!(out.starts_with("── turn 1 · tokens: subagents 2.3k in, 67 out\n"), "{out}");
    let (page, _) = world.ends(0, "replay", &["--html", "-", "s"]);
    assert!(page.contains("<span class=\"tokens\">subagents 2.3k in, 67 out</span>"), "{page}");
}

#[test]
fn a_turn_may_be_long() {
    let answer = format!(r#"{{"type":"assistant_message","text":"{}"}}"#, "x".repeat(1 << 20));
    let mut rows = vec![NEWER[0], NEWER[2]];
    rows.extend([&*answer; 10]);
    rows.extend([NEWER[3], NEWER[6]]);
    let (out, _) = world(&rows, false).ends(0, "replay", &["s"]);
    assert!(out.starts_with("── turn 1 · tokens: 120 in, 34 out\n"), "{}", &out[..90]);
    assert!(out.contains("edit_file\n    src/deep/numbers\n"), "{}", &out[..900]);
}

#[test]
fn what_is_hidden_deep_in_a_row_is_shown() {
    let rows = [
        r#"{"type":"subagent_event","subagent_id":"s","inner":{"type":"subagent_event","subagent_id":"t","inner":{"type":"assistant_message","text":"deep"}}}"#,
        r#"{"type":"subagent_event","subagent_id":"s","note":"no inner"}"#,
        r#"{"type":"tool_call","id":"1","name":"write_file","arguments":"{\"path\":\"a\",\"content\":\"as text\\n\"}"}"#,
        r#"{"type":"tool_result","call_id":"1","content":"ok","summary":"Created a"}"#,
        r#"{"type":"tool_call","id":"2","name":"odd","arguments":["a list"]}"#,
    ];
    let (out, _) = world(&rows, false).ends(0, "replay", &["s"]);
    for said in ["answer [t]\n    deep", "no inner", "    a\n    @@ -0,0 +1 @@\n    +as text\n", "a list"] {
        assert!(out.contains(said), "{said} in {out}");
    }
}
