//! `git glue-log validate`: every version passes, and every kind of damage is called by its name and line.

use std::fs;

use serde_json::{Value, json};

use crate::conversations::{FIRST_DAYS, Home, LEGACY, SID, V1, fork, meta, mixed};

/// The problems of a session, as line, class and level.
fn problems(home: &Home, id: &str) -> Vec<(Option<u64>, String, String)> {
    let output = home.sandbox.command("git-glue-log").args(["validate", id, "--json"]).output().unwrap();
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    let errors = object["errors"].as_u64().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(errors > 0)));
    assert_eq!(object["valid"], errors == 0);
    let text = |problem: &Value, key: &str| problem[key].as_str().unwrap().to_owned();
    object["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| (problem["line"].as_u64(), text(problem, "class"), text(problem, "level")))
        .collect()
}

fn short(home: &Home, rows: impl AsRef<[u8]>) -> Vec<(u64, String)> {
    home.put(SID, &meta(5, SID), rows);
    problems(home, SID).into_iter().map(|(line, class, _)| (line.unwrap_or(0), class)).collect()
}

fn named(list: &[(u64, &str)]) -> Vec<(u64, String)> {
    list.iter().map(|(line, class)| (*line, (*class).to_owned())).collect()
}

#[test]
fn sessions_of_every_version_are_valid() {
    let home = Home::new();
    for (version, rows, said) in [
        (1, FIRST_DAYS.to_owned(), "Validated 1 session with 2 warnings.\n"),
        (2, FIRST_DAYS.to_owned(), "Validated 1 session with 2 warnings.\n"),
        (3, LEGACY.to_owned(), "Validated 1 session with 2 warnings.\n"),
        (4, LEGACY.to_owned(), "Validated 1 session with 2 warnings.\n"),
        (5, LEGACY.to_owned(), "Validated 1 session with 1 warning.\n"),
        (5, mixed(), "Validated 1 session with 1 warning.\n"),
        (5, V1.to_owned(), "Validated 1 session.\n"),
    ] {
        home.put(SID, &meta(version, SID), &rows);
        let out = home.shown(&["validate", SID]);
        assert!(out.ends_with(said), "version {version}: {out}");
    }
    home.put("f", &meta(5, "f"), fork("f"));
    assert_eq!(problems(&home, "f"), [(Some(1), "id-mismatch".into(), "warning".into())]);
    fs::remove_file(home.conversation("f")).unwrap();
    assert!(home.shown(&["validate", "--all"]).ends_with("Validated 2 sessions.\n"));
    home.log(2, &["validate", "--all", SID], b"");
}

#[test]
fn damage_costs_its_own_row() {
    let home = Home::new();
    let rows: Vec<&[u8]> = V1.lines().map(str::as_bytes).collect();
    let with = |at: usize, bytes: &[u8]| -> Vec<u8> {
        let mut rows = rows.clone();
        rows[at] = bytes;
        [rows.join(&b'\n'), b"\n".to_vec()].concat()
    };
    assert_eq!(short(&home, with(0, b"{\"type\":\"user_message\",\"text\":\"\xc3")), named(&[(1, "torn-row")]));
    assert_eq!(short(&home, with(0, b"{\"type\":\"user_mess")), named(&[(1, "torn-row")]));
    assert_eq!(short(&home, with(0, b"")), named(&[(1, "row")]));
    assert_eq!(short(&home, with(0, b"[]")), named(&[(1, "row")]));
    let glued = [b"{\"type\":\"us", rows[0]].concat();
    assert_eq!(short(&home, with(0, &glued)), named(&[(1, "row")]));
    let closed = String::from_utf8(rows[0].to_vec()).unwrap().replace("\"text\"", "\"mood\":1,\"text\"");
    assert_eq!(short(&home, with(0, closed.as_bytes())), named(&[(1, "row")]));
    let torn = &V1.as_bytes()[..V1.len() - 9];
    assert_eq!(short(&home, torn), named(&[(25, "torn-tail")]));
    assert_eq!(short(&home, &V1[..V1.len() - 1]), named(&[(25, "torn-tail")]));
    assert_eq!(short(&home, b""), []);
}

#[test]
fn rows_are_held_against_each_other() {
    let home = Home::new();
    let rows: Vec<&str> = V1.lines().collect();
    let of = |numbers: &[usize]| -> String { numbers.iter().map(|number| format!("{}\n", rows[number - 1])).collect() };
    assert_eq!(short(&home, of(&[1, 2, 2])), named(&[(3, "duplicate-sequence")]));
    assert_eq!(short(&home, of(&[1, 3, 2])), named(&[(3, "decreasing-sequence")]));
    assert_eq!(short(&home, of(&[1, 3, 17])), []);
    assert_eq!(short(&home, of(&[1, 5])), named(&[(2, "dangling-call")]));
    assert_eq!(short(&home, of(&[1, 6])), named(&[(2, "orphan-result")]));
    assert_eq!(
        short(&home, of(&[5, 6]) + &rows[5].replace(":6\"", ":7\"").replace("\"sequence\":6", "\"sequence\":7") + "\n"),
        named(&[(3, "orphan-result")])
    );
    let contrary = rows[5].replace("\"completed\"", "\"failed\"");
    assert_eq!(short(&home, of(&[5]) + &contrary + "\n"), named(&[(2, "contradiction")]));
    let ancient = rows[0].replace("2026-08-12", "-000001-08-12");
    assert_eq!(short(&home, ancient + "\n"), named(&[(1, "row")]));
    let renamed = rows[0].replace("\"event_id\":\"178", "\"event_id\":\"278");
    assert_eq!(short(&home, renamed + "\n"), named(&[(1, "id-mismatch")]));
}

#[test]
fn a_number_that_no_reader_holds_is_a_problem_of_its_row() {
    let home = Home::new();
    let call = |number: &str| {
        let row = V1.lines().nth(4).unwrap();
        row.replacen("\"arguments\":{", &format!("\"arguments\":{{\"n\":{number},"), 1) + "\n"
    };
    let rows = |number: &str| short(&home, call(number)).into_iter().filter(|problem| problem.1 == "row").count();
    assert_eq!((rows("1e999"), rows("\"1e999\""), rows("1e308")), (1, 0, 0));
}

#[test]
fn meta_is_checked_against_its_version() {
    let home = Home::new();
    let mut wrong = meta(5, SID);
    wrong["termination_status"] = "over".into();
    wrong["message_count"] = json!(-1);
    wrong["mood"] = "good".into();
    wrong.as_object_mut().unwrap().remove("glue_version");
    home.put(SID, &wrong, V1);
    let found = problems(&home, SID);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|problem| *problem == (None, "meta".into(), "error".into())), "{found:?}");
    let (out, err) = home.log(1, &["validate", SID], b"");
    assert!(out.contains("/meta.json: meta: `mood` is no key of version 5\n"), "{out}");
    assert_eq!(err, "4 validation errors, 0 warnings.\n");
    home.put("copy", &meta(5, SID), V1);
    assert_eq!(problems(&home, "copy"), [(None, "id-mismatch".into(), "warning".into())]);
    fs::write(home.dir("copy").join("meta.json"), "{").unwrap();
    assert_eq!(problems(&home, "copy")[0], (None, "meta".into(), "error".into()));
    home.put("new", &json!({ "schema_version": 6, "id": "new" }), "");
    assert_eq!(problems(&home, "new"), [(None, "meta".into(), "warning".into())]);
}

#[test]
fn what_is_no_conversation_says_so_with_its_lines() {
    let home = Home::new();
    let (out, err) = home.log(1, &["validate", "-"], b"hello\n{}\n");
    assert_eq!(
        out,
        "standard input:1: row: it is no JSON: expected value at byte 1\nstandard input:2: row: it has no type\n\
         standard input: warning: legacy: 1 row is of the form without `schema_version`\n"
    );
    assert_eq!(err, "2 validation errors, 1 warning.\n");
}

#[test]
fn a_row_longer_than_memory_should_hold_is_checked_to_its_end() {
    const MEGABYTES: usize = 24;
    let home = Home::new();
    let row = |end: &str| {
        let text = "All work and no play. \\n\u{2028}".repeat((MEGABYTES << 20) / 28) + end;
        let row = V1.lines().next().unwrap().replace("Add a --dry-run flag", &text);
        format!("{row}\n{}\n", V1.lines().nth(1).unwrap())
    };
    assert_eq!(short(&home, row("")), []);
    assert_eq!(short(&home, row("\\x")), named(&[(1, "row")]));
    assert_eq!(short(&home, row("\t")), named(&[(1, "row")]));
    home.put(SID, &meta(5, SID), row(""));
    assert!(home.shown(&[]).contains("All work and no play"));
    assert!(home.shown(&["--json"]) == row(""));
    assert!(home.shown(&["--json", "-n", "2"]) == row(""));
}
