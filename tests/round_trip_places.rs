//! Round trips from odd places, and past what a capture cannot carry, which it must name.

use std::fs;

use bstr::ByteSlice;

use crate::round_trip::{Story, Way, differences, some_files};
use crate::sandbox::{Sandbox, gits};
use crate::trip::{STATUS, files};

/// A commit, something staged, something unstaged, something untracked.
pub fn work(away: &Sandbox) {
    away.write("a.txt", away.read("a.txt").replace("line 3\n", "line three\n"));
    away.commit("Work\n");
    away.write("b.txt", "staged\n");
    away.git(&["add", "b.txt"]);
    away.write("dir/x.txt", "unstaged\n");
    away.write("untracked/new", "new\n");
}

#[test]
fn from_a_subdirectory_to_a_subdirectory() {
    for mut story in Story::each(some_files) {
        work(&story.away);
        let (away, home) = (story.away.clone(), story.home.clone());
        (story.away, story.home) = (away.at("work/dir"), home.at("here/dir"));
        let captured = story.capture();
        story.ran(&captured.run);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        run.says("trees match the sandbox");
        (story.away, story.home) = (away, home);
        story.is_same();
    }
}

#[test]
fn from_a_linked_work_tree() {
    for mut story in Story::each(some_files) {
        story.away.git(&["worktree", "add", "-q", "../linked", "-b", "topic"]);
        story.away = story.away.at("linked");
        work(&story.away);
        story.comes_home();
        story.away.at("work").write("b.txt", "work in the other one\n");
        let captured = story.capture();
        story.warned(&captured, &captured.run, &["other-work-trees"]);
    }
}

#[test]
fn to_a_linked_work_tree() {
    for mut story in Story::each(some_files) {
        story.home.git(&["worktree", "add", "-q", "../linked", "-b", "topic"]);
        story.home = story.home.at("linked");
        work(&story.away);
        story.comes_home();
    }
}

#[test]
fn from_a_shallow_clone_and_from_a_partial_one() {
    let begin = |repo: &Sandbox| {
        some_files(repo);
        repo.commit("Before\n");
        repo.write("b.txt", "base\n");
    };
    for mut story in Story::each(begin) {
        let from = format!("file://{}", story.origin.dir().display());
        let place = story.away.at("shallow");
        place.git(&["clone", "-q", "--depth=1", &from, "."]);
        story.away = place;
        work(&story.away);
        story.comes_home();
    }
    for mut story in Story::each(begin) {
        story.origin.git(&["config", "uploadpack.allowFilter", "true"]);
        let from = format!("file://{}", story.origin.dir().display());
        let place = story.away.at("partial");
        place.git(&["clone", "-q", "--filter=blob:none", &from, "."]);
        story.away = place;
        work(&story.away);
        story.comes_home();
    }
}

#[test]
fn between_sha256_repositories() {
    let gits = gits();
    for way in [Way::Store, Way::Pipe] {
        let story = Story::between(&gits[0], &gits[gits.len() - 1], way, &["--object-format=sha256"], some_files);
        work(&story.away);
        story.comes_home();
    }
}

#[test]
fn a_git_directory_elsewhere() {
    for story in Story::each(some_files) {
        fs::rename(story.away.path(".git"), story.away.root().join("moved.git")).unwrap();
        story.away.write(".git", "gitdir: ../moved.git\n");
        work(&story.away);
        story.lands_with(&[]);
    }
}

/// What stays behind is named at both ends; everything else comes home.
fn leaves_behind(kinds: &[&str], work_and_more: impl Fn(&Sandbox), clean: impl Fn(&Sandbox)) {
    for story in Story::each(some_files) {
        work(&story.away);
        work_and_more(&story.away);
        let captured = story.capture();
        story.ran(&captured.run);
        story.warned(&captured, &captured.run, kinds);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        run.says("trees match the sandbox");
        story.warned(&captured, &run, kinds);
        clean(&story.away);
        story.is_same();
    }
}

#[test]
fn nested_repositories_stay_behind() {
    leaves_behind(
        &["nested-repository"],
        |away| {
            let nested = Sandbox::clone(away).at("work/nested");
            nested.init(&[]);
            nested.write("inner", "inner\n");
            nested.commit("Inner\n");
            let without = Sandbox::clone(away).at("work/sub/unborn");
            without.init(&[]);
            without.write("inner", "inner\n");
        },
        |away| {
            fs::remove_dir_all(away.path("nested")).unwrap();
            fs::remove_dir_all(away.path("sub")).unwrap();
        },
    );
}

#[test]
fn stashes_and_other_branches_stay_behind() {
    leaves_behind(
        &["stash", "other-branches"],
        |away| {
            let keep = [away.read("b.txt"), away.read("dir/x.txt")];
            away.git(&["stash", "-q"]);
            away.git(&["checkout", "-q", "-b", "experiment"]);
            away.write("experiment", "x\n");
            away.git(&["add", "experiment"]);
            away.commit_index("Experiment\n");
            away.git(&["checkout", "-q", "main"]);
            away.write("b.txt", &keep[0]);
            away.git(&["add", "b.txt"]);
            away.write("dir/x.txt", &keep[1]);
        },
        |_| {},
    );
}

#[test]
fn a_stale_lock_is_named_and_stops_nothing() {
    leaves_behind(
        &["index-lock"],
        |away| away.write(".git/index.lock", ""),
        |away| fs::remove_file(away.path(".git/index.lock")).unwrap(),
    );
}

#[test]
fn pipes_and_empty_directories_stay_behind() {
    leaves_behind(
        &["special-file", "empty-directory"],
        |away| {
            away.run("mkfifo", &["pipe"]);
            fs::create_dir_all(away.path("empty/er")).unwrap();
        },
        |away| {
            fs::remove_file(away.path("pipe")).unwrap();
            fs::remove_dir_all(away.path("empty")).unwrap();
        },
    );
}

/// Stops in the middle of something, with a conflict in `b.txt`. The files come home as they are, markers and all.
fn unfinished(kinds: &[&str], begin: impl Fn(&Sandbox)) {
    for story in Story::each(some_files) {
        let away = &story.away;
        away.git(&["checkout", "-q", "-b", "side"]);
        away.write("b.txt", "theirs\n");
        away.write("clean.txt", "merges cleanly\n");
        away.commit("On the side\n");
        away.git(&["checkout", "-q", "main"]);
        away.write("b.txt", "ours\n");
        away.commit("On main\n");
        begin(away);
        let captured = story.capture();
        story.ran(&captured.run);
        let kinds: Vec<&str> = kinds.iter().copied().chain(["other-branches"]).collect();
        story.warned(&captured, &captured.run, &kinds);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        run.says("trees match the sandbox");
        story.warned(&captured, &run, &kinds);
        let found = differences("files", &files(away), &files(&story.home));
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert!(story.home.read("b.txt").contains_str("<<<<<<<"));
    }
}

#[test]
fn an_unfinished_merge() {
    unfinished(&["unfinished-merge", "unfinished-merge"], |away| {
        assert!(!away.try_git(&["merge", "side"]).status.success());
    });
}

#[test]
fn an_unfinished_cherry_pick_and_revert() {
    unfinished(&["unfinished-cherry-pick", "unfinished-merge"], |away| {
        assert!(!away.try_git(&["cherry-pick", "side"]).status.success());
    });
}

#[test]
fn an_unfinished_rebase() {
    for story in Story::each(some_files) {
        let away = &story.away;
        away.git(&["checkout", "-q", "-b", "side"]);
        away.write("b.txt", "theirs\n");
        away.commit("On the side\n");
        away.git(&["checkout", "-q", "main"]);
        for version in ["one", "two"] {
            away.write("b.txt", format!("{version}\n"));
            away.write(version, "x\n");
            away.commit(format!("{version}\n"));
        }
        assert!(!away.try_git(&["rebase", "side"]).status.success());
        let captured = story.capture();
        story.ran(&captured.run);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        run.says("trees match the sandbox").says("rebase");
        let kinds = ["other-branches", "unfinished-merge", "unfinished-rebase"];
        story.warned(&captured, &captured.run, &kinds);
        let found = differences("files", &files(away), &files(&story.home));
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// A submodule `sub` in the base.
fn with_submodule() -> impl Iterator<Item = Story> {
    Story::each(|repo| {
        some_files(repo);
        let library = repo.at("library");
        library.init(&[]);
        library.write("lib.c", "1\n");
        library.commit("Library\n");
        library.write("lib.c", "2\n");
        library.commit("Library, newer\n");
        repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "sub"]);
    })
    .inspect(|story| {
        story.away.git(&["config", "protocol.file.allow", "always"]);
        story.away.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"]);
    })
}

#[test]
fn a_submodule_that_was_left_alone() {
    for story in with_submodule() {
        work(&story.away);
        let captured = story.capture();
        story.ran(&captured.run);
        story.warned(&captured, &captured.run, &[]);
        story.ran(story.apply(&captured, &[]).says("trees match the sandbox"));
        let list = |repo: &Sandbox| repo.git(&["ls-files", "-s"]);
        assert_eq!(list(&story.home), list(&story.away));
        assert_eq!(story.home.git(STATUS), story.away.git(STATUS));
    }
}

#[test]
fn a_submodule_that_moved_and_is_dirty() {
    for story in with_submodule() {
        let away = &story.away;
        let sub = Sandbox::clone(away).at("work/sub");
        sub.git(&["checkout", "-q", "HEAD~1"]);
        away.git(&["add", "sub"]);
        away.commit_index("Older library\n");
        sub.write("lib.c", "dirty\n");
        work(away);
        let captured = story.capture();
        story.ran(&captured.run);
        let kinds = ["dirty-submodule", "submodule-commits"];
        story.warned(&captured, &captured.run, &kinds);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        run.says("trees match the sandbox");
        story.warned(&captured, &run, &kinds);
        let list = |repo: &Sandbox| repo.git(&["ls-files", "-s"]);
        assert_eq!(list(&story.home), list(away));
        assert_eq!(story.home.git(&["rev-parse", "HEAD^{tree}"]), away.git(&["rev-parse", "HEAD^{tree}"]));
    }
}
