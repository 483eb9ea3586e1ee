//! `git glue-prune` and what was at work lately: what counts as that, what is not known, and who comes in between.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::programs::World;
use crate::prune::{aged, chosen, ids, session};
use crate::sandbox::output_with;

const PROMPT: &str = "{\"type\":\"user_message\",\"text\":\"q\"}\n";

fn append(world: &World, args: &[&str], events: &str) {
    let mut command = world.sandbox.command("git-glue-log");
    let output = output_with(command.arg("append").args(args), events.as_bytes());
    assert!(output.status.success(), "{output:?}");
}

fn held(world: &World, id: &str) -> Value {
    world.json(0, "prune", &[id])["held"][0]["held"].clone()
}

#[test]
fn a_session_is_as_old_as_the_last_of_all_that_happened() {
    let world = World::new();
    let astray = r#"{"type":"assistant_message","text":"a","model_ref":"a/b","timestamp":"1970-01-01T00:00:07Z"}"#;
    append(&world, &["astray", "--close"], &format!("{PROMPT}{astray}"));
    let captured = session(&world, "captured", "", 300);
    let applied = session(&world, "applied", "", 300);
    let copied = session(&world, "copied", "", 300);
    let now = jiff::Timestamp::now().to_string();
    fs::write(captured.join("runtime.mbox.meta.json"), json!({ "captured_at": now }).to_string()).unwrap();
    fs::write(applied.join("runtime.mbox.meta.json"), json!({ "applied_at": now }).to_string()).unwrap();
    [&captured, &applied].iter().for_each(|dir| aged(dir, 300));
    aged(&copied, 0);
    assert_eq!(chosen(&world.json(0, "prune", &["--older-than", "90d", "--yes"]), "sessions"), [""; 0]);
    // The rows of the one tell its age, whatever its last one says; a copy is as old as what was copied, after a day.
    [&world.sessions().join("astray"), &copied].iter().for_each(|dir| aged(dir, 2));
    assert_eq!(chosen(&world.json(0, "prune", &["--older-than", "90d", "--yes"]), "sessions"), ["copied"]);
    assert_eq!(ids(&world), ["applied", "astray", "captured"]);
}

#[test]
fn what_cannot_be_read_is_not_known_to_be_over() {
    let world = World::new();
    let dir = session(&world, "s", "", 300);
    for meta in ["{", "", "null"] {
        fs::write(dir.join("meta.json"), meta).unwrap();
        assert_eq!(held(&world, "s"), "running", "{meta}");
        aged(&dir, 2);
        assert_eq!(held(&world, "s"), Value::Null, "{meta}");
    }
}

#[test]
fn every_capture_that_was_not_applied_counts() {
    let world = World::new();
    let dir = session(&world, "s", "", 300);
    let applied = json!({ "applied_at": "2026-01-01T00:00:00Z" }).to_string();
    fs::write(dir.join("runtime.mbox"), &world.mbox).unwrap();
    fs::write(dir.join("runtime.mbox.meta.json"), &applied).unwrap();
    assert_eq!(held(&world, "s"), Value::Null);
    fs::write(dir.join("runtime.mbox.previous"), &world.mbox).unwrap();
    assert_eq!(held(&world, "s"), "unapplied");
    fs::write(dir.join("runtime.mbox.previous.meta.json"), &applied).unwrap();
    assert_eq!(held(&world, "s"), Value::Null);
    fs::remove_file(dir.join("runtime.mbox")).unwrap();
    symlink("/nowhere/runtime.mbox", dir.join("runtime.mbox")).unwrap();
    assert_eq!(held(&world, "s"), "unapplied");
}

#[test]
fn what_cannot_be_looked_into_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let dir = session(&world, "s", "", 300);
    let mode = |mode| fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o000);
    // Who may do everything can read everything.
    let reason = if fs::read_dir(&dir).is_err() { json!("unreadable") } else { Value::Null };
    assert_eq!(held(&world, "s"), reason);
    mode(0o700);
}

/// Sessions that are over are removed as fast as they are recorded.
#[test]
fn recording_and_removing_do_not_get_into_each_others_way() {
    const ROUNDS: usize = 40;
    let world = World::new();
    append(&world, &["s"], "");
    let mut log = world.sandbox.command("bash");
    log.args([
        "-c",
        &format!(
            "for n in {{1..{ROUNDS}}}; do echo '{}' | git-glue-log append s --close || exit 1; done",
            PROMPT.trim()
        ),
    ]);
    let mut recording = log.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let prune = || {
        let mut prune = world.sandbox.command("git-glue-prune");
        prune
            .args(["--older-than", "0s", "--yes", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    while recording.try_wait().unwrap().is_none() {
        for child in [prune(), prune()] {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
    }
    let output = recording.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_was_left_behind_goes_after_a_day() {
    let world = World::new();
    let dir = session(&world, "s", "", 3);
    let staged = |name: &str| {
        let staged = world.sessions().join(name);
        fs::create_dir_all(&staged).unwrap();
        fs::write(staged.join("runtime.mbox"), [b'x'; 2000]).unwrap();
        staged
    };
    let (old, new, other) = (staged(".glue-import-a1B2c3"), staged(".glue-import-d4E5f6"), staged(".glue-import-mine"));
    let (temporary, mine) = (dir.join(".glue-a1B2c3.tmp"), dir.join("notes.tmp"));
    [&temporary, &mine].iter().for_each(|path| fs::write(path, "x").unwrap());
    [&old, &other, &dir].iter().for_each(|dir| aged(dir, 2));
    let all = |removed: bool| {
        json!([
            { "path": old, "size_bytes": 2000, "removed": removed },
            { "path": temporary, "size_bytes": 1, "removed": removed },
        ])
    };
    assert_eq!(world.json(0, "prune", &[])["leftovers"], all(false));
    let (_, err) = world.ends(0, "prune", &[]);
    assert!(err.contains(&format!("left behind by a crash: {} (1.9 KB)\n", old.display())), "{err}");
    assert!(err.contains("\n2 leftovers would go, 1.9 KB\n"), "{err}");
    assert_eq!(world.json(0, "prune", &["s"])["leftovers"], json!([]));
    assert_eq!(world.json(0, "prune", &["--older-than", "90d", "--yes"])["leftovers"], all(true));
    let is_there = |path: &Path| path.exists();
    assert!(!is_there(&old) && !is_there(&temporary) && is_there(&new) && is_there(&other) && is_there(&mine));
}
