//! `glue-handoff draft`: what is filled in, and what becomes of it.

use std::fs;

use crate::handoff::Desk;

#[test]
fn a_gap_of_a_draft_is_refused_by_its_place() {
    let desk = Desk::new();
    let (draft, _) = desk.ends(0, &["draft"], "");
    let (_, err) = desk.ends(2, &["create"], &draft);
    for place in ["primary_goal", "# What We Did", "next_todo_items[0]", "validation[0].result"] {
        assert!(err.contains(&format!("  - {place} still has a gap")), "{place}: {err}");
    }
    assert!(!err.contains("missing required"), "{err}");
    assert!(!desk.path("").exists());
}

#[test]
fn a_draft_knows_what_the_session_did_and_a_filled_one_goes_the_whole_way() {
    let desk = Desk::new();
    desk.sandbox.write("a.rs", "a");
    desk.sandbox.commit("one\n");
    let session = desk.sandbox.home().join(".glue/sessions/1786480000123-4242-1k9zq3f");
    fs::create_dir_all(&session).unwrap();
    let meta = r#"{"schema_version":3,"id":"1786480000123-4242-1k9zq3f","cwd":"/w","title":"Refactor: auth","model_ref":"x/y"}"#;
    fs::write(session.join("meta.json"), meta).unwrap();
    let rows = concat!(
        r#"{"type":"tool_call","id":"1","name":"bash","arguments":{"command":"cargo test"}}"#,
        "\n",
        r#"{"type":"tool_result","call_id":"1","content":"ok","success":true,"metadata":{"exit_code":0}}"#
    );
    fs::write(session.join("conversation.jsonl"), rows).unwrap();
    let (draft, _) = desk.ends(0, &["draft", "--from-session", "17864"], "");
    assert!(draft.contains("primary_goal: \"Refactor: auth\"\n") && draft.contains("agent: x/y\n"), "{draft}");
    assert!(draft.contains("validation:\n  - command: cargo test\n    result: passed\n"), "{draft}");
    let mut filled = String::new();
    let mut rest = draft.as_str();
    while let Some((before, gap)) = rest.split_once("<<FILL: ") {
        filled += before;
        filled += "Something";
        rest = gap.split_once(">>").unwrap().1;
    }
    desk.create(&(filled + rest));
    desk.ends(0, &["validate", "--sessions", "--git"], "");
    assert!(desk.ends(0, &["status", "--git"], "").0.ends_with("validation: OK\n"), "nothing has moved");
    let (_, err) = desk.ends(1, &["draft", "--from-session", "nobody"], "");
    assert!(err.starts_with("error: "), "{err}");
}

#[test]
fn a_draft_is_of_the_root_that_create_writes_to() {
    let desk = Desk::new();
    desk.sandbox.write("web/a.ts", "a");
    desk.sandbox.commit("one\n");
    let web = desk.sandbox.path("web").canonicalize().unwrap();
    let (draft, _) = desk.ends(0, &["draft", "--repo-root", "web"], "");
    assert!(draft.contains(&format!("\nrepo_root: {}\n", web.display())), "{draft}");
    let (inside, _) = {
        let output = desk.sandbox.command("glue-handoff").arg("draft").current_dir(&web).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.stderr)
    };
    let fields = |text: &str| text.lines().skip(4).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(fields(&inside), fields(&draft), "the current directory is the root that nobody named");
}
