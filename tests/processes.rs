//! What is usual starts no git at all; what is not is done by git.

use std::fs;
use std::process::Output;

use bstr::ByteSlice;

use crate::sandbox::{Sandbox, output_with};
use crate::trip::{ID, Trip, each_git};

/// How a program ended, and the gits that it started, as git itself tells of them.
fn gits_of(place: &Sandbox, program: &str, args: &[&str], input: &[u8]) -> (Output, Vec<String>) {
    let trace = place.root().join("trace");
    let mut command = place.command(program);
    let output = output_with(command.args(args).env("GIT_TRACE2_EVENT", &trace), input);
    let events = fs::read_to_string(&trace).unwrap_or_default();
    let _ = fs::remove_file(&trace);
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let starts = events.filter(|event| event["event"] == "start").map(|event| event["argv"].to_string());
    (output, starts.collect())
}

#[track_caller]
fn starts_none(place: &Sandbox, program: &str, args: &[&str]) {
    starts_none_with(place, program, args, b"");
}

#[track_caller]
fn starts_none_with(place: &Sandbox, program: &str, args: &[&str], input: &[u8]) {
    let (output, gits) = gits_of(place, program, args, input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {said}");
    assert!(gits.is_empty(), "{program} {args:?} started {gits:#?}");
}

/// Commits, and with `uncommitted` something in the index, in the work tree and untracked.
fn work(trip: &Trip, commits: usize, uncommitted: bool) {
    for number in 0..commits {
        let lines = trip.away.read("a.txt").replace("line 3\n", format!("line 3\nand {number}\n"));
        trip.away.write("a.txt", lines);
        trip.away.write(format!("new/{number}.txt"), "new\n");
        trip.away.commit(format!("Commit {number}\n"));
    }
    if uncommitted {
        trip.away.write("b.txt", "staged\n");
        trip.away.git(&["add", "b.txt"]);
        trip.away.write("dir/x.txt", "unstaged\n");
        trip.away.write("dir/new.txt", "untracked\n");
    }
    trip.capture();
}

#[test]
fn a_series_lands_without_a_git() {
    each_git(|trip| {
        work(&trip, 2, true);
        starts_none(&trip.home, "git-glue-list", &[]);
        starts_none(&trip.home, "git-glue-show", &[ID]);
        starts_none(&trip.home, "git-glue-apply", &["--check", ID]);
        starts_none(&trip.home, "git-glue-apply", &["--verify-only", ID]);
        starts_none(&trip.home, "git-glue-apply", &[ID]);
        trip.same();
    });
}

#[test]
fn one_mail_and_very_many_land_without_a_git() {
    for commits in [1, 70] {
        let trip = Trip::new();
        work(&trip, commits, false);
        starts_none(&trip.home, "git-glue-apply", &["--check", ID]);
        starts_none(&trip.home, "git-glue-apply", &["--verify-only", ID]);
        starts_none(&trip.home, "git-glue-apply", &[ID]);
        trip.same();
        trip.home.git(&["fsck", "--strict"]);
        // It is here already.
        starts_none(&trip.home, "git-glue-apply", &[ID]);
    }
}

#[test]
fn no_way_to_land_on_a_usual_repository_needs_a_git() {
    let ways: [(&[&str], &[&str]); 6] = [
        (&["pack-refs", "--all"], &[ID]),
        (&["checkout", "-q", "--detach"], &[ID]),
        (&["branch", "other"], &["--in-place", ID]),
        (&["branch", "other"], &["--branch", "landed/here", ID]),
        (&["branch", "other"], &["--no-checkout", "--commit-worktree", ID]),
        (&["config", "core.fsync", "all"], &[ID]),
    ];
    for (git, args) in ways {
        let trip = Trip::new();
        work(&trip, 2, true);
        trip.home.git(git);
        starts_none(&trip.home, "git-glue-apply", args);
        starts_none(&trip.home, "git-glue-list", &[]);
    }
    let trip = Trip::with_git(&crate::sandbox::gits()[0], &["--object-format=sha256"]);
    work(&trip, 2, true);
    starts_none(&trip.home, "git-glue-apply", &[ID]);
    trip.same();
}

#[test]
fn a_series_that_comes_through_a_pipe_and_one_for_a_base_that_moved_on_need_no_git() {
    let trip = Trip::new();
    let session = {
        work(&trip, 2, true);
        trip.parts().mbox()
    };
    trip.home.write("a.txt", trip.home.read("a.txt").replace("line 18\n", "line eighteen\n"));
    trip.home.write("other.txt", "other\n");
    trip.home.commit("Meanwhile\n");
    starts_none_with(&trip.home.at("here/dir"), "git-glue-apply", &["-"], &session);
}

#[test]
fn what_is_unusual_is_done_by_git() {
    let trip = Trip::new();
    work(&trip, 2, true);
    trip.home.git(&["config", "extensions.worktreeConfig", "true"]);
    trip.home.git(&["config", "core.sharedRepository", "group"]);
    let (output, gits) = gits_of(&trip.home, "git-glue-apply", &[ID], b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(gits.iter().any(|git| git.contains("update-ref")), "{gits:#?}");
    trip.same();
}

#[test]
fn a_capture_of_usual_commits_needs_no_git() {
    each_git(|trip| {
        let text = |name: &str, count: usize| (0..count).map(|number| format!("{name} {number}\n")).collect::<String>();
        trip.away.write("b.txt", text("changed", 100));
        trip.away.commit("Change\n");
        trip.away.write("b.txt", text("changed", 110));
        trip.away.write("new.txt", text("new", 90));
        trip.away.commit("Change one, and add one that is different\n");
        trip.away.write("bin.dat", "text from now on\n");
        trip.away.write("untracked.txt", text("untracked", 80));
        let args = ["-q", "--verify", "--base", &trip.base.to_string(), "-o", "../c.mbox"];
        let (output, gits) = gits_of(&trip.away, "git-glue-capture", &args, b"");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // What was binary is git's.
        assert_eq!(gits.len(), 1, "{gits:#?}");
        trip.away.git(&["checkout", "-q", "bin.dat"]);
        starts_none(&trip.away, "git-glue-capture", &args);
    });
}
