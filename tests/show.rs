//! `git glue-show`: rows, diffstat, and the head of the patch.

use std::fs;

use bstr::ByteSlice;

use crate::programs::World;
use crate::sandbox::output_with;

const ID: &str = "1786480000123-4242-1k9zq3f";

#[test]
fn a_session_is_shown_with_its_diffstat_and_the_head_of_its_patch() {
    let world = World::new();
    let dir = world.session(ID, "Refactor", Some(&world.mbox));
    let sidecar = r#"{"runtime_id":"daytona","bootstrap_sha":"beef","captured_at":"2026-05-19T10:24:00Z","warnings":[{"kind":"k","message":"not carried","paths":["a/b"]}]}"#;
    fs::write(dir.join("runtime.mbox.meta.json"), sidecar).unwrap();
    let (out, _) = world.ends(0, "show", &[]);
    for line in [
        &format!("Session {ID}"),
        "  started     2026-05-19T10:24:00.000Z",
        "  title       Refactor",
        "  runtime     daytona",
        "  model       a/b",
        "  bootstrap   beef",
        "  warning     not carried: a/b",
        "first: grow (Ann Author <author@example.org>)",
        " old name => new name |   0",
        " 3 files changed, 20 insertions(+)",
        "--- patch (first 40 lines) ---",
    ] {
        assert!(out.lines().any(|shown| shown == line), "no {line:?} in\n{out}");
    }
    assert_eq!(out.split("(first 40 lines) ---\n").nth(1).unwrap().lines().count(), 40);
}

#[test]
fn the_stat_is_gits_own() {
    let world = World::new();
    world.session(ID, "", Some(&world.mbox));
    let (out, _) = world.ends(0, "diff", &["--stat", "latest"]);
    let parts: Vec<&str> = out.split("\n\n").map(|part| part.split_once('\n').unwrap().1).collect();
    // What a binary file weighs is not in a diff's header.
    let git = |range: &str| world.sandbox.git(&["diff", "--stat=80", range]).to_string().replace(" 0 -> 10 bytes", "");
    assert_eq!(parts[0], git("HEAD~2..HEAD~1"));
    assert_eq!(parts[1].trim_end(), git("HEAD~1..HEAD").trim_end());
}

#[test]
fn a_session_without_a_capture_is_shown_too() {
    let world = World::new();
    world.session(ID, "Quick lookup", None);
    let (out, err) = world.ends(0, "show", &["latest"]);
    assert!(out.contains("  patch       -\n") && !out.contains("---"), "{out}");
    assert_eq!(err, "");
}

#[test]
fn a_damaged_session_shows_what_there_is() {
    let world = World::new();
    let dir = world.session(ID, "x", Some(b"From nowhere\n"));
    fs::write(dir.join("meta.json"), "{").unwrap();
    let (out, err) = world.ends(0, "show", &["17864"]);
    assert!(out.contains("  damaged     meta.json is damaged"), "{out}");
    assert!(out.ends_with("From nowhere\n") && err.starts_with("warning: the capture cannot be read"), "{err}");
}

#[test]
fn for_programs_it_is_one_object() {
    let world = World::new();
    world.session(ID, "x\u{1b}[2J", Some(&world.mbox));
    let json = world.json(0, "show", &[]);
    assert_eq!(json["session"]["title"], "x\u{1b}[2J");
    assert_eq!(json["entries"][0]["files"][1]["status"], "renamed");
    assert_eq!(json["capture"]["size_bytes"], world.mbox.len());
    assert_eq!(world.json(1, "show", &["nope"])["error"]["kind"], "session-not-found");
    assert_eq!(world.json(1, "show", &["./nope"])["error"]["kind"], "file-not-found");
    world.session("17864-another", "", None);
    assert_eq!(world.json(2, "show", &["17864"])["error"]["kind"], "ambiguous-id");
}

#[test]
fn a_pipe_has_a_name_and_a_terminal_a_pager() {
    let world = World::new();
    let piped = output_with(world.sandbox.command("git-glue-show").arg("-"), &world.mbox);
    let line = format!("  patch       standard input ({} bytes)\n", world.mbox.len());
    assert!(piped.stdout.contains_str(&line), "{}", piped.stdout.as_bstr());
    world.session(ID, "", Some(&world.mbox));
    if world.sandbox.command("script").arg("--version").output().is_err() {
        return; // No way to have a terminal here.
    }
    let line = "GIT_PAGER='sed s/^/paged:/' git-glue-show";
    let out = world.sandbox.run("script", &["-qec", line, "/dev/null"]).to_string();
    assert!(out.contains(&format!("paged:Session {ID}")) && out.contains("paged:+50"), "{out}");
}

#[test]
fn older_is_an_object_or_null() {
    let world = World::new();
    let dir = world.session(ID, "", Some(&world.mbox));
    assert!(world.json(0, "show", &[])["capture"]["older"].is_null());
    fs::write(dir.join("runtime.mbox.meta.json"), r#"{"older":{"reason":"gitFailed","since":"x"}}"#).unwrap();
    assert_eq!(world.json(0, "show", &[])["capture"]["older"]["reason"], "gitFailed");
    assert_eq!(world.json(0, "diff", &[])["older"]["reason"], "gitFailed");
}
