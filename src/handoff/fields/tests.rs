use super::*;
use crate::handoff::frontmatter::parse;

/// A handoff with nothing wrong with it.
const WHOLE: &str = include_str!("tests/whole.md");

fn found(text: &str, reading: Reading) -> Vec<String> {
    problems(&parse(text, reading).unwrap(), reading).all()
}

#[track_caller]
fn strict(old: &str, new: &str, expected: &[&str]) {
    assert!(WHOLE.contains(old), "{old:?} is not in it");
    assert_eq!(found(&WHOLE.replacen(old, new, 1), Reading::Strict), expected);
}

#[test]
fn a_whole_handoff_has_no_problems() {
    assert_eq!(found(WHOLE, Reading::Strict), [""; 0]);
    assert_eq!(found(WHOLE, Reading::Lenient), [""; 0]);
}

#[test]
fn every_required_field_is_missed_by_name_in_order() {
    for name in required() {
        let without = WHOLE.replacen(&format!("\n{name}:"), &format!("\nx_{name}:"), 1);
        assert_eq!(found(&without, Reading::Strict), [format!("missing required field: {name}")]);
    }
    let all = found("---\n---\n", Reading::Strict);
    let mut expected: Vec<String> = required().map(|name| format!("missing required field: {name}")).collect();
    expected.push(format!("missing required body section(s): {}", HEADINGS.join(", ")));
    assert_eq!(all, expected);
}

#[test]
fn lists_must_be_lists_and_some_not_empty() {
    strict("known_issues:", "known_issues: none", &["required field must be a list: known_issues"]);
    strict("search_tags:\n  - retry", "search_tags:", &["required field is empty: search_tags"]);
    strict("  - src/a.rs", "  - \"  \"", &["active_context_files[0] must not be empty"]);
    strict(
        "next_todo_items:\n  - Implement the retry loop",
        "next_todo_items: []",
        &["required field is empty: next_todo_items", "next_todo_items[0] is missing"],
    );
}

#[test]
fn scalars_must_say_something() {
    strict("agent: codex", "agent: \"\"", &["required field is empty: agent"]);
    strict("agent: codex", "agent: \"  \"", &["required field is empty: agent"]);
    strict(
        "session_id: one",
        "session_id:\n  - one",
        &["required field must be a single value, not a list: session_id"],
    );
    strict("status: open", "status:", &["required field must be a single value, not a list: status"]);
    let old = WHOLE.replacen("status: open", "status:", 1).replacen("agent: codex", "agent: \" \"", 1);
    assert_eq!(found(&old, Reading::Lenient), [""; 0], "what older programs wrote stays readable");
}

#[test]
fn entries_have_their_form() {
    let scalar = "must be a scalar (string or number), not";
    strict(
        "  - Implement the retry loop",
        "  - Note: do it\n  - []",
        &[
            &format!("next_todo_items[0] {scalar} dict; quote a text with a colon"),
            &format!("next_todo_items[1] {scalar} list"),
        ],
    );
    strict("  - retry", "  - area: sync", &["search_tags[0] must be a text, not key: value (quote it)"]);
    strict("  - src/a.rs", "  - []", &["active_context_files[0] must be a text, not an empty list"]);
    strict("  - src/a.rs", "  - Path: x", &[]);
    strict("agent: codex", "agent: codex\ndecisions: x", &["optional field must be a list: decisions"]);
    strict(
        "agent: codex",
        "agent: codex\ndecisions:\n  - A: b\n  - \"\"",
        &[&format!("decisions[0] {scalar} dict; quote a text with a colon")],
    );
    strict("agent: codex", "agent: codex\nsupersedes:", &["supersedes must be a non-empty scalar"]);
}

#[test]
fn validation_says_what_ran_and_how_it_ended() {
    let command = "validation[0].command is required and must be a non-empty scalar";
    let result = "validation[0].result must be one of passed, failed, not_run";
    strict(
        "  - command: cargo test\n    result: passed",
        "  - just text",
        &["validation[0] must be a command/result/notes mapping, not str"],
    );
    strict(
        "  - command: cargo test\n    result: passed",
        "  - []",
        &["validation[0] must be a command/result/notes mapping, not list"],
    );
    strict("command: cargo test", "command: \" \"", &[command]);
    strict("command: cargo test", "command: []", &[command]);
    strict("result: passed", "result: Passed", &[result]);
    strict("result: passed", "result: []", &[result]);
    strict("  - command: cargo test\n    result: passed", "  - other: x", &[command, result]);
}

#[test]
fn a_first_todo_about_resuming_is_flagged_in_its_place() {
    let flagged = "next_todo_items[0] looks like a resume mechanic (matched 'read the handoff'); it must be the first \
                   productive action on the work itself";
    strict("  - Implement the retry loop", "  - Read the `handoff`\n  - x", &[flagged]);
    strict("  - Implement the retry loop", "  - x\n  - Read the handoff", &[]);
    let text =
        WHOLE.replacen("  - Implement the retry loop", "  - Read the handoff", 1).replacen("# What We Did", "", 1);
    let all = found(&text, Reading::Strict);
    assert_eq!(all, [flagged, "missing required body section(s): # What We Did"]);
}

#[test]
fn headings_are_whole_lines() {
    strict("# What We Did", "# What We Did \t", &[]);
    for other in ["## What We Did", "# what we did", " # What We Did", "# What We Did!"] {
        strict("# What We Did", other, &["missing required body section(s): # What We Did"]);
    }
}
