//! `git glue-apply` and captures that were tampered with, or that only look as if they were here: nothing is said that was
//! not seen.

use bstr::{BString, ByteSlice};

use crate::trip::{Trip, apply_piped};

/// A capture of three commits, one mail each.
fn three_mails(trip: &Trip) -> Vec<Vec<u8>> {
    for name in ["one", "two", "three"] {
        trip.away.write(name, name);
        trip.away.commit(format!("{name}\n"));
    }
    let mut parts = trip.parts();
    let bytes = parts.mbox();
    let mut mails: Vec<Vec<u8>> = Vec::new();
    for line in bytes.lines_with_terminator() {
        if line.starts_with(b"From ") && line.contains_str("Mon Sep 17 00:00:00 2001") {
            mails.push(Vec::new());
        }
        mails.last_mut().unwrap().extend_from_slice(line);
    }
    mails
}

#[test]
fn a_mail_cannot_stand_in_for_another() {
    let trip = Trip::new();
    let mails = three_mails(&trip);
    assert_eq!(mails.len(), 3);
    for order in [&[0, 1, 1][..], &[0, 2, 1], &[0, 1], &[1, 2], &[0, 1, 2, 0, 1, 2]] {
        let mbox: Vec<u8> = order.iter().flat_map(|&index| mails[index].clone()).collect();
        apply_piped(&trip.home, &["-"], &mbox).is(1).says_not("match").says("the capture is");
    }
    let whole = mails.concat();
    apply_piped(&trip.home, &["-"], &whole).is(0).says("trees match the sandbox (3 of 3)");
}

#[test]
fn commits_come_before_the_index_and_that_before_the_work_tree() {
    let trip = Trip::new();
    crate::apply::work(&trip);
    for bend in [[2, 3], [0, 2], [1, 3]] {
        trip.capture_with(|parts| parts.entries.swap(bend[0], bend[1]));
        trip.apply(&[]).is(1).says("the capture is corrupt").says("cannot follow");
    }
    trip.capture_with(|parts| {
        let last = parts.entries[3].clone();
        parts.entries.push(last);
        parts.sidecar.entries = Some(5);
    });
    trip.apply(&[]).is(1).says("cannot follow");
}

#[test]
fn nothing_is_proved_by_halves() {
    let bends: [fn(&mut crate::trip::Parts); 4] = [
        |parts| parts.entries[1].0.tree = None,
        |parts| parts.sidecar.head_tree = parts.sidecar.index_tree.clone(),
        |parts| parts.sidecar.index_tree = parts.sidecar.head_tree.clone(),
        |parts| parts.sidecar.worktree_tree = parts.sidecar.head_tree.clone(),
    ];
    for bend in bends {
        let trip = Trip::new();
        crate::apply::work(&trip);
        trip.capture_with(bend);
        trip.applied(&[]).says("not proved").says_not("match");
    }
}

#[test]
fn what_was_reset_away_is_applied_again() {
    let trip = Trip::new();
    crate::apply::work(&trip);
    trip.capture();
    trip.applied(&["--in-place"]);
    trip.applied(&["--in-place"]).says("already applied");
    trip.home.git(&["reset", "-q", "--hard", &trip.base.to_string()]);
    trip.home.git(&["clean", "-qfd"]);
    trip.applied(&["--in-place"]).says("trees match");
    trip.same();

    let trip = Trip::new();
    crate::apply::uncommitted(&trip);
    trip.capture();
    trip.applied(&["--in-place"]);
    trip.home.git(&["reset", "-q", "--hard"]);
    trip.home.git(&["clean", "-qfd"]);
    trip.applied(&["--in-place"]).says("trees match");
    trip.same();
}

#[test]
fn a_branch_that_was_reset_does_not_hold_the_capture() {
    let trip = Trip::new();
    trip.away.write("new", "new\n");
    trip.away.commit("One\n");
    trip.capture();
    trip.applied(&[]);
    trip.home.git(&["checkout", "-q", "main"]);
    trip.home.git(&["branch", "-f", "glue/s1", "main"]);
    trip.apply(&[]).is(1).says_not("already applied");
}

#[test]
fn claimed_trees_alone_are_not_believed() {
    let trip = Trip::new();
    trip.away.write("new", "new\n");
    trip.away.commit("Base\n");
    let head_tree: BString = trip.home.git(&["rev-parse", "HEAD^{tree}"]);
    trip.capture_with(|parts| {
        parts.entries[0].0.tree = Some(head_tree);
        parts.sidecar.head_tree = None;
    });
    trip.apply(&["--in-place"]).is(1).says_not("already applied");

    let trip = Trip::new();
    trip.away.write("new", "new\n");
    trip.away.commit("One\n");
    trip.capture();
    trip.applied(&["--in-place"]);
    trip.home.git(&["update-ref", "-d", "refs/glue/undo/s1"]);
    trip.applied(&["--in-place"]).says("already applied");
}

#[test]
fn later_mails_are_named_at_a_stop_and_git_gets_them_written_anew() {
    let trip = Trip::new();
    trip.away.write("b.txt", "theirs\n");
    trip.away.commit("Conflicts\n");
    trip.away.write(".envrc", "evil\n");
    trip.away.write("keys", format!("x\nghp_{}\n", "k3Jf9Qz7Lm2Xw8Rt5Yb1Vn6Hc4Gd0Sp9Ua7E"));
    trip.away.commit("innocent\n");
    let mut parts = trip.parts();
    let mbox = parts.mbox();
    // What git would read of the mail says something else than what we read.
    let forged = mbox.replace(
        "\nSubject: [PATCH 2/2] innocent\n",
        "\nSubject: [PATCH 2/2] innocent\nX-Glue-Message: aW5ub2NlbnQK\n",
    );
    let at = forged.find("Subject: [PATCH 2/2]").unwrap();
    let body = at + forged[at..].find("\n\n").unwrap() + 2;
    let lie = b"From: Forged <forged@example.org>\nSubject: forged\n\n".as_slice();
    let forged = [&forged[..body], lie, &forged[body..]].concat();
    trip.home.write("b.txt", "mine\n");
    trip.home.commit("Mine\n");
    let check = apply_piped(&trip.home, &["--check", "-"], &forged);
    check.is(1).says(".envrc").says("keys:2").says("glue");
    apply_piped(&trip.home, &["-"], &forged).is(3).says(".envrc").says("keys:2");
    trip.home.write("b.txt", "both\n");
    trip.home.git(&["add", "b.txt"]);
    trip.home.git(&["am", "--continue"]);
    assert_eq!(trip.home.git(&["log", "-1", "--format=%an %s"]), "Ann Author innocent");
    assert_eq!(trip.home.read(".envrc"), "evil\n");
}

#[test]
fn new_names_that_other_systems_refuse_are_told() {
    let trip = Trip::new();
    trip.away.write("src/aux.c", "one\n");
    trip.away.write("what?", "one\n");
    trip.away.commit("Names\n");
    trip.away.write("b.txt", "theirs\n");
    trip.away.write("a:b", "one\n");
    trip.away.commit("Conflicts\n");
    trip.away.git(&["mv", "what?", "con"]);
    trip.away.commit_index("Moves\n");
    trip.capture();
    trip.home.write("b.txt", "mine\n");
    trip.home.commit("Mine\n");
    // The last two of them are in the entry that does not fit, and in one behind it that says nothing of modes.
    let run = trip.apply(&[]);
    run.is(3).says("names make trouble on other systems").says("src/aux.c: is a device name on Windows");
    run.says("what?: cannot exist on Windows").says("a:b: ").says("con: is a device name on Windows");
    trip.applied(&["--undo"]);
    trip.home.git(&["reset", "-q", "--hard", "HEAD~"]);
    let told = trip.applied(&["--json"]).json();
    let paths: Vec<_> = told["path_warnings"].as_array().unwrap().iter().map(|told| &told["path"]).collect();
    assert_eq!(paths, ["a:b", "con", "src/aux.c"]);
    // What is here already is nobody's news.
    trip.home.git(&["merge", "-q", "--ff-only", "glue/s1"]);
    trip.away.write("src/aux.c", "two\n");
    trip.away.commit("Later\n");
    trip.capture();
    trip.applied(&["--in-place"]).says_not("names make trouble");
}

#[test]
fn many_files_in_one_folder_land_as_they_were() {
    let trip = Trip::new();
    for number in 0..200 {
        trip.away.write(format!("many/{number}"), format!("{number}\n"));
    }
    trip.away.commit("Many\n");
    for number in 0..200 {
        std::fs::copy(trip.away.path(format!("many/{number}")), trip.away.path(format!("copy{number}"))).unwrap();
        trip.away.write(format!("many/{number}"), format!("{number}\nchanged\n"));
    }
    trip.away.commit("Copied and changed\n");
    trip.capture();
    trip.applied(&[]).says("trees match the sandbox (2 of 2)");
    trip.same();
}

#[test]
fn an_earlier_capture_on_the_branch_is_named_as_such() {
    let trip = Trip::new();
    trip.away.write("new", "new\n");
    trip.away.commit("One\n");
    trip.capture();
    trip.applied(&["--no-checkout"]);
    trip.applied(&["--no-checkout"]).says("already applied");
    trip.away.write("new", "newer\n");
    trip.away.commit("Two\n");
    trip.capture();
    trip.apply(&[]).is(1).says("glue/s1 holds an earlier capture of this session").says("--undo s1");
}
