//! `git glue-apply` when all goes well: what was done away is here, exact, and nothing else has moved.

use bstr::ByteSlice;

use crate::trip::{ID, STATUS, Trip, apply_in, apply_piped, each_git, files, snapshot, unchanged};

/// Two commits, then every kind of uncommitted work.
pub fn work(trip: &Trip) {
    let away = &trip.away;
    away.write("a.txt", away.read("a.txt").replace("line 3\n", "line three\n"));
    away.write("new/file name", "new\n");
    away.commit("[WIP] Subject with a tag\n\nFrom: Mallory <m@example.org>\n\n---\nnot a diff\n");
    away.git(&["mv", "b.txt", "renamed.txt"]);
    away.git(&["rm", "-q", "dir/x.txt"]);
    away.git(&["update-index", "--chmod=+x", "run.sh"]);
    away.git(&["checkout", "-q", "run.sh"]);
    away.write("bin.dat", [7, 0, 255, 10, 13, 10, 0]);
    away.commit("Second\n");
    uncommitted(trip);
}

/// Staged, staged and changed again, unstaged, announced and untracked.
pub fn uncommitted(trip: &Trip) {
    let away = &trip.away;
    away.write("dir/y.txt", "staged\n");
    away.write("staged-new", "staged\n");
    away.git(&["add", "dir/y.txt", "staged-new"]);
    away.write("dir/y.txt", "staged, then changed\n");
    away.write("a.txt", away.read("a.txt").replace("line 9\n", "line nine\r\n"));
    away.write("announced", "add -N\n");
    away.git(&["add", "-N", "announced"]);
    away.write("un/tracked", "no final newline");
    away.write(b"latin-\xe9", b"\xe9\xff\0");
}

#[test]
fn all_of_it_comes_home_as_what_it_was() {
    each_git(|trip| {
        work(&trip);
        trip.capture();
        trip.applied(&[]).says("trees match the sandbox (4 of 4)").says("glue-apply --undo s1");
        trip.same();
        assert_eq!(trip.home.git(&["symbolic-ref", "HEAD"]), "refs/heads/glue/s1");
        assert_eq!(trip.home.git(&["rev-parse", "main"]), trip.base);
        trip.home.git(&["fsck", "--strict"]);
    });
}

#[test]
fn only_commits_and_only_uncommitted_work() {
    let trip = Trip::new();
    trip.away.write("a.txt", "other\n");
    trip.away.commit("One\n");
    trip.capture();
    trip.applied(&[]);
    trip.same();
    let trip = Trip::new();
    uncommitted(&trip);
    trip.capture();
    trip.applied(&[]);
    trip.same();
    assert_eq!(trip.home.git(&["rev-parse", "HEAD"]), trip.base);
}

#[test]
fn staged_then_deleted_and_files_that_become_folders() {
    each_git(|trip| {
        let away = &trip.away;
        away.write("gone", "staged, then deleted\n");
        away.git(&["add", "gone"]);
        std::fs::remove_file(away.path("gone")).unwrap();
        std::fs::remove_file(away.path("b.txt")).unwrap();
        away.write("b.txt/inner", "a file became a folder\n");
        std::fs::remove_dir_all(away.path("dir")).unwrap();
        away.write("dir", "and the other way round\n");
        std::fs::remove_file(away.path("link")).unwrap();
        std::os::unix::fs::symlink("nowhere/at all", away.path("link")).unwrap();
        trip.capture();
        trip.applied(&[]).says("trees match");
        trip.same();
    });
}

#[test]
fn names_that_need_quoting() {
    let trip = Trip::new();
    for name in ["-dash", "tab\there", "new\nline", "quo\"te", "back\\slash", "'q'", " lead", "trail ", ":(glob)*", "*"]
    {
        trip.away.write(name, name);
    }
    trip.away.commit("Names\n");
    for name in [&b"\xff\xfe"[..], "caf\u{e9}".as_bytes(), b"new\ntoo", b":!x", b"--"] {
        trip.away.write(name, name);
    }
    trip.away.git(&["--literal-pathspecs", "add", "-N", "--", ":!x", "--"]);
    trip.capture();
    trip.applied(&[]);
    trip.same();
}

#[test]
fn odd_authors_dates_encodings_empty_commits_and_merges() {
    let trip = Trip::new();
    let away = &trip.away;
    let author = |name: &str, mail: &str, date: &str, message: &str| {
        let mut command = away.command("git");
        command.args(["commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-m", message]);
        command.env("GIT_AUTHOR_NAME", name).env("GIT_AUTHOR_EMAIL", mail).env("GIT_AUTHOR_DATE", date);
        assert!(command.status().unwrap().success());
    };
    author("J\u{f6}rg \"X\" O'Neil, Jr. (x)", "a b@c", "@0 +0000", "");
    author("a@b", "", "1700000000 -1145", "\n\n  leading blanks\n\n");
    author("x", "y", "4000000000 +0545", "Subject\nwrapped\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n");
    away.git(&["checkout", "-q", "-b", "side"]);
    away.write("side", "side\n");
    away.commit("On the side\n");
    away.git(&["checkout", "-q", "main"]);
    away.write("main", "main\n");
    away.commit("On main\n");
    away.git(&["merge", "-q", "--no-ff", "-m", "Merge\n", "side"]);
    trip.capture();
    trip.applied(&[]).says("was a merge");
    trip.same();
}

#[test]
fn a_message_in_another_encoding_stays_what_it_is() {
    let trip = Trip::new();
    trip.away.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
    trip.away.commit_index(b"caf\xe9\n");
    trip.capture();
    trip.applied(&[]);
    let raw = |place: &crate::sandbox::Sandbox| place.git(&["cat-file", "commit", "HEAD"]);
    assert!(raw(&trip.home).contains_str("encoding ISO-8859-1"));
    assert_eq!(raw(&trip.home).split_once_str("\n\n").unwrap().1, raw(&trip.away).split_once_str("\n\n").unwrap().1);
}

#[test]
fn the_branch_has_the_name_that_it_is_given() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.applied(&["--branch", "feature/x"]).says("on feature/x");
    trip.same();
    assert_eq!(trip.home.git(&["symbolic-ref", "HEAD"]), "refs/heads/feature/x");
    trip.home.git(&["reset", "-q", "--hard"]);
    trip.home.git(&["checkout", "-q", "-"]);
    assert_eq!(trip.home.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
}

#[test]
fn in_place_goes_on_with_the_branch_that_is_checked_out() {
    each_git(|trip| {
        work(&trip);
        trip.capture();
        trip.applied(&["--in-place"]).says("on main");
        trip.same();
        assert_eq!(trip.home.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
        assert_eq!(trip.home.git(&["branch", "--format=%(refname)"]), "refs/heads/main");
    });
}

#[test]
fn in_place_on_a_detached_head_moves_head() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.home.git(&["checkout", "-q", "--detach"]);
    trip.applied(&["--in-place"]);
    trip.same();
    assert_ne!(trip.home.try_git(&["symbolic-ref", "-q", "HEAD"]).status.code(), Some(0));
    assert_eq!(trip.home.git(&["rev-parse", "main"]), trip.base);
}

#[test]
fn a_target_is_another_repository_whatever_git_dir_says() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    let elsewhere = trip.home.at("elsewhere");
    elsewhere.init(&[]);
    elsewhere.commit_index("Other\n");
    let before = snapshot(elsewhere.dir());
    let mut command = elsewhere.command("git-glue-apply");
    command.args(["--target", "../here/dir", ID]);
    command.env("GIT_DIR", elsewhere.path(".git")).env("GIT_WORK_TREE", elsewhere.dir());
    command.env("GIT_INDEX_FILE", elsewhere.path(".git/index"));
    crate::trip::Run::from(command.output().unwrap()).is(0);
    trip.same();
    unchanged(&before, &snapshot(elsewhere.dir()));
}

#[test]
fn git_dir_and_friends_count_without_a_target() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    let mut command = trip.home.at("elsewhere").command("git-glue-apply");
    command.arg(ID).env("GIT_DIR", trip.home.path(".git")).env("GIT_WORK_TREE", trip.home.dir());
    crate::trip::Run::from(command.output().unwrap()).is(0);
    trip.same();
}

#[test]
fn onto_another_commit() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.home.write("later", "later\n");
    trip.home.commit("Later at home\n");
    trip.applied(&["--onto", "HEAD~1"]).says("trees match");
    trip.same();
}

#[test]
fn no_checkout_makes_a_branch_and_touches_no_file() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.home.write("a.txt", "dirty\n");
    let (before, status) = (files(&trip.home), trip.home.git(STATUS));
    trip.apply(&["--no-checkout"]).is(1).says("--commit-worktree");
    trip.applied(&["--no-checkout", "--commit-worktree"]);
    unchanged(&before, &files(&trip.home));
    assert_eq!(trip.home.git(STATUS), status);
    assert_eq!(trip.home.git(&["rev-parse", "glue/s1^{tree}"]), trip.parts().sidecar.worktree_tree.unwrap());
    assert_eq!(trip.log(&trip.home, "glue/s1~1"), trip.log(&trip.away, "HEAD"));
}

#[test]
fn a_bare_repository_takes_a_branch() {
    let trip = Trip::new();
    trip.away.write("a.txt", "a\n");
    trip.away.commit("One\n");
    trip.capture();
    trip.away.git(&["clone", "-q", "--bare", "../here", "../bare"]);
    let bare = trip.home.at("bare");
    apply_in(&bare, &[ID]).is(1).says("has no work tree").says("--no-checkout");
    apply_in(&bare, &["--no-checkout", ID]).is(0);
    assert_eq!(trip.log(&bare, "glue/s1"), trip.log(&trip.away, "HEAD"));
}

#[test]
fn a_new_work_tree_leaves_this_one_alone() {
    each_git(|trip| {
        work(&trip);
        trip.capture();
        trip.home.write("a.txt", "dirty\n");
        trip.home.write("mine", "staged\n");
        trip.home.git(&["add", "mine"]);
        let (before, status) = (files(&trip.home), trip.home.git(STATUS));
        trip.applied(&["--worktree", "../new tree"]).says("new tree");
        unchanged(&before, &files(&trip.home));
        assert_eq!(trip.home.git(STATUS), status);
        let linked = trip.home.at("new tree");
        unchanged(&files(&trip.away), &files(&linked));
        assert_eq!(linked.git(STATUS), trip.away.git(STATUS));
        assert_eq!(linked.git(&["symbolic-ref", "HEAD"]), "refs/heads/glue/s1");
    });
}

#[test]
fn check_changes_nothing_and_tells_what_would_happen() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    let before = snapshot(trip.home.dir());
    trip.applied(&["--check"]).says("Would apply").says("trees match").says("Second").says_not("--undo");
    unchanged(&before, &snapshot(trip.home.dir()));
    trip.home.write("a.txt", "mine\n");
    let before = snapshot(trip.home.dir());
    trip.apply(&["--check"]).is(1).says("a.txt (has changes that are not committed)");
    unchanged(&before, &snapshot(trip.home.dir()));
}

#[test]
fn uncommitted_work_becomes_a_commit_when_asked() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.applied(&["--commit-worktree"]).says("Uncommitted work of the session");
    assert_eq!(trip.home.git(STATUS), "");
    assert_eq!(trip.home.git(&["rev-parse", "HEAD^{tree}"]), trip.parts().sidecar.worktree_tree.unwrap());
    assert_eq!(trip.home.git(&["log", "-1", "--format=%an %cn"]), "Cam Committer Cam Committer");
}

#[test]
fn nothing_changed_and_applied_already_are_no_errors() {
    let trip = Trip::new();
    trip.capture();
    let before = snapshot(trip.home.dir());
    trip.applied(&[]).says("nothing");
    assert_eq!(trip.applied(&["--json"]).json()["outcome"], "nothing");
    unchanged(&before, &snapshot(trip.home.dir()));
    work(&trip);
    trip.capture();
    trip.applied(&[]);
    let before = snapshot(trip.home.dir());
    trip.applied(&[]).says("already applied, on glue/s1");
    assert_eq!(trip.applied(&["--json"]).json()["outcome"], "already-applied");
    unchanged(&before, &snapshot(trip.home.dir()));
}

#[test]
fn through_a_pipe_a_file_a_prefix_and_latest() {
    for spec in ["-", "file", "s", "latest", "folder"] {
        let trip = Trip::new();
        work(&trip);
        let session = trip.capture();
        let mbox = session.path("runtime.mbox");
        let branch = match spec {
            "-" => {
                apply_piped(&trip.home, &["--branch", "piped", "-"], &std::fs::read(mbox).unwrap()).is(0);
                "piped"
            }
            "file" => {
                std::fs::copy(mbox, trip.home.root().join("work.mbox")).unwrap();
                apply_in(&trip.home, &["../work.mbox"]).is(0);
                "glue/work"
            }
            "folder" => {
                apply_in(&trip.home, &[session.dir()]).is(0);
                "glue/s1"
            }
            spec => {
                apply_in(&trip.home, &[spec]).is(0);
                "glue/s1"
            }
        };
        trip.same();
        assert_eq!(trip.home.git(&["symbolic-ref", "--short", "HEAD"]), branch);
    }
}

#[test]
fn the_configuration_speaks_where_the_command_line_is_silent() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.home.git(&["config", "glue.branchPrefix", "agents/"]);
    trip.home.git(&["config", "glue.commitWorktree", "true"]);
    trip.applied(&[]).says("on agents/s1");
    assert_eq!(trip.home.git(STATUS), "");
    trip.home.git(&["config", "glue.onConflict", "maybe"]);
    trip.apply(&["--branch", "b2"]).is(2).says("glue.onConflict is 'maybe'");
}

#[test]
fn changes_that_are_here_already_are_left_out() {
    let trip = Trip::new();
    trip.away.write("b.txt", "two\n");
    trip.away.commit("Both did this\n");
    trip.away.write("more", "more\n");
    trip.away.commit("Only away\n");
    trip.capture();
    trip.home.write("b.txt", "two\n");
    trip.home.commit("Both did this, at home\n");
    trip.applied(&[]).says("(here already) Both did this");
    assert_eq!(trip.home.git(&["log", "--format=%s", "--reverse"]), "Base\nBoth did this, at home\nOnly away");
}
