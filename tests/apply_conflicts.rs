//! What does not fit: left as git leaves it, never half, and everybody's way on and way back.

use bstr::{BString, ByteSlice};

use crate::sandbox::Sandbox;
use crate::trip::{ID, Run, STATUS, Trip, apply_in, each_git, files, snapshot, unchanged};

fn edit(place: &Sandbox, from: &str, to: &str) {
    let text = place.read("a.txt");
    assert!(text.contains_str(from));
    place.write("a.txt", text.replace(from, to));
}

/// Away: three commits, of which the second collides with what was done at home, and uncommitted work.
fn collision() -> impl Fn(&Trip) {
    |trip| {
        edit(&trip.away, "line 1\n", "line one\n");
        trip.away.commit("First\n");
        edit(&trip.away, "line 10\n", "line ten\n");
        let mut command = trip.away.command("git");
        command.args(["commit", "-qam", "[tag] Second\n\nFrom: X <x@y>\n\nit's !odd\n", "--cleanup=verbatim"]);
        command.env("GIT_AUTHOR_NAME", "O'Neil \"!\" $(x)").env("GIT_AUTHOR_EMAIL", "o@example.org");
        assert!(command.status().unwrap().success());
        trip.away.write("third", "third\n");
        trip.away.commit("[tag] Third\n\nSubject: y\n");
        trip.away.write("b.txt", "staged\n");
        trip.away.git(&["add", "b.txt"]);
        trip.away.write("untracked", "untracked\n");
        trip.capture();
        edit(&trip.home, "line 10\n", "line X\n");
        trip.home.commit("At home\n");
    }
}

fn subjects(place: &Sandbox) -> BString {
    place.git(&["log", "--format=%s", "--reverse"])
}

/// Takes the other side of the conflict in `a.txt`.
fn resolve(place: &Sandbox) {
    let text = place.read("a.txt");
    let (before, rest) = text.split_once_str("<<<<<<< HEAD\n").unwrap();
    let (_, rest) = rest.split_once_str("=======\n").unwrap();
    let (theirs, rest) = rest.split_once_str(">>>>>>> ").unwrap();
    let (_, after) = rest.split_once_str("\n").unwrap();
    place.write("a.txt", [before, theirs, after].concat());
    place.git(&["add", "a.txt"]);
}

#[test]
fn a_commit_that_collides_stops_like_git_am() {
    each_git(|trip| {
        collision()(&trip);
        let run = trip.apply(&[]);
        run.is(3).says("'[tag] Second' (entry 2) did not fit").says("a.txt").says("git glue-apply --continue s1");
        assert_eq!(subjects(&trip.home), "Base\nAt home\nFirst");
        assert_eq!(trip.home.git(&["symbolic-ref", "HEAD"]), "refs/heads/glue/s1");
        assert!(trip.home.git(STATUS).starts_with(b"u UU "));
        assert!(trip.home.read("a.txt").contains_str("<<<<<<< HEAD\nline X\n=======\nline ten\n>>>>>>> "));
        assert!(trip.home.git(&["status"]).contains_str("git am --continue"));
        trip.home.git(&["am", "--show-current-patch"]);
        assert!(!trip.home.path("third").exists());
    });
}

#[test]
fn continue_commits_exactly_and_brings_all_the_rest() {
    each_git(|trip| {
        collision()(&trip);
        trip.apply(&[]).is(3);
        trip.apply(&["--continue"]).is(1).says("a.txt").says("git add");
        resolve(&trip.home);
        let run = trip.apply(&["--continue"]);
        run.is(0).says("Third").says_not("did not fit");
        assert!(!trip.home.path(".git/rebase-apply").exists());
        let text = |place: &Sandbox, tip: &str| {
            place.git(&["log", "-3", "--first-parent", "--format=%an%n%ae%n%ad%n%B", "--date=raw", tip])
        };
        assert_eq!(text(&trip.home, "HEAD"), text(&trip.away, "HEAD"));
        let status = trip.home.git(&["status", "--porcelain"]);
        assert_eq!(status, "M  b.txt\n?? untracked");
        assert!(trip.home.read("a.txt").contains_str("line one\n"));
        trip.applied(&[]).says("already applied");
        trip.applied(&["--undo"]);
        assert_eq!(trip.home.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
        assert_eq!(trip.home.git(STATUS), "");
        assert_eq!(subjects(&trip.home), "Base\nAt home");
    });
}

#[test]
fn git_am_continues_it_too() {
    each_git(|trip| {
        collision()(&trip);
        trip.apply(&[]).is(3);
        resolve(&trip.home);
        trip.home.git(&["am", "--continue"]);
        assert_eq!(trip.home.git(&["log", "-1", "--format=%an %ae", "HEAD~1"]), "O'Neil \"!\" $(x) o@example.org");
        assert_eq!(trip.home.git(&["rev-list", "--count", "HEAD"]), "5");
        let message = ["log", "-1", "--format=%B", "HEAD~1"];
        assert_eq!(trip.home.git(&message), trip.away.git(&message));
        trip.apply(&["--continue"]).is(0);
        assert_eq!(trip.home.git(&["status", "--porcelain"]), "M  b.txt\n?? untracked");
        trip.applied(&["--undo"]);
        assert_eq!(trip.home.git(STATUS), "");
    });
}

#[test]
fn git_am_skips_it_too() {
    each_git(|trip| {
        collision()(&trip);
        trip.apply(&[]).is(3);
        trip.home.git(&["am", "--skip"]);
        assert_eq!(trip.home.read("third"), "third\n");
        assert_eq!(trip.home.git(&["rev-list", "--count", "HEAD"]), "4");
        trip.apply(&["--continue"]).is(0);
        assert_eq!(trip.home.git(&["status", "--porcelain"]), "M  b.txt\n?? untracked");
    });
}

#[test]
fn git_am_aborts_it_and_undo_takes_the_rest_back() {
    each_git(|trip| {
        collision()(&trip);
        let before = (files(&trip.home), trip.home.git(&["for-each-ref"]), trip.home.git(STATUS));
        for abort in [&["am", "--abort"][..], &[]] {
            trip.apply(&[]).is(3);
            trip.apply(&[]).is(1).says("up to a conflict").says("--continue s1").says("--undo s1");
            if !abort.is_empty() {
                trip.home.git(abort);
                assert_eq!(subjects(&trip.home), "Base\nAt home\nFirst");
                trip.apply(&[]).is(1).says("up to a conflict").says("--undo s1");
            }
            trip.applied(&["--undo"]);
            unchanged(&before.0, &files(&trip.home));
            assert_eq!((&before.1, &before.2), (&trip.home.git(&["for-each-ref"]), &trip.home.git(STATUS)));
            assert!(!trip.home.path(".git/rebase-apply").exists());
        }
    });
}

#[test]
fn a_second_conflict_stops_again() {
    let trip = Trip::new();
    for (number, word) in [(3, "three"), (9, "nine"), (15, "fifteen")] {
        edit(&trip.away, &format!("line {number}\n"), &format!("line {word}\n"));
        trip.away.commit(format!("{word}\n"));
    }
    trip.away.write("untracked", "untracked\n");
    trip.capture();
    edit(&trip.home, "line 3\n", "line X\n");
    edit(&trip.home, "line 15\n", "line Y\n");
    trip.home.commit("At home\n");
    trip.apply(&[]).is(3).says("'three'");
    resolve(&trip.home);
    trip.apply(&["--continue"]).is(3).says("'fifteen' (entry 3)");
    trip.home.git(&["checkout", "-q", "--ours", "a.txt"]);
    trip.home.git(&["add", "a.txt"]);
    trip.apply(&["--continue"]).is(1).says("git am --skip");
    trip.home.git(&["am", "--skip"]);
    trip.apply(&["--continue"]).is(0);
    assert_eq!(trip.home.git(&["status", "--porcelain"]), "?? untracked");
    trip.applied(&["--undo"]);
    assert_eq!(subjects(&trip.home), "Base\nAt home");
}

#[test]
fn atomic_changes_nothing() {
    each_git(|trip| {
        collision()(&trip);
        let before = snapshot(trip.home.dir());
        trip.apply(&["--atomic"]).is(1).says("entry 2 ([tag] Second) does not fit").says("a.txt");
        unchanged(&before, &snapshot(trip.home.dir()));
        trip.apply(&["--no-checkout", "--commit-worktree"]).is(1).says("a.txt");
        unchanged(&before, &snapshot(trip.home.dir()));
        let run = trip.apply(&["--check"]);
        run.is(1).says("would not fit").says_not("git am --continue");
        unchanged(&before, &snapshot(trip.home.dir()));
    });
}

#[test]
fn reject_lands_what_fits() {
    each_git(|trip| {
        collision()(&trip);
        trip.apply(&["--reject"]).is(3).says("(left out) [tag] Second").says(".rej").says_not("here already");
        assert_eq!(subjects(&trip.home), "Base\nAt home\nFirst\n[tag] Third");
        assert!(trip.home.read("a.txt.rej").contains_str("+line ten"));
        assert_eq!(trip.home.git(&["log", "--all", "--format=%s", "--grep=undo"]), "");
        assert!(!trip.home.read("a.txt").contains_str("<<<<"));
        assert!(trip.home.read("a.txt").contains_str("line one\n"));
        assert_eq!(trip.home.read("third"), "third\n");
        trip.applied(&["--undo"]);
        assert_eq!((trip.home.git(STATUS), subjects(&trip.home)), ("".into(), "Base\nAt home".into()));
    });
}

/// Uncommitted work away that collides with a commit at home.
fn uncommitted_collision(trip: &Trip, stage: bool) -> Run {
    trip.away.write("new", "new\n");
    trip.away.commit("Fits\n");
    edit(&trip.away, "line 10\n", "line ten\n");
    if stage {
        trip.away.git(&["add", "a.txt"]);
    }
    trip.away.write("untracked", "untracked\n");
    trip.capture();
    edit(&trip.home, "line 10\n", "line X\n");
    trip.home.commit("At home\n");
    let run = trip.apply(&[]);
    run.is(3).says("did not fit").says("a.txt").says_not("git am");
    assert!(!trip.home.path(".git/rebase-apply").exists());
    assert_eq!(subjects(&trip.home), "Base\nAt home\nFits");
    run
}

#[test]
fn staged_changes_that_collide() {
    each_git(|trip| {
        uncommitted_collision(&trip, true).says("git glue-apply --continue s1");
        trip.applied(&["--undo"]);
        assert_eq!((trip.home.git(STATUS), subjects(&trip.home)), ("".into(), "Base\nAt home".into()));
        trip.apply(&[]).is(3);
        assert!(trip.home.git(STATUS).starts_with(b"u UU "));
        assert!(!trip.home.path("untracked").exists());
        resolve(&trip.home);
        trip.apply(&["--continue"]).is(0);
        assert_eq!(trip.home.git(&["status", "--porcelain"]), "M  a.txt\n?? untracked");
    });
}

#[test]
fn unstaged_changes_that_collide() {
    each_git(|trip| {
        uncommitted_collision(&trip, false).says_not("--continue s1");
        trip.applied(&["--undo"]);
        assert_eq!((trip.home.git(STATUS), subjects(&trip.home)), ("".into(), "Base\nAt home".into()));
        trip.apply(&[]).is(3);
        let status = trip.home.git(&["status", "--porcelain"]);
        assert_eq!(status, "UU a.txt\n?? untracked");
        resolve(&trip.home);
        assert!(trip.home.read("a.txt").contains_str("line ten"));
        assert_eq!(trip.home.read("untracked"), "untracked\n");
    });
}

#[test]
fn conflicts_of_every_kind() {
    type Story = (&'static str, fn(&Sandbox), fn(&Sandbox));
    let stories: [Story; 6] = [
        ("bin.dat", |away| away.write("bin.dat", [0, 9, 9]), |home| home.write("bin.dat", [0, 7, 7])),
        ("a.txt", |away| edit(away, "line 2\n", "2\n"), |home| std::fs::remove_file(home.path("a.txt")).unwrap()),
        ("a.txt", |away| std::fs::remove_file(away.path("a.txt")).unwrap(), |home| edit(home, "line 2\n", "2\n")),
        (
            "one.txt",
            |away| {
                away.git(&["mv", "a.txt", "one.txt"]);
                away.write("one.txt", away.read("one.txt").replace("line 2\n", "2\n"));
            },
            |home| drop(home.git(&["mv", "a.txt", "two.txt"])),
        ),
        ("added", |away| away.write("added", "away\n"), |home| home.write("added", "home\n")),
        ("b.txt", |away| away.write("b.txt", "away\n"), |home| home.write("b.txt", "home\n")),
    ];
    for (path, at_away, at_home) in stories {
        each_git(|trip| {
            at_away(&trip.away);
            trip.away.commit("Away\n");
            trip.capture();
            at_home(&trip.home);
            let head = trip.home.commit("Home\n");
            trip.apply(&[]).is(3).says(path);
            assert_eq!(trip.home.git(&["rev-parse", "HEAD"]), head);
            assert!(trip.home.git(STATUS).contains_str("u "), "{path}");
            trip.home.git(&["am", "--abort"]);
            trip.applied(&["--undo"]);
            assert_eq!(trip.home.git(STATUS), "");
            assert_eq!(trip.home.git(&["for-each-ref", "refs/heads"]).lines().count(), 1);
        });
    }
}

#[test]
fn renames_at_home_are_followed() {
    each_git(|trip| {
        edit(&trip.away, "line 2\n", "2\n");
        trip.away.commit("Away\n");
        trip.capture();
        trip.home.git(&["mv", "a.txt", "moved.txt"]);
        trip.home.commit("Home\n");
        trip.applied(&[]).says("merged");
        assert!(trip.home.read("moved.txt").contains_str("\n2\n"));
        assert!(!trip.home.path("a.txt").exists());
    });
}

#[test]
fn a_hunk_without_a_preimage_is_a_reject() {
    each_git(|trip| {
        trip.away.write("only-away", "1\n2\n3\n");
        trip.away.commit("Known away alone\n");
        let hidden = trip.away.git(&["rev-parse", "HEAD"]);
        trip.away.write("only-away", "1\ntwo\n3\n");
        trip.away.write("fits", "fits\n");
        trip.away.commit("On top\n");
        let trip = Trip { base: hidden, ..trip };
        trip.capture();
        let run = trip.apply(&[]);
        run.is(3).says("only-away").says(".rej");
        assert_eq!(trip.home.read("fits"), "fits\n");
        assert!(trip.home.read("only-away.rej").contains_str("+two"));
        assert_eq!(subjects(&trip.home), "Base");
        trip.home.git(&["am", "--abort"]);
        trip.applied(&["--undo"]);
        assert_eq!(trip.home.git(STATUS), "");
    });
}

/// The sandbox began with files that were never committed: its first commit is one that home does not have.
fn snapshot_base(trip: Trip, pack: bool) -> Trip {
    edit(&trip.away, "line 10\n", "line dirty\n");
    let base = trip.away.commit("What was dirty at the start\n");
    let trip = Trip { base, ..trip };
    edit(&trip.away, "line 12\n", "line twelve\n");
    trip.away.write("untracked", "untracked\n");
    trip.capture_with(|parts| {
        let blob = trip.away.git(&["rev-parse", "HEAD:a.txt"]);
        let pack_of =
            |id: &BString| trip.away.git_with(&["pack-objects", "--stdout", "-q"], format!("{id}\n").as_bytes());
        parts.preamble.objects = pack.then(|| pack_of(&blob).into());
    });
    trip
}

#[test]
fn preimages_that_the_capture_carries_let_it_merge() {
    for git in crate::sandbox::gits() {
        let trip = snapshot_base(Trip::with_git(&git, &[]), true);
        edit(&trip.home, "line 11\n", "line eleven\n");
        trip.home.commit("Close by\n");
        let run = trip.apply(&[]);
        assert!(run.code == 0 || run.code == 3, "{}", run.err);
        assert!(trip.home.read("a.txt").contains_str("line twelve"));
    }
}

#[test]
fn the_persons_own_dirty_file_is_the_preimage() {
    for git in crate::sandbox::gits() {
        let trip = snapshot_base(Trip::with_git(&git, &[]), false);
        edit(&trip.home, "line 10\n", "line dirty\n");
        let before = files(&trip.home);
        trip.applied(&[]);
        assert_eq!(trip.home.read("a.txt"), trip.away.read("a.txt"));
        assert_eq!(trip.home.read("untracked"), "untracked\n");
        trip.applied(&["--undo"]);
        unchanged(&before, &files(&trip.home));
    }
}

#[test]
fn a_conflict_in_a_new_work_tree_is_resolved_there() {
    each_git(|trip| {
        collision()(&trip);
        let before = (files(&trip.home), trip.home.git(STATUS));
        trip.apply(&["--worktree", "../other"]).is(3).says("cd ");
        unchanged(&before.0, &files(&trip.home));
        let other = trip.home.at("other");
        resolve(&other);
        apply_in(&other, &["--continue", ID]).is(0);
        assert_eq!(other.git(&["status", "--porcelain"]), "M  b.txt\n?? untracked");
        assert_eq!(trip.home.git(STATUS), before.1);
    });
}

#[test]
fn json_tells_it_all() {
    let trip = Trip::new();
    collision()(&trip);
    let planned = trip.apply(&["--check", "--json"]).json();
    assert_eq!((planned["outcome"].as_str(), planned["schema_version"].as_u64()), (Some("planned"), Some(1)));
    let run = trip.apply(&["--json"]);
    let conflict = run.is(3).json();
    assert_eq!(conflict["outcome"], "conflict");
    assert_eq!(conflict["conflict"]["paths"][0], "a.txt");
    assert_eq!(conflict["conflict"]["entry"], 2);
    assert_eq!(conflict["commits"].as_array().unwrap().len(), 1);
    trip.home.git(&["am", "--abort"]);
    assert_eq!(trip.apply(&["--json"]).is(1).json()["error"]["kind"], "begun");
    let undone = trip.applied(&["--undo", "--json"]).json();
    assert_eq!((undone["outcome"].as_str(), undone["head"].as_str()), (Some("undone"), Some("main")));
    assert_eq!(trip.apply(&["--atomic", "--json"]).is(1).json()["error"]["kind"], "conflict");
    assert_eq!(trip.apply(&["--reject", "--json"]).is(3).json()["rejects"][0], "a.txt");
}
