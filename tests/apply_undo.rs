//! The way back: `git glue-apply --undo`, and what becomes of an apply that fails in the middle.

use bstr::ByteSlice;
use git_glue::mbox::Kind;

use crate::apply::work;
use crate::sandbox::Sandbox;
use crate::trip::{ID, STATUS, Snapshot, Trip, each_git, files, snapshot, unchanged};

/// What a person would see of a repository: files, status, refs, HEAD.
fn seen(place: &Sandbox) -> (Snapshot, String) {
    let refs = place.git(&["for-each-ref"]);
    let head = std::fs::read(place.path(".git/HEAD")).unwrap();
    (files(place), format!("{}\n{refs}\n{}", place.git(STATUS), head.as_bstr()))
}

#[track_caller]
fn as_before(before: &(Snapshot, String), place: &Sandbox) {
    let after = seen(place);
    unchanged(&before.0, &after.0);
    assert_eq!(before.1, after.1);
}

#[test]
fn undo_takes_all_of_it_back() {
    each_git(|trip| {
        work(&trip);
        trip.capture();
        trip.home.write("mine", "untracked, and not in the way\n");
        trip.home.write("link2", "mine too\n");
        let before = seen(&trip.home);
        for args in [&[][..], &["--branch", "other"], &["--in-place"], &["--commit-worktree"], &["--onto", "HEAD"]] {
            trip.applied(args);
            trip.applied(&["--undo"]).says("Undone");
            as_before(&before, &trip.home);
        }
        trip.apply(&["--undo"]).is(1).says("nothing of s1 was applied here");
        trip.applied(&[]);
    });
}

#[test]
fn undo_on_a_detached_head() {
    each_git(|trip| {
        work(&trip);
        trip.capture();
        trip.home.git(&["checkout", "-q", "--detach"]);
        let before = seen(&trip.home);
        for args in [&[][..], &["--in-place"]] {
            trip.applied(args);
            trip.applied(&["--undo"]);
            as_before(&before, &trip.home);
        }
    });
}

#[test]
fn undo_gives_changed_files_back_that_were_the_captures_own() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.home.write("b.txt", "mine, and not in the way\n");
    trip.away.git(&["checkout", "-q", "--", "."]);
    let trip = Trip::new();
    trip.away.write("a.txt", "all new\n");
    trip.away.write("untracked", "untracked\n");
    trip.capture();
    trip.home.write("a.txt", "all new\n");
    trip.home.write("untracked", "untracked\n");
    let before = seen(&trip.home);
    trip.applied(&[]);
    trip.applied(&["--undo"]);
    as_before(&before, &trip.home);
}

#[test]
fn undo_refuses_when_there_is_work_on_top() {
    let story = |change: &dyn Fn(&Sandbox), says: &str| {
        let trip = Trip::new();
        work(&trip);
        trip.capture();
        trip.applied(&[]);
        change(&trip.home);
        let before = snapshot(trip.home.dir());
        trip.apply(&["--undo"]).is(1).says(says);
        unchanged(&before, &snapshot(trip.home.dir()));
    };
    story(&|home| home.write("un/tracked", "changed\n"), "un/tracked (was changed since)");
    story(&|home| home.write("bin.dat", "changed\n"), "bin.dat (was changed since)");
    story(&|home| std::fs::remove_file(home.path("renamed.txt")).unwrap(), "renamed.txt (was changed since)");
    story(&|home| home.write("dir/x.txt", "back again\n"), "dir/x.txt (was changed since)");
    story(&|home| drop(home.git(&["add", "un/tracked"])), "un/tracked (was staged since)");
    story(&|home| drop(home.commit("On top\n")), "has other commits on top");
    story(&|home| drop(home.git(&["checkout", "-q", "-b", "elsewhere"])), "is not checked out");
    story(&|home| home.write(".git/index.lock", ""), "index.lock");
    story(&|home| drop(home.git(&["bisect", "start"])), "`git bisect` is in progress");
}

#[test]
fn undo_leaves_new_files_of_the_person_alone() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.applied(&[]);
    trip.home.write("new/mine", "mine\n");
    trip.applied(&["--undo"]);
    assert_eq!(trip.home.read("new/mine"), "mine\n");
    assert_eq!(trip.home.git(STATUS), "? new/mine\0");
}

#[test]
fn what_landed_elsewhere_is_undone_there() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    let before = seen(&trip.home);
    trip.applied(&["--worktree", "../other"]);
    crate::trip::apply_in(&trip.home.at("other"), &["--undo", ID]).is(0);
    trip.home.git(&["worktree", "remove", "../other"]);
    as_before(&before, &trip.home);
}

/// A name that no file system takes, as the last commit away.
fn name_too_long(trip: &Trip) {
    let blob = trip.away.git_with(&["hash-object", "-w", "--stdin"], b"never lands\n");
    let entry = format!("100644,{},sub/z{}", blob.trim().as_bstr(), "o".repeat(300));
    trip.away.git(&["update-index", "--add", "--cacheinfo", &entry]);
    trip.away.commit_index("A name too long\n");
    trip.capture_with(|parts| {
        parts.entries.retain(|(entry, _)| entry.kind == Kind::Commit);
        parts.sidecar.entries = Some(parts.entries.len() as u64);
    });
}

/// The last step fails, after the branch and other files are there.
#[test]
fn a_failure_in_the_middle_is_taken_back() {
    each_git(|trip| {
        work(&trip);
        name_too_long(&trip);
        trip.home.write("untracked", "mine\n");
        let before = seen(&trip.home);
        for args in [&[][..], &["--in-place"], &["--worktree", "../other"]] {
            trip.apply(args).is(1).says("zooooo");
            as_before(&before, &trip.home);
            assert!(!trip.home.path(".git/index.lock").exists());
            let left = std::fs::read_dir(trip.home.path(".git")).unwrap().flatten();
            assert!(!left.into_iter().any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"glue-")));
        }
        assert!(!trip.home.path("../other").exists());
    });
}

#[test]
fn what_lies_behind_a_link_is_not_touched_on_the_way_back() {
    each_git(|trip| {
        let outside = trip.home.at("outside");
        outside.write("inner", "mine\n");
        std::os::unix::fs::symlink("../outside", trip.away.path("way")).unwrap();
        let base = trip.away.commit("A link\n");
        trip.home.git(&["pull", "-q"]);
        std::fs::remove_file(trip.away.path("way")).unwrap();
        trip.away.write("way/inner", "a folder now\n");
        trip.away.commit("A folder\n");
        let trip = Trip { base, ..trip };
        name_too_long(&trip);
        let (before, mine) = (seen(&trip.home), snapshot(outside.dir()));
        trip.apply(&[]).is(1).says("zooooo");
        as_before(&before, &trip.home);
        unchanged(&mine, &snapshot(outside.dir()));
    });
}

#[test]
fn undo_of_a_conflict_takes_nothing_that_git_does_not_know() {
    let story = |change: &dyn Fn(&Sandbox), says: &str, way_out: &dyn Fn(&Sandbox)| {
        let mut trip = Trip::new();
        let commit = trip.base.to_string();
        trip.away.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
        std::fs::create_dir(trip.away.path("sub")).unwrap();
        trip.base = trip.away.commit_index("A submodule\n");
        trip.home.git(&["pull", "-q", "--ff-only"]);
        trip.away.write("a.txt", "away\n");
        trip.away.git(&["rm", "-q", "-r", "--cached", "b.txt", "dir", "sub"]);
        for path in ["b.txt", "dir/x.txt", "dir/y.txt"] {
            std::fs::remove_file(trip.away.path(path)).unwrap();
        }
        std::fs::remove_dir(trip.away.path("sub")).unwrap();
        trip.away.commit("Without\n");
        trip.capture();
        trip.home.write("a.txt", "home\n");
        trip.home.git(&["commit", "-q", "-a", "-m", "Home"]);
        trip.apply(&[]).is(3);
        assert!(!trip.home.path("b.txt").exists());
        change(&trip.home);
        let before = snapshot(trip.home.dir());
        trip.apply(&["--undo"]).is(1).says(says);
        unchanged(&before, &snapshot(trip.home.dir()));
        way_out(&trip.home);
        trip.applied(&["--undo"]);
        assert_eq!(trip.home.git(STATUS), "");
        assert_eq!(trip.home.read("b.txt"), "b\n");
        assert_eq!(trip.home.read("a.txt"), "home\n");
    };
    let remove = |path: &'static str| move |home: &Sandbox| std::fs::remove_file(home.path(path)).unwrap();
    let remove_folder = |path: &'static str| move |home: &Sandbox| std::fs::remove_dir_all(home.path(path)).unwrap();
    story(&|home| home.write("sub/mine", "mine\n"), "sub/mine (is not tracked)", &remove_folder("sub"));
    story(&|home| home.write("sub/.git/HEAD", "mine\n"), "sub/.git/HEAD (is not tracked)", &remove_folder("sub"));
    story(&|home| home.write("sub", "mine\n"), "sub (is not tracked)", &remove("sub"));
    story(&|home| home.write("b.txt", "mine\n"), "b.txt (is not tracked)", &remove("b.txt"));
    story(&|home| home.write("b.txt/mine", "mine\n"), "b.txt/mine (is not tracked)", &remove_folder("b.txt"));
    story(&|home| home.write("dir", "mine\n"), "dir (is not a folder)", &remove("dir"));
    // What the conflict itself is in is the capture's, unless something else has taken its place.
    let replaced = |home: &Sandbox| {
        std::fs::remove_file(home.path("a.txt")).unwrap();
        home.write("a.txt/mine", "mine\n");
    };
    story(&replaced, "a.txt/mine (is not tracked)", &remove_folder("a.txt"));
}
