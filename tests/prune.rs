//! `git glue-prune`: what goes, what stays whatever is asked for, and that nothing else is touched.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::programs::World;
use crate::sandbox::Sandbox;

const OLD: &str = "1772331272529-72";
const NEW: &str = "1786480000123-4242-1k9zq3f";

/// A session in which something happened so many days ago.
pub(crate) fn session(world: &World, id: &str, title: &str, days: i64) -> PathBuf {
    let dir = world.session(id, title, None);
    let time = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
    let row = json!({"timestamp": time.to_string(), "type": "user_message", "text": title});
    fs::write(dir.join("conversation.jsonl"), format!("{row}\n")).unwrap();
    edit_meta(&dir, |meta| meta["end_time"] = time.to_string().into());
    aged(&dir, days);
    dir
}

/// Its files were written so many days ago.
pub(crate) fn aged(dir: &Path, days: i64) {
    let time = SystemTime::now() - Duration::from_secs(24 * 3600 * days as u64);
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.chain([dir.to_owned()]).for_each(|path| fs::File::open(path).unwrap().set_modified(time).unwrap());
}

fn edit_meta(dir: &Path, change: impl FnOnce(&mut Value)) {
    let path = dir.join("meta.json");
    let mut meta = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut meta);
    fs::write(path, meta.to_string()).unwrap();
}

pub(crate) fn ids(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.sessions()).unwrap();
    let mut ids: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    ids.sort();
    ids
}

pub(crate) fn chosen(object: &Value, key: &str) -> Vec<String> {
    object[key].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn nothing_goes_unless_it_is_said() {
    let world = World::new();
    session(&world, OLD, "Long ago", 203);
    session(&world, NEW, "Lately", 3);
    let (out, err) = world.ends(0, "prune", &[]);
    assert!(
        out.starts_with(&format!("{OLD}   203d  ")) && out.ends_with("  Long ago\n") && out.lines().count() == 1,
        "{out}"
    );
    assert!(
        err.starts_with("1 session would go, ") && err.contains("hint: --older-than 90d --yes removes them"),
        "{err}"
    );
    world.ends(0, "prune", &["--older-than", "1d"]);
    let (_, err) = world.ends(2, "prune", &["--yes"]);
    assert!(
        err.contains("--yes removes only what was asked for\nhint: git glue-prune --older-than 90d --yes"),
        "{err}"
    );
    assert_eq!(ids(&world), [OLD, NEW]);
    let (out, err) = world.ends(0, "prune", &["--older-than", "90d", "--yes"]);
    assert!(out.ends_with("  Long ago\n") && err.starts_with("1 session removed, "), "{out}{err}");
    assert_eq!(ids(&world), [NEW]);
    assert_eq!(world.ends(0, "prune", &["--older-than", "90d", "--yes"]).1, "0 sessions removed, 0 bytes\n");
}

#[test]
fn a_session_goes_when_it_fits_everything() {
    let world = World::new();
    for (id, days, size) in [("a", 10, 10), ("b", 20, 100_000), ("c", 30, 10), ("d", 40, 200_000)] {
        let dir = session(&world, id, "", days);
        fs::write(dir.join("logs"), vec![b'x'; size]).unwrap();
        aged(&dir, days);
    }
    for (args, wanted) in [
        (&["--older-than", "15d"][..], &["d", "c", "b"][..]),
        (&["--keep", "1"], &["d", "c", "b"]),
        (&["--keep", "9"], &[]),
        (&["--larger-than", "50k"], &["d", "b"]),
        (&["--larger-than", "50k", "--keep", "2"], &["d"]),
        (&["--older-than", "3w", "--larger-than", "50k"], &["d"]),
        (&["a", "c"], &["c", "a"]),
        (&["a", "c", "--older-than", "2w"], &["c"]),
        (&["a", "a"], &["a"]),
    ] {
        let object = world.json(0, "prune", args);
        assert_eq!(chosen(&object, "sessions"), wanted, "{args:?}");
        assert_eq!(
            (&object["removed"], &object["sessions"][0]["removed"]),
            (&false.into(), &if wanted.is_empty() { Value::Null } else { false.into() })
        );
    }
    let object = world.json(0, "prune", &["d", "b", "--yes"]);
    assert_eq!(
        (chosen(&object, "sessions"), &object["sessions"][0]["removed"]),
        (vec!["d".to_owned(), "b".to_owned()], &true.into())
    );
    assert!(object["sessions"][0]["size_bytes"].as_u64().unwrap() > 200_000 && object["sessions"][0]["title"] == "");
    assert_eq!(ids(&world), ["a", "c"]);
    for args in [&["--older-than", "x"][..], &["--keep", "-1"], &["--larger-than", "big"]] {
        world.ends(2, "prune", args);
    }
    let (_, err) = world.ends(2, "prune", &["--older-than", "1", "--yes"]);
    assert!(err.contains("it needs a unit, such as 1d: s, m, h, d, w or y"), "{err}");
    world.ends(1, "prune", &["nobody", "--yes"]);
}

#[test]
fn what_is_open_or_running_stays() {
    let world = World::new();
    let open = session(&world, "open", "", 300);
    fs::write(open.join(".lock"), format!("{}\n", std::process::id())).unwrap();
    let dead = session(&world, "dead", "", 300);
    fs::write(dead.join(".lock"), "999999999\n").unwrap();
    let running = session(&world, "running", "", 300);
    let left = session(&world, "left", "", 300);
    for dir in [&running, &left] {
        edit_meta(dir, |meta| {
            meta.as_object_mut().unwrap().remove("end_time");
        });
    }
    aged(&left, 2);
    let object = world.json(0, "prune", &["--keep", "0", "--yes", "--unapplied"]);
    assert_eq!(chosen(&object, "held").len(), 2, "{object}");
    for held in object["held"].as_array().unwrap() {
        let wanted = match held["id"].as_str().unwrap() {
            "open" => ("open", json!(std::process::id())),
            _ => ("running", Value::Null),
        };
        assert_eq!((held["held"].as_str().unwrap(), held["pid"].clone()), wanted);
    }
    assert_eq!(ids(&world), ["open", "running"]);
    let (_, err) = world.ends(1, "prune", &["open", "--yes"]);
    assert!(
        err.contains("held: open")
            && err.contains(&format!("(it is open in another process (pid {}))", std::process::id())),
        "{err}"
    );
}

#[test]
fn what_is_recorded_into_stays_however_long_nothing_happens() {
    let world = World::new();
    let dir = session(&world, "s", "", 300);
    let before = fs::read(dir.join("meta.json")).unwrap();
    let long_ago = || {
        fs::write(dir.join("meta.json"), &before).unwrap();
        aged(&dir, 2);
    };
    let mut command = world.sandbox.command("git-glue-log");
    let mut recorder = command.args(["append", "s"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let event = r#"{"type":"user_message","text":"","timestamp":"2026-01-01T00:00:00Z"}"#;
    let mut stdin = recorder.stdin.take().unwrap();
    writeln!(stdin, "{event}").unwrap();
    assert_eq!(BufReader::new(recorder.stdout.take().unwrap()).lines().next().unwrap().unwrap(), "2");
    long_ago();
    let object = world.json(1, "prune", &["s", "--yes"]);
    assert_eq!((&object["held"][0]["held"], &object["held"][0]["pid"]), (&"open".into(), &Value::Null), "{object}");
    drop(stdin);
    assert!(recorder.wait().unwrap().success() && !dir.join(".open").exists());
    long_ago();
    world.ends(0, "prune", &["s", "--yes"]);
    assert!(ids(&world).is_empty());
}

#[test]
fn what_was_not_applied_stays() {
    let world = World::new();
    session(&world, NEW, "work", 100);
    fs::write(world.sessions().join(NEW).join("runtime.mbox"), &world.mbox).unwrap();
    aged(&world.sessions().join(NEW), 100);
    let (out, err) = world.ends(0, "prune", &["--older-than", "1d", "--yes"]);
    assert!(
        out.is_empty()
            && err.contains("(its capture was not applied)\n0 sessions removed, 0 bytes\nhint: git glue-apply"),
        "{err}"
    );
    assert_eq!(ids(&world), [NEW]);
    // Nor what was set aside, when there is no other.
    let dir = world.sessions().join(NEW);
    fs::rename(dir.join("runtime.mbox"), dir.join("runtime.mbox.previous")).unwrap();
    assert_eq!(world.json(0, "prune", &[NEW])["held"][0]["held"], "unapplied");
    world.ends(0, "prune", &[NEW, "--yes", "--unapplied"]);
    assert!(ids(&world).is_empty());
}

/// A sandbox whose work was captured into its own store, and applied in a clone.
#[test]
fn what_was_applied_may_go() {
    let world = World::new();
    let sandbox: &Sandbox = &world.sandbox;
    sandbox.run("git", &["glue-capture", "--begin"]);
    sandbox.write("notes", "new\n");
    sandbox.run("git", &["glue-capture"]);
    let id = ids(&world).remove(0);
    let dir = world.sessions().join(&id);
    edit_meta(&dir, |meta| meta["termination_status"] = "completed".into());
    let held = || world.json(0, "prune", &["--keep", "0"])["held"][0]["held"].clone();
    let sidecar = || fs::read_to_string(dir.join("runtime.mbox.meta.json")).unwrap();
    let before = sidecar();
    sandbox.git(&["stash", "-u", "-q"]);
    sandbox.run("git", &["glue-apply", "--check", &id]);
    assert_eq!((held(), sidecar()), ("unapplied".into(), before.clone()));
    sandbox.run("git", &["glue-apply", &id]);
    assert!(sidecar().contains("\"applied_at\":"), "{}", sidecar());
    assert_eq!(held(), Value::Null);
    // It does not travel, and is taken back with the work.
    sandbox.run("git", &["glue-export", &id, "--to", "../copy.mbox"]);
    assert!(!fs::read_to_string(sandbox.root().join("copy.mbox.meta.json")).unwrap().contains("applied_at"));
    sandbox.run("git", &["glue-apply", "--undo", &id]);
    assert_eq!((held(), sidecar()), ("unapplied".into(), before));
    sandbox.run("git", &["glue-apply", &id]);
    // A later capture has not been applied.
    sandbox.write("notes", "newer\n");
    sandbox.run("git", &["glue-capture", "--session", &id]);
    edit_meta(&dir, |meta| meta["termination_status"] = "completed".into());
    assert_eq!(held(), "unapplied");
}

#[test]
fn nothing_is_removed_through_a_link() {
    let world = World::new();
    let precious = world.sandbox.root().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("file"), "mine").unwrap();
    let elsewhere = session(&world, "moved", "", 300);
    let outside = world.sandbox.root().join("outside");
    fs::rename(&elsewhere, &outside).unwrap();
    symlink(&outside, &elsewhere).unwrap();
    let inside = session(&world, "inside", "", 300);
    symlink(&precious, inside.join("dir")).unwrap();
    symlink(precious.join("file"), inside.join("file")).unwrap();
    symlink("/nowhere", inside.join("dangling")).unwrap();
    let object = world.json(0, "prune", &["--keep", "0", "--yes"]);
    assert_eq!(chosen(&object, "sessions").len(), 2);
    assert!(
        object["sessions"].as_array().unwrap().iter().all(|entry| entry["size_bytes"].as_u64().unwrap() < 5000),
        "{object}"
    );
    assert!(ids(&world).is_empty());
    assert_eq!(fs::read(precious.join("file")).unwrap(), b"mine");
    assert!(outside.join("meta.json").exists(), "what the link led to stays");
    // A session that is not in the store is not its business.
    let (_, err) = world.ends(1, "prune", &[outside.to_str().unwrap(), "--yes"]);
    assert!(err.contains(" is no session of the store") && outside.exists(), "{err}");
    world.ends(1, "prune", &["../outside", "--yes"]);
}

#[test]
fn what_is_no_session_stays() {
    let world = World::new();
    let archive = world.sessions().join("archive");
    let inner = session(&world, "inner", "", 300);
    fs::create_dir_all(&archive).unwrap();
    fs::rename(&inner, archive.join("inner")).unwrap();
    let notes = world.sessions().join("notes");
    fs::create_dir_all(&notes).unwrap();
    fs::write(notes.join("todo.txt"), "mine").unwrap();
    let lookalike = world.sessions().join(".glue-prune-1");
    fs::create_dir_all(&lookalike).unwrap();
    let (out, _) = world.ends(0, "prune", &["--keep", "0", "--unapplied", "--yes"]);
    assert!(archive.join("inner/meta.json").exists() && notes.join("todo.txt").exists() && lookalike.exists(), "{out}");
}

#[test]
fn damaged_sessions_and_leftovers_go_too() {
    let world = World::new();
    let torn = session(&world, "torn", "", 300);
    fs::write(torn.join("meta.json"), "{").unwrap();
    aged(&torn, 2);
    let hostile = session(&world, "hostile", "a\nb\u{1b}[31m", 300);
    fs::write(hostile.join("conversation.jsonl"), [0xff; 100]).unwrap();
    let leftover = world.sessions().join(".glue-prune-0123abcd-x");
    fs::create_dir_all(leftover.join("deep")).unwrap();
    let (out, _) = world.ends(0, "prune", &["--keep", "0"]);
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(leftover.exists());
    world.ends(0, "prune", &["--keep", "0", "--yes"]);
    assert!(ids(&world).is_empty() && !leftover.exists(), "{:?}", ids(&world));
    let empty = World::new();
    assert_eq!(empty.ends(0, "prune", &[]).1, "0 sessions would go, 0 bytes\n");
}
