//! `git glue-list`: what a line says, and what it does not cost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::programs::World;

const OLD: &str = "1772331272529-72";
const NEW: &str = "1786480000123-4242-1k9zq3f";

#[test]
fn the_newest_comes_first_with_its_patch_and_title() {
    let world = World::new();
    world.session(OLD, "Quick lookup", None);
    world.session(NEW, "Refactor auth helpers", Some(b"four"));
    let (out, _) = world.ends(0, "list", &[]);
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], [NEW, "daytona", "patch=4", "bytes", "Refactor", "auth", "helpers"]);
    assert_eq!(lines[1], [OLD, "daytona", "patch=-", "Quick", "lookup"]);
    assert_eq!(world.ends(0, "list", &["--ids", "-n", "1"]).0, format!("{NEW}\n"));
}

#[test]
fn an_empty_store_is_no_error() {
    let world = World::new();
    let (out, err) = world.ends(0, "list", &[]);
    assert_eq!((out, err), (String::new(), format!("No sessions found in {}.\n", world.sessions().display())));
    assert_eq!(world.json(0, "list", &[])["sessions"], serde_json::json!([]));
}

#[test]
fn damaged_older_and_truncated_are_marked() {
    let world = World::new();
    let torn = world.session("1786480000001-1-a", "", None);
    fs::write(torn.join("meta.json"), "{").unwrap();
    let older = world.session("1786480000002-1-b", "older", Some(b"four"));
    fs::write(older.join("runtime.mbox.meta.json"), r#"{"older":{"reason":"gitFailed","since":"x"}}"#).unwrap();
    let cut = world.session("1786480000003-1-c", "cut", None);
    fs::write(cut.join("runtime.mbox.truncated"), "four").unwrap();
    let (out, _) = world.ends(0, "list", &[]);
    assert!(out.contains("patch=4 bytes (truncated)  cut\n"), "{out}");
    assert!(out.contains("patch=4 bytes (older: gitFailed)  older\n"), "{out}");
    assert!(out.contains("(damaged: meta.json is damaged: not JSON"), "{out}");
    let json = world.json(0, "list", &[]);
    assert_eq!(json["sessions"][1]["patch"]["older"]["reason"], "gitFailed");
    assert_eq!(json["sessions"][2]["damage"].as_array().unwrap().len(), 1);
}

#[test]
fn only_what_is_shown_is_read() {
    let world = World::new();
    for n in 0..30 {
        let dir = world.session(&format!("17864800000{n:02}-1-a"), "", None);
        if n < 10 {
            // Would be told as damage, if it were read.
            fs::write(dir.join("meta.json"), "{").unwrap();
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o000)).unwrap();
        }
    }
    let (out, err) = world.ends(0, "list", &["-n", "20"]);
    assert_eq!((out.lines().count(), out.contains("damaged"), err.as_str()), (20, false, ""));
    for n in 0..10 {
        let dir = world.sessions().join(format!("17864800000{n:02}-1-a"));
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn a_title_cannot_make_a_second_line() {
    let world = World::new();
    world.session(NEW, "nice\n1786480000999-1-x  host  patch=9 bytes  \u{1b}[31mfake", None);
    let (out, _) = world.ends(0, "list", &[]);
    assert_eq!(out.lines().count(), 1);
    assert!(out.contains("\u{1b}[31mfake"), "raw in a pipe: {out:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::new();
    for n in 0..500 {
        world.session(&format!("178648000{n:04}-1-a"), &"x".repeat(500), None);
    }
    let script = "git-glue-list 2>err | head -n 1 >/dev/null; cat err";
    assert_eq!(world.sandbox.run("sh", &["-c", script]), "");
}

#[test]
fn columns_are_as_wide_as_the_widest_id_that_is_shown() {
    let world = World::new();
    world.session(NEW, "new", None);
    world.session(&format!("{OLD}-with-a-name-that-is-long"), "old", None);
    let at = |args: &[&str]| -> Vec<Option<usize>> {
        world.ends(0, "list", args).0.lines().map(|line| line.find("  daytona ")).collect()
    };
    let widest = OLD.len() + "-with-a-name-that-is-long".len();
    assert_eq!(at(&[]), [Some(widest), Some(widest)]);
    assert_eq!(at(&["-n", "1"]), [Some(NEW.len())]);
}

#[test]
fn a_title_ends_where_the_terminal_does() {
    let world = World::new();
    world.session(NEW, &"word ".repeat(40), None);
    if world.sandbox.command("script").arg("--version").output().is_err() {
        return; // No way to have a terminal here.
    }
    let line = world.sandbox.run("script", &["-qec", "COLUMNS=90 git-glue-list --color=never", "/dev/null"]);
    let line = line.to_string();
    assert!(line.trim_end().ends_with('…') && line.trim_end().chars().count() <= 90, "{line:?}");
    assert!(world.ends(0, "list", &[]).0.trim_end().len() > 200);
}

#[test]
fn the_latest_capture_is_one_that_holds_something() {
    let world = World::new();
    world.session(OLD, "", Some(&world.mbox));
    let empty = world.session("1786480000122-1-a", "", Some(b"From nothing\n"));
    fs::write(empty.join("runtime.mbox.meta.json"), r#"{"entries":0}"#).unwrap();
    world.session(NEW, "begun only", None);
    assert_eq!(world.json(0, "diff", &["latest"])["id"], OLD);
    assert_eq!(world.json(0, "show", &[])["session"]["id"], NEW);
}
