//! `git glue-export`: a pair of files that can be checked, and nobody's file overwritten.

use std::fs;

use crate::programs::World;

const ID: &str = "1786480000123-4242-1k9zq3f";

#[test]
fn a_copy_brings_a_sidecar_that_vouches_for_it() {
    let world = World::new();
    world.session(ID, "Refactor", Some(&world.mbox));
    let (out, _) = world.ends(0, "export", &["latest", "--to", "work.mbox"]);
    assert_eq!(out, "work.mbox\nwork.mbox.meta.json\n");
    assert_eq!(world.sandbox.read("work.mbox"), world.mbox);
    let sidecar: serde_json::Value = serde_json::from_slice(&world.sandbox.read("work.mbox.meta.json")).unwrap();
    assert_eq!((&sidecar["session_id"], &sidecar["title"]), (&ID.into(), &"Refactor".into()));
    assert_eq!(sidecar["size_bytes"], world.mbox.len());
    world.sandbox.write("work.mbox", "changed");
    let (_, err) = world.ends(1, "show", &["./work.mbox"]);
    assert!(err.contains("is corrupt: it has 7 bytes"), "{err}");
}

#[test]
fn what_is_there_is_overwritten_only_by_force() {
    let world = World::new();
    world.session(ID, "", Some(&world.mbox));
    world.sandbox.write("a.mbox", "mine");
    let (_, err) = world.ends(1, "export", &[ID, "--to", "a.mbox"]);
    assert_eq!(err, "error: a.mbox exists already\nhint: --force overwrites it\n");
    world.sandbox.write("b.mbox.meta.json", "mine");
    world.ends(1, "export", &[ID, "--to", "b.mbox"]);
    assert!(!world.sandbox.path("b.mbox").exists() && !world.sandbox.path("a.mbox.meta.json").exists());
    world.ends(0, "export", &[ID, "--to", "a.mbox", "--force"]);
    assert_eq!(world.sandbox.read("a.mbox"), world.mbox);
}

#[test]
fn into_a_directory_the_name_says_which_and_whether_it_is_whole() {
    let world = World::new();
    let dir = world.session(ID, "", None);
    fs::write(dir.join("runtime.mbox.truncated"), "cut").unwrap();
    fs::write(dir.join("runtime.mbox.meta.json"), r#"{"runtime_id":"modal","truncated":true}"#).unwrap();
    let (out, err) = world.ends(0, "export", &[ID, "--to", "."]);
    assert!(out.starts_with(&format!("./{ID}.mbox.truncated\n")), "{out}");
    assert!(err.starts_with("warning: the capture is truncated"), "{err}");
    // Under another name, the sidecar still says so.
    world.ends(0, "export", &[ID, "--to", "renamed.mbox"]);
    assert_eq!(world.json(0, "show", &["./renamed.mbox"])["capture"]["truncated"], true);
}

#[test]
fn a_pipe_gets_the_mbox_alone() {
    let world = World::new();
    world.session(ID, "", Some(&world.mbox));
    assert_eq!(world.glue("export", &["latest", "--to", "-"]).stdout, world.mbox);
    let json = world.json(0, "export", &["latest", "--to", "x.mbox"]);
    assert_eq!((&json["id"], &json["sidecar"]), (&ID.into(), &"x.mbox.meta.json".into()));
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let world = World::new();
    world.session(ID, "", Some(&world.mbox));
    world.ends(1, "export", &[ID, "--to", "no/such/dir.mbox"]);
    world.ends(2, "export", &[ID]);
    assert_eq!(world.sandbox.git(&["status", "--porcelain"]), "");
}
