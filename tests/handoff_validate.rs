//! `glue-handoff validate`: each problem of a history by name, and what was found in histories of older programs.

use std::fs;
use std::os::unix::fs::symlink;

use crate::handoff::{Desk, WHOLE, of_session};

/// A history after `damage`; the problems that are found in it.
#[track_caller]
fn problems(args: &[&str], damage: impl FnOnce(&Desk)) -> Vec<String> {
    let desk = Desk::new();
    desk.create(WHOLE);
    damage(&desk);
    let found = desk.json(1, &[&["validate"], args].concat(), "")["problems"].clone();
    let status = desk.json(0, &["status"], "")["problems"].clone();
    if args.is_empty() {
        assert_eq!(found, status, "status names the same");
    }
    let (out, err) = desk.ends(1, &[&["validate"], args].concat(), "");
    let found: Vec<String> = serde_json::from_value(found).unwrap();
    let lines: String = found.iter().map(|problem| format!("  - {problem}\n")).collect();
    assert_eq!((out, err), (String::new(), format!("glue-handoff validate: found problems:\n{lines}")));
    found
}

fn edit(desk: &Desk, name: &str, from: &str, to: &str) {
    let text = desk.file(name);
    assert!(text.contains(from), "{text}");
    fs::write(desk.path(name), text.replace(from, to)).unwrap();
}

#[test]
fn a_history_that_is_not_there_is_a_problem() {
    let desk = Desk::new();
    let (_, err) = desk.ends(1, &["validate"], "");
    assert_eq!(err, "glue-handoff validate: found problems:\n  - no .agent-history/ directory at .agent-history\n");
    fs::write(desk.sandbox.path(".agent-history"), "").unwrap();
    desk.ends(1, &["validate"], "");
}

#[test]
fn files_that_are_missing_or_no_text_are_named() {
    let missing = problems(&[], |desk| {
        ["LATEST.md", "RESUME_PROMPT.txt", "INDEX.yaml"]
            .iter()
            .for_each(|name| fs::remove_file(desk.path(name)).unwrap());
    });
    assert_eq!(missing, ["missing LATEST.md", "missing RESUME_PROMPT.txt", "missing INDEX.yaml"]);
    let latin = problems(&[], |desk| {
        ["LATEST.md", "RESUME_PROMPT.txt", "INDEX.yaml"]
            .iter()
            .for_each(|name| fs::write(desk.path(name), b"\xe9").unwrap());
    });
    assert_eq!(latin, ["LATEST.md: is not UTF-8", "RESUME_PROMPT.txt: is not UTF-8", "INDEX.yaml: is not UTF-8"]);
    let folder = problems(&[], |desk| {
        fs::remove_file(desk.path("LATEST.md")).unwrap();
        fs::create_dir(desk.path("LATEST.md")).unwrap();
    });
    assert_eq!(folder, ["missing LATEST.md"]);
}

#[test]
fn what_does_not_parse_is_named_with_its_line() {
    let found = problems(&[], |desk| {
        edit(desk, "LATEST.md", "agent: codex", "agent codex");
        edit(desk, "INDEX.yaml", "schema_version: 1", "schema_version: 1\n  more: x");
    });
    assert_eq!(found[0], "LATEST.md: line 10: expected 'key: value'");
    assert_eq!(found[1], "INDEX.yaml: line 2: multi-line values are not supported: one line for each key");
    assert_eq!(found.len(), 2);
}

#[test]
fn files_that_disagree_are_named() {
    let found = problems(&[], |desk| edit(desk, "LATEST.md", "Implement the retry loop", "Write tests"));
    assert_eq!(
        found,
        [
            "RESUME_PROMPT.txt is stale: it does not contain LATEST.md next_todo_items[0] (Write tests)",
            "INDEX.yaml.first_next_action (Implement the retry loop) does not match LATEST.md next_todo_items[0] (Write tests)",
        ]
    );
    let found = problems(&[], |desk| edit(desk, "INDEX.yaml", "latest_session: one", "latest_session: two"));
    assert_eq!(found, ["INDEX.yaml.latest_session (two) does not match LATEST.md session_id (one)"]);
    let found = problems(&[], |desk| edit(desk, "INDEX.yaml", "\nfirst_next_action: Implement the retry loop", ""));
    assert_eq!(found.len(), 1, "{found:?}");
    let found = problems(&[], |desk| {
        edit(desk, "INDEX.yaml", "\nfirst_next_action: Implement the retry loop", "\nfirst_next_action: \"\"");
    });
    assert_eq!(found.len(), 1, "empty, and the session is not DONE: {found:?}");
}

#[test]
fn files_that_the_index_names_are_there_and_inside() {
    let file = |to: &str| {
        problems(&[], |desk| edit(desk, "INDEX.yaml", "latest_file: sessions/one.md", &format!("latest_file: {to}")))
    };
    let outside = |to: &str| [format!("INDEX.yaml.latest_file ({to}) is outside .agent-history/")];
    for to in ["/etc/passwd", "../HEAD", "sessions/../../x"] {
        assert_eq!(file(to), outside(to));
    }
    assert_eq!(file("sessions/no.md"), ["INDEX.yaml.latest_file (sessions/no.md) does not exist on disk"]);
    assert_eq!(file("sessions"), ["INDEX.yaml.latest_file (sessions) does not exist on disk"]);
    let found = problems(&[], |desk| {
        symlink("/etc/hostname", desk.path("sessions/out.md")).unwrap();
        edit(desk, "INDEX.yaml", "    file: sessions/one.md", "    file: sessions/out.md");
    });
    assert_eq!(found, ["INDEX.yaml.sessions[0].file (sessions/out.md) is outside .agent-history/"]);
    let found = problems(&[], |desk| {
        edit(desk, "INDEX.yaml", "    file: sessions/one.md", "    file: []");
        let index = desk.file("INDEX.yaml");
        fs::write(desk.path("INDEX.yaml"), index + "  - text\n  - file: \"\"\n  - agent: x\n").unwrap();
    });
    assert_eq!(
        found,
        [
            "INDEX.yaml.sessions[0].file is malformed ([])",
            "INDEX.yaml.sessions[1] is not a mapping",
            "INDEX.yaml.sessions[2].file is malformed ()",
        ]
    );
    let found = problems(&[], |desk| {
        let index = desk.file("INDEX.yaml");
        let (head, _) = index.split_once("sessions:\n").unwrap();
        fs::write(desk.path("INDEX.yaml"), format!("{head}sessions: none\n")).unwrap();
    });
    assert_eq!(found, ["INDEX.yaml.sessions is not a list"]);
}

#[test]
fn archives_are_looked_at_when_asked_for() {
    let damage = |desk: &Desk| {
        desk.create(&of_session("two"));
        fs::write(desk.path("sessions/.hidden.md"), "x").unwrap();
        fs::write(desk.path("sessions/a.MD"), "x").unwrap();
        fs::create_dir(desk.path("sessions/b.md")).unwrap();
        symlink("nowhere", desk.path("sessions/c.md")).unwrap();
        edit(desk, "sessions/one.md", "agent: codex\n", "");
    };
    let found = problems(&["--sessions"], damage);
    assert_eq!(found[0], "sessions/.hidden.md: the frontmatter must begin with a line of ---");
    assert!(found[1].starts_with("sessions/b.md: it is no file"), "{found:?}");
    assert!(found[2].starts_with("sessions/c.md: No such file"), "{found:?}");
    assert_eq!(found[3], "sessions/one.md: missing required field: agent");
    assert_eq!(found.len(), 4);
}

#[test]
fn what_older_programs_let_pass_is_read_as_they_read_it() {
    let desk = Desk::new();
    desk.create(WHOLE);
    for name in ["LATEST.md", "sessions/one.md"] {
        let odd = "agent: \"A\" became \"B\"\nother:\n- x: y";
        edit(&desk, name, "agent: codex", odd);
        edit(&desk, name, "  - src/a.rs", "  - []\n  - Path: x\n    wrapped text");
        edit(&desk, name, "status: open", "status:");
    }
    desk.ends(0, &["validate", "--sessions"], "");
}

#[test]
fn secrets_and_personal_paths_are_warned_of_without_being_shown() {
    let desk = Desk::new();
    let token = "ghp_0123456789abcdefABCD";
    let text = WHOLE.replace("Go on.", &format!("{token} in /home/ann/x"));
    let (_, err) = desk.create(&text);
    assert!(err.contains("WARNING: the handoff may hold a secret: GitHub token (ghp_/gho_)\n"), "{err}");
    assert!(!err.contains(token) && !err.contains("/home/ann"), "git ignores the history: {err}");
    fs::write(desk.sandbox.path(".git/info/exclude"), "").unwrap();
    let (out, err) = desk.ends(0, &["validate"], "");
    assert_eq!(out, "glue-handoff validate: OK\n");
    assert!(err.contains("secret: GitHub token") && err.contains("personal path: /home/ann/"), "{err}");
    let (_, err) = desk.ends(0, &["create", "--no-exclude"], &text);
    assert!(err.ends_with("WARNING: 2 possible leaks; look before you share the history\n"), "{err}");
}

#[test]
fn the_problems_of_many_archives_come_in_order() {
    let found = problems(&["--sessions"], |desk| {
        (0..900).for_each(|number| fs::write(desk.path(&format!("sessions/{number:03}.md")), "x").unwrap());
    });
    let expected = |number| format!("sessions/{number:03}.md: the frontmatter must begin with a line of ---");
    assert_eq!(found, (0..900).map(expected).collect::<Vec<_>>());
}

#[test]
fn a_way_back_counts_even_from_where_nothing_is() {
    for (file, problem) in [
        ("nodir/../LATEST.md", ""),
        ("sessions/nodir/../../sessions/one.md", ""),
        ("../nodir/../.agent-history/LATEST.md", ""),
        ("nodir/../../.agent-history/LATEST.md", ""),
        ("nodir/../nofile.md", "does not exist on disk"),
        ("nodir/..", "does not exist on disk"),
        ("circle/x.md", "does not exist on disk"),
        ("nodir/../../nofile.md", "is outside .agent-history/"),
        ("link/../LATEST.md", "is outside .agent-history/"),
        ("link/../.agent-history/LATEST.md", ""),
    ] {
        let desk = Desk::new();
        desk.create(WHOLE);
        symlink("circle", desk.path("circle")).unwrap();
        fs::create_dir(desk.sandbox.path("elsewhere")).unwrap();
        symlink("../elsewhere", desk.path("link")).unwrap();
        edit(&desk, "INDEX.yaml", "file: sessions/one.md\n    ", &format!("file: {file}\n    "));
        let (code, wanted) = match problem {
            "" => (0, vec![]),
            problem => (1, vec![format!("INDEX.yaml.sessions[0].file ({file}) {problem}")]),
        };
        assert_eq!(desk.json(code, &["validate"], "")["problems"], serde_json::json!(wanted), "{file}");
    }
}

/// A history of so many sessions that its index is remembered, a while after it was written.
fn long_history() -> Desk {
    let desk = Desk::new();
    desk.create(WHOLE);
    let latest = desk.file("LATEST.md");
    let index = desk.file("INDEX.yaml");
    let (head, entry) = index.split_once("sessions:\n").unwrap();
    let file = entry.lines().find_map(|line| line.trim().strip_prefix("file: ")).unwrap().to_owned();
    let mut entries = String::new();
    for number in 0..400 {
        let name = format!("sessions/session-{number}.md");
        fs::write(desk.path(&name), &latest).unwrap();
        entries += &entry.replace(&file, &name).replace(": one\n", &format!(": session {number}\n"));
    }
    fs::write(desk.path("INDEX.yaml"), format!("{head}sessions:\n{entries}{entry}")).unwrap();
    let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    for name in ["INDEX.yaml", "sessions"] {
        fs::File::open(desk.path(name)).unwrap().set_modified(earlier).unwrap();
    }
    desk
}

#[test]
fn a_long_index_is_read_once_while_nothing_changes() {
    let desk = long_history();
    let memories = || fs::read_dir(desk.sandbox.home().join(".glue/cache")).map_or(0, Iterator::count);
    let (first, _) = desk.ends(0, &["status"], "");
    assert!(first.contains("sessions: 401"), "{first}");
    assert_eq!(memories(), 1);
    assert_eq!(desk.ends(0, &["status"], "").0, first);
    // It is not read: what it says of the newest session is its head and what is remembered.
    let index = desk.file("INDEX.yaml");
    let found = fs::metadata(desk.path("INDEX.yaml")).unwrap();
    assert!(found.len() > 64 << 10);
    // An archive that goes away is missed at once.
    fs::remove_file(desk.path("sessions/session-7.md")).unwrap();
    assert!(desk.ends(0, &["status"], "").0.contains("sessions/session-7.md) does not exist"));
    // And so is an entry that changes, also where the length stays and the time is set back.
    fs::write(desk.path("sessions/session-7.md"), desk.file("LATEST.md")).unwrap();
    assert_eq!(desk.ends(0, &["status"], "").0, first);
    fs::write(desk.path("INDEX.yaml"), index.replace("sessions/session-9.md", "sessions/session-X.md")).unwrap();
    fs::File::open(desk.path("INDEX.yaml")).unwrap().set_modified(found.modified().unwrap()).unwrap();
    assert!(desk.ends(0, &["status"], "").0.contains("sessions/session-X.md) does not exist"));
}

#[test]
fn a_memory_that_is_damaged_is_none() {
    let desk = long_history();
    let (first, _) = desk.ends(0, &["status"], "");
    let cache = desk.sandbox.home().join(".glue/cache");
    for damaged in ["", "{}", "[1]", "\u{0}"] {
        let memory = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
        fs::write(&memory, damaged).unwrap();
        assert_eq!(desk.ends(0, &["status"], "").0, first);
        assert_ne!(fs::read_to_string(&memory).unwrap(), damaged);
    }
}
