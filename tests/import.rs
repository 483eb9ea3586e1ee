//! `git glue-import`: into the store whole, once, under its own id where that is free; or not at all.

use std::fs;

use bstr::ByteSlice;

use crate::programs::World;
use crate::sandbox::{Sandbox, output_with};

const ID: &str = "1786480000123-4242-1k9zq3f";

/// Exports a session and empties the store.
fn exported(world: &World) {
    world.session(ID, "Refactor", Some(&world.mbox));
    world.ends(0, "export", &[ID, "--to", "work.mbox"]);
    fs::remove_dir_all(world.sessions()).unwrap();
}

fn entries(world: &World) -> Vec<String> {
    let Ok(entries) = fs::read_dir(world.sessions()) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_was_exported_comes_back_under_its_id() {
    let world = World::new();
    exported(&world);
    assert_eq!(world.ends(0, "import", &["work.mbox"]).0, format!("{ID}\n"));
    let (out, _) = world.ends(0, "list", &[]);
    assert!(out.ends_with("  Refactor\n"), "{out}");
    assert_eq!(world.glue("diff", &[ID]).stdout, world.mbox);
    // Once more changes nothing.
    let (out, err) = world.ends(0, "import", &["work.mbox"]);
    assert_eq!((out, err.lines().next()), (format!("{ID}\n"), Some("in the store already")));
    assert_eq!(entries(&world), [ID]);
}

#[test]
fn an_id_that_is_taken_is_left_alone() {
    let world = World::new();
    exported(&world);
    let dir = world.session(ID, "Another", Some(b"other"));
    let (out, err) = world.ends(0, "import", &["work.mbox"]);
    let new = out.trim_end();
    assert!(new.starts_with(&format!("{ID}-")), "{out}");
    assert!(err.starts_with(&format!("warning: another session is called {ID} here; this one is now {new}")), "{err}");
    assert_eq!(fs::read(dir.join("runtime.mbox")).unwrap(), b"other");
    assert_eq!(world.json(0, "import", &["work.mbox"])["already_there"], true);
    assert_eq!(entries(&world).len(), 2);
}

#[test]
fn any_series_that_git_takes_will_do() {
    let world = World::new();
    let mut command = world.sandbox.command("git-glue-import");
    let output = output_with(command.arg("-"), &world.mbox);
    assert!(output.status.success(), "{}", output.stderr.as_bstr());
    let id = output.stdout.trim_end().to_str().unwrap();
    assert!(id.starts_with("import-"), "{id}");
    let list = world.json(0, "list", &[]);
    assert_eq!((&list["sessions"][0]["id"], &list["sessions"][0]["title"]), (&id.into(), &"first: grow".into()));
    output_with(world.sandbox.command("git-glue-import").arg("-"), &world.mbox);
    assert_eq!(entries(&world), [id]);
}

#[test]
fn nothing_is_left_of_what_is_refused() {
    let world = World::new();
    exported(&world);
    let mut cut = world.mbox.clone();
    let two_thirds = cut.len() * 2 / 3;
    cut.truncate(two_thirds);
    for (content, code) in [(&b"changed"[..], 1), (b"", 4), (&cut, 1)] {
        world.sandbox.write("work.mbox", content);
        world.ends(code, "import", &["work.mbox"]);
    }
    world.sandbox.write("lone.mbox", &cut);
    world.ends(1, "import", &["lone.mbox"]);
    world.sandbox.write("text.mbox", "hello\n");
    world.ends(1, "import", &["text.mbox"]);
    world.ends(1, "import", &["missing.mbox"]);
    assert!(entries(&world).is_empty(), "{:?}", entries(&world));
}

#[test]
fn nothing_arrived_is_told_from_nothing_changed() {
    let world = World::new();
    let output = output_with(world.sandbox.command("git-glue-import").args(["-", "--json"]), b"");
    let error: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &error["error"]["kind"]), (Some(4), &"executorDead".into()));
    let message = "nothing arrived on standard input: the command at the other end of the pipe printed nothing";
    assert_eq!(error["error"]["message"], message);
}

#[test]
fn an_id_cannot_lead_out_of_the_store() {
    let world = World::new();
    exported(&world);
    let sidecar = world.sandbox.read("work.mbox.meta.json");
    for (id, becomes) in [("../../evil", "import-"), ("a/b", "a_b"), (".git", "import-")] {
        world.sandbox.write("work.mbox.meta.json", sidecar.replace(ID, id));
        let (out, _) = world.ends(0, "import", &["work.mbox"]);
        assert!(out.starts_with(becomes), "{id}: {out}");
    }
    assert!(entries(&world).iter().all(|name| name == "a_b" || name.starts_with("import-")));
}

#[test]
fn a_whole_session_directory_can_be_taken_in() {
    let world = World::new();
    let dir = world.session(ID, "Refactor", Some(&world.mbox));
    let elsewhere = world.sandbox.root().join(ID);
    fs::rename(dir, &elsewhere).unwrap();
    assert_eq!(world.ends(0, "import", &[elsewhere.to_str().unwrap()]).0, format!("{ID}\n"));
}

/// What the sandbox pipes home now, as `git glue-import -` takes it.
#[track_caller]
fn brought_home(sandbox: &Sandbox, desk: &World, args: &[&str], code: i32) -> (String, String) {
    let capture = sandbox.run("git", &["glue-capture", "-o", "-"]);
    taken_in(desk, &capture, args, code)
}

#[track_caller]
fn taken_in(desk: &World, capture: &[u8], args: &[&str], code: i32) -> (String, String) {
    let output = output_with(desk.sandbox.command("git-glue-import").arg("-").args(args), capture);
    let (out, err) = (output.stdout.to_str_lossy().into_owned(), output.stderr.to_str_lossy().into_owned());
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    (out, err)
}

/// A sandbox where an agent has begun, with an untracked file.
fn begun() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("file", "one\n");
    sandbox.commit("base\n");
    sandbox.run("git", &["glue-capture", "--begin"]);
    sandbox.write("notes", "first\n");
    sandbox
}

#[test]
fn a_later_capture_takes_the_place_of_the_one_before() {
    let (sandbox, desk) = (begun(), World::new());
    let first = sandbox.run("git", &["glue-capture", "-o", "-"]);
    let (id, _) = taken_in(&desk, &first, &[], 0);
    // Captured anew without any change: only the dates differ.
    let (same, err) = brought_home(&sandbox, &desk, &[], 0);
    assert_eq!((&same, err.lines().next()), (&id, Some("in the store already")));
    sandbox.write("notes", "second\n");
    let (later, err) = brought_home(&sandbox, &desk, &[], 0);
    assert_eq!((&later, err.lines().next()), (&id, Some(format!("a later capture of {}", id.trim_end()).as_str())));
    assert_eq!(entries(&desk), [id.trim_end()]);
    let dir = desk.sessions().join(id.trim_end());
    assert_eq!(fs::read(dir.join("runtime.mbox.previous")).unwrap(), first);
    assert!(dir.join("runtime.mbox.previous.meta.json").is_file());
    assert!(desk.glue("diff", &["latest"]).stdout.contains_str("+second"));
    // The one before comes only by force.
    let (_, err) = taken_in(&desk, &first, &[], 1);
    assert!(err.starts_with("error: a later capture of ") && err.contains("\nhint: --force "), "{err}");
    taken_in(&desk, &first, &["--force"], 0);
    assert_eq!(fs::read(dir.join("runtime.mbox")).unwrap(), first);
}

#[test]
fn the_same_id_from_elsewhere_is_another_session() {
    let (sandbox, desk) = (begun(), World::new());
    let first = sandbox.run("git", &["glue-capture", "-o", "-"]);
    let (id, _) = taken_in(&desk, &first, &[], 0);
    let sidecar = desk.sessions().join(id.trim_end()).join("runtime.mbox.meta.json");
    let json = fs::read_to_string(&sidecar).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
    json["runtime_cwd"] = "/elsewhere".into();
    fs::write(&sidecar, json.to_string()).unwrap();
    sandbox.write("notes", "second\n");
    let (other, err) = brought_home(&sandbox, &desk, &[], 0);
    assert!(other.starts_with(&format!("{}-", id.trim_end())), "{other}");
    assert!(err.starts_with("warning: another session is called "), "{err}");
}
