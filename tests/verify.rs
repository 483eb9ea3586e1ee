//! `git glue-apply --verify-only`: a capture is proved, and nothing else happens.

use bstr::{BString, ByteSlice};

use crate::exact::story;
use crate::round_trip::{Story, Way, some_files};
use crate::round_trip_places::work;
use crate::sandbox::{Sandbox, gits};
use crate::trip::{Parts, Run, Trip, apply_in, snapshot, unchanged};

fn verify(story: &Story, place: &Sandbox, args: &[&str]) -> Run {
    let mut command = place.command("git");
    command.args(["glue-apply", "--verify-only"]).args(args).arg("s1").env("GLUE_HOME", story.store());
    command.output().unwrap().into()
}

#[test]
fn it_proves_a_capture_wherever_the_bootstrap_is_and_touches_nothing() {
    let story = story(Way::Store);
    work(&story.away);
    story.ran(&story.capture().run);
    let home = &story.home;
    let proves = |what: &str, place: &Sandbox| {
        let before = snapshot(place.dir());
        let run = verify(&story, place, &[]);
        assert_eq!(run.code, 0, "{what}: {}", run.err);
        run.says("trees match the sandbox (3 of 3)").says("1 of 1 can be kept");
        unchanged(&before, &snapshot(place.dir()));
    };
    proves("a clean clone", home);
    home.write("a.txt", "dirty\n");
    home.write("untracked/new", "in the way\n");
    home.git(&["add", "a.txt"]);
    proves("dirty and staged", home);
    home.commit("Mine\n");
    home.git(&["checkout", "-q", "-b", "topic", "HEAD~"]);
    home.write("a.txt", "theirs\n");
    home.commit("Theirs\n");
    assert!(!home.try_git(&["rebase", "-q", "main"]).status.success());
    proves("in a rebase", home);
    home.git(&["rebase", "--abort"]);
    home.git(&["checkout", "-q", "--orphan", "unborn"]);
    proves("no commit yet", home);
    let bare = home.at("bare.git");
    bare.git(&["clone", "-q", "--bare", "../origin", "."]);
    proves("bare", &bare);
    proves("the sandbox itself", &story.away);
}

#[test]
fn it_says_what_is_missing() {
    let story = story(Way::Store);
    work(&story.away);
    story.capture();
    let other = story.home.at("other");
    other.init(&[]);
    let run = verify(&story, &other, &[]);
    run.is(1).says("which is no commit of this repository").says("git fetch");
    let json = verify(&story, &other, &["--json"]).json();
    assert_eq!(json["error"]["kind"], "no-such-bootstrap");
    let mail = story.home.git(&["format-patch", "--stdout", "--root", "HEAD"]);
    std::fs::write(story.home.root().join("series.mbox"), mail).unwrap();
    let run = apply_in(&story.home, &["--verify-only", "../series.mbox"]);
    run.is(1).says("does not say which commit");
}

#[test]
fn the_first_entry_that_parts_is_named() {
    type Bend = fn(&mut Parts);
    let bends: [(Bend, &str); 5] = [
        (|parts| parts.entries[1].0.tree = parts.entries[0].0.tree.clone(), "entry 2 (Second) comes out at the tree"),
        (|parts| parts.entries[1].0.tree = None, "entry 2 (Second) does not name the tree"),
        (|parts| parts.entries[1].1 = parts.entries[1].1.replace("+line 22", "+line x"), "entry 2 (Second) does not"),
        (|parts| parts.sidecar.worktree_tree = Some("0".repeat(40)), "ended at other trees"),
        (|parts| parts.entries.swap(0, 1), "entry 1 (Second) does not fit on what comes before it"),
    ];
    for (bend, what) in bends {
        let trip = Trip::new();
        trip.away.write("a.txt", trip.away.read("a.txt").replace("line 2\n", "line two\n"));
        trip.away.commit("First\n");
        trip.away.write("a.txt", trip.away.read("a.txt").replace("line two\n", "line 22\n"));
        trip.away.commit("Second\n");
        trip.capture_with(bend);
        let before = snapshot(trip.home.dir());
        trip.apply(&["--verify-only"]).is(1).says("not proved").says(what);
        let json = trip.apply(&["--verify-only", "--json"]);
        json.is(1);
        assert_eq!(json.json()["outcome"], "not-verified");
        assert_eq!(json.json()["proof"]["verdict"], "differs");
        unchanged(&before, &snapshot(trip.home.dir()));
    }
}

#[test]
fn captures_without_what_ids_are_made_of_are_proved_all_the_same() {
    let trip = Trip::new();
    crate::apply::work(&trip);
    trip.capture();
    trip.apply(&["--verify-only"]).is(0).says("trees match the sandbox").says("0 of 2 can be kept");
    let json = trip.apply(&["--verify-only", "--json"]).json();
    assert_eq!((&json["outcome"], &json["exact"]), (&"verified".into(), &0.into()));
    trip.apply(&["--exact"]).is(1).says("does not carry all").says("capture again");
    trip.applied(&[]).says("trees match");
}

#[test]
fn work_that_began_dirty_or_before_the_first_commit() {
    let git = &gits()[0];
    let mut story = Story::between(git, git, Way::Store, &[], some_files);
    story.options.retain(|option| !option.starts_with("--base"));
    let begin = |story: &Story| {
        Run::from({
            let mut command = story.away.command("git");
            command.args(["glue-capture", "--begin", "--session=s1"]).env("GLUE_HOME", story.store()).output().unwrap()
        })
    };
    story.away.write("a.txt", story.away.read("a.txt").replace("line 3\n", "mine before\n"));
    story.away.write("b.txt", "staged before\n");
    story.away.git(&["add", "b.txt"]);
    story.ran(&begin(&story));
    story.away.write("a.txt", story.away.read("a.txt").replace("line 9\n", "agent's\n"));
    story.away.write("b.txt", "staged before\nand by the agent\n");
    story.away.git(&["add", "b.txt"]);
    story.ran(&story.run_capture(&[]));
    verify(&story, &story.home, &[]).is(0).says("trees match the sandbox (2 of 2)");
    verify(&story, &story.away, &[]).is(0);

    let mut unborn = Story::between(git, git, Way::Store, &[], some_files);
    unborn.options.retain(|option| !option.starts_with("--base"));
    unborn.away = unborn.away.at("unborn");
    unborn.away.init(&[]);
    unborn.ran(&begin(&unborn));
    work_from_nothing(&unborn.away);
    unborn.ran(&unborn.run_capture(&[]));
    verify(&unborn, &unborn.home, &[]).is(0).says("trees match the sandbox (2 of 2)").says("1 of 1 can be kept");
    unborn.run_capture(&[]);
    let captured = crate::round_trip::Captured {
        run: Run { code: 0, out: BString::default(), err: BString::default() },
        mbox: BString::default(),
        sidecar: serde_json::Value::Null,
    };
    unborn.apply(&captured, &["--exact"]).is(1).says("before its first commit");
}

fn work_from_nothing(away: &Sandbox) {
    away.write("a.txt", "a\n");
    away.commit("First\n");
    away.write("b.txt", "b\n");
}

#[test]
fn a_capture_proves_itself_before_the_sandbox_goes() {
    for way in [Way::Store, Way::Pipe] {
        let mut story = story(way);
        work(&story.away);
        story.options.push("--verify".to_owned());
        let captured = story.capture();
        story.ran(&captured.run);
        captured.run.says("Proof     trees match the sandbox (3 of 3)");
        let run = story.apply(&captured, &[]);
        run.is(0).says("trees match the sandbox");
        let said = &captured.sidecar["verified"];
        assert_eq!(said, &serde_json::Value::from((way == Way::Store).then_some(true)), "a pipe is gone by then");
    }
}

#[test]
fn programs_get_the_verdict_too_and_a_file_its_sidecar() {
    let story = story(Way::Store);
    work(&story.away);
    let out = story.away.root().join("out.mbox");
    let run = story.run_capture(&["--verify", "--json", "-o", out.to_str().unwrap()]);
    let json = run.is(0).json();
    assert_eq!((&json["verified"]["proof"]["verdict"], &json["verified"]["exact"]), (&"matches".into(), &1.into()));
    assert_eq!(json["capture"]["verified"], true);
    let beside = std::fs::read(out.with_extension("mbox.meta.json")).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&beside).unwrap()["verified"], true);
    assert_eq!(story.run_capture(&["--json"]).json()["verified"], serde_json::Value::Null);
}

/// git reads an object by the name of its file, and does not look whether the content has that name.
#[test]
fn a_capture_that_is_not_what_it_says_is_told_of_loudly() {
    let story = story(Way::Store);
    let (away, other) = (&story.away, story.away.at("other"));
    other.init(&[]);
    work(away);
    let loose = |repo: &Sandbox, content: &str| {
        let id = repo.git_with(&["hash-object", "-w", "--stdin"], content.as_bytes());
        let (folder, file) = id.trim().split_at(2);
        repo.path(format!(".git/objects/{}/{}", folder.as_bstr(), file.as_bstr()))
    };
    away.write("new", "good\n");
    away.commit("New\n");
    let (good, bad) = (loose(away, "good\n"), loose(&other, "evil\n"));
    std::fs::remove_file(&good).unwrap();
    std::fs::copy(bad, good).unwrap();
    let run = story.run_capture(&["--verify"]);
    run.is(1)
        .says("the capture was written, but does not lead to what is here: entry 2 (New)")
        .says("keep this sandbox");
    let run = verify(&story, &story.home, &[]);
    run.is(1).says("could not be proved in the sandbox").says("entry 2 (New)");
}
