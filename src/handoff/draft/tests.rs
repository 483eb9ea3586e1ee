//! Drafts of projects with and without a repository and a session.

use std::process::Command;

use super::*;
use crate::handoff::fields;
use crate::handoff::frontmatter::{self, Reading};
use crate::session::Store;

fn git(directory: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    let output = Command::new("git").args(identity).args(args).current_dir(directory).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The value of a top-level key, as it stands there.
fn value<'a>(document: &'a str, key: &str) -> &'a str {
    let line = document.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {key}")).trim()
}

/// The protocol reads it, and finds nothing wrong with it but its gaps.
fn check_form(document: &str) {
    let read = frontmatter::parse(document, Reading::Strict).unwrap();
    assert!(read.mapping.0.iter().map(|(key, _)| &**key).eq(fields::required()), "{document}");
    let problems = fields::problems(&read, Reading::Strict).all();
    assert!(
        problems.iter().all(|problem| problem.ends_with("still has a gap of the draft to be filled in")),
        "{problems:?}"
    );
    assert_eq!(BODY.map(|(heading, _)| heading), fields::HEADINGS);
    assert!(has_gap(&read.body));
}

#[test]
fn without_anything_there_are_gaps() {
    let place = tempfile::tempdir().unwrap();
    let document = draft(place.path(), None).unwrap();
    check_form(&document);
    assert_eq!((value(&document, "current_branch"), value(&document, "head_commit")), ("unknown", "unknown"));
    assert_eq!((value(&document, "status"), value(&document, "schema_version")), ("IN_PROGRESS", "1"));
    assert_eq!(value(&document, "repo_root"), place.path().canonicalize().unwrap().to_str().unwrap());
    for key in ["agent", "primary_goal"] {
        assert!(has_gap(value(&document, key)), "{key}");
    }
    assert_eq!(document.matches(GAP).count(), 2 + 5 + 3 + BODY.len());
    let date = value(&document, "session_date");
    assert!(value(&document, "generated_at").starts_with(&format!("\"{date}T")));
    assert!(value(&document, "session_id").starts_with(&format!("{date}-session-")));
    assert_ne!(value(&document, "session_id"), value(&draft(place.path(), None).unwrap(), "session_id"));
}

#[test]
fn a_repository_fills_in_where_it_is() {
    let place = tempfile::tempdir().unwrap();
    git(place.path(), &["init", "-q", "-b", "topic/Add_Flag"]);
    let document = draft(place.path(), None).unwrap();
    assert_eq!((value(&document, "current_branch"), value(&document, "head_commit")), ("topic/Add_Flag", "unknown"));
    assert!(value(&document, "session_id").contains("-topic-add-flag-"));
    git(place.path(), &["commit", "-q", "--allow-empty", "-m", "one"]);
    let document = draft(place.path(), None).unwrap();
    check_form(&document);
    assert_eq!(value(&document, "head_commit"), git(place.path(), &["rev-parse", "HEAD"]));
    git(place.path(), &["checkout", "-q", "--detach"]);
    assert_eq!(value(&draft(place.path(), None).unwrap(), "current_branch"), "HEAD");
}

#[test]
fn a_session_fills_in_what_it_tells() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(place.path().join("glue"));
    let mut meta = Meta::new("1786480000123-4242-1k9zq3f", "/workspace");
    meta.title = Some("Add: a \"dry run\"\nflag".into());
    meta.model_ref = Some("anthropic/claude-sonnet-5".into());
    let session = store.create(&meta).unwrap();
    let document = draft(place.path(), Some(&session)).unwrap();
    check_form(&document);
    assert_eq!(value(&document, "active_context_files"), "");
    let rows = [
        r#"{"type":"user_message","text":"Please add a flag"}"#,
        r#"{"type":"tool_call","id":"1","name":"edit_file","arguments":{"path":"/workspace/src/cli: x.rs"}}"#,
        r#"{"type":"tool_result","call_id":"1","content":"ok","success":true}"#,
        r#"{"type":"tool_call","id":"2","name":"bash","arguments":{"command":"cargo test -- 'a: b' \\ #1"}}"#,
        r#"{"type":"tool_result","call_id":"2","content":"no","success":false,"metadata":{"exit_code":101}}"#,
    ];
    std::fs::write(session.path("conversation.jsonl"), rows.join("\n")).unwrap();
    let document = draft(place.path(), Some(&session)).unwrap();
    check_form(&document);
    assert_eq!(value(&document, "agent"), "anthropic/claude-sonnet-5");
    assert_eq!(value(&document, "primary_goal"), r#""Add: a \"dry run\" flag""#);
    assert!(value(&document, "session_id").contains("-add-a-dry-run-flag-"));
    assert!(document.contains("active_context_files:\n  - \"src/cli: x.rs\"\ncompleted_tasks:\n"));
    assert!(document.contains(
        "validation:\n  - command: \"cargo test -- 'a: b' \\\\ #1\"\n    result: failed\n    notes: exit code 101\n---\n"
    ));
    assert!(document.contains("completed_tasks:\n  - \"<<FILL: "));
}

#[test]
fn without_a_title_the_first_prompt_is_the_goal() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("conversation.jsonl"), r#"{"type":"user_message","text":"Fix it"}"#).unwrap();
    let document = draft(place.path(), Some(&Session::at(place.path()))).unwrap();
    check_form(&document);
    assert_eq!(value(&document, "primary_goal"), "Fix it");
    assert!(has_gap(value(&document, "agent")));
}

#[test]
fn what_cannot_be_read_is_told() {
    let place = tempfile::tempdir().unwrap();
    let absent = place.path().join("absent");
    let error = draft(&absent, None).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is not a directory", absent.display()));
    assert!(error.hint().contains("--repo-root"));
    std::fs::create_dir(place.path().join("conversation.jsonl")).unwrap();
    let error = draft(place.path(), Some(&Session::at(place.path()))).unwrap_err();
    assert!(error.to_string().contains("conversation.jsonl: it is not a file"), "{error}");
}

#[test]
fn words_make_short_names() {
    assert_eq!(words("Add: a dry-run  FLAG!"), "add-a-dry-run-flag");
    assert_eq!(words("세션"), "");
    assert_eq!(words(&"word ".repeat(20)), "word-word-word-word-word-word-word-word");
    assert_eq!(words(&"x".repeat(41)), "");
}
