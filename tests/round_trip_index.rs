//! Round trips of what is staged, what is not, and both at once.

use std::fs;

use bstr::ByteSlice;

use crate::round_trip::{Story, some_files};
use crate::sandbox::Sandbox;
use crate::trip::{STATUS, files};

fn edited(repo: &Sandbox, path: &str, line: usize) {
    repo.write(path, repo.read(path).replace(format!("line {line}\n"), format!("line {line} edited\n")));
}

fn stories(work: impl Fn(&Sandbox)) {
    for story in Story::each(some_files) {
        work(&story.away);
        story.comes_home();
    }
}

#[test]
fn staged_unstaged_and_both_on_one_file() {
    stories(|away| {
        edited(away, "a.txt", 3);
        away.write("b.txt", "staged\n");
        away.git(&["add", "a.txt", "b.txt"]);
        edited(away, "a.txt", 20);
        edited(away, "a.txt", 4);
        away.write("dir/x.txt", "unstaged\n");
    });
}

#[test]
fn only_staged() {
    stories(|away| {
        away.write("b.txt", "staged\n");
        away.write("new", "new\n");
        away.git(&["mv", "dir/x.txt", "moved"]);
        away.git(&["rm", "-q", "dir/y.txt"]);
        away.git(&["add", "."]);
    });
}

#[test]
fn staged_and_then_undone_in_the_work_tree() {
    stories(|away| {
        let original = away.read("a.txt");
        edited(away, "a.txt", 3);
        away.git(&["add", "a.txt"]);
        away.write("a.txt", original);
    });
}

#[test]
fn staged_then_deleted() {
    stories(|away| {
        away.write("new", "staged, then deleted\n");
        away.write("b.txt", "staged, then deleted\n");
        away.git(&["add", "new", "b.txt"]);
        fs::remove_file(away.path("new")).unwrap();
        fs::remove_file(away.path("b.txt")).unwrap();
    });
}

#[test]
fn staged_new_then_edited_and_staged_rename_then_edited() {
    stories(|away| {
        away.write("new", "one\ntwo\n");
        away.git(&["add", "new"]);
        away.write("new", "one\ntwo\nthree\n");
        away.git(&["mv", "a.txt", "moved.txt"]);
        edited(away, "moved.txt", 5);
        away.git(&["mv", "binary", "binary moved"]);
        away.write("binary moved", [0, 9, 8, 0].repeat(50));
    });
}

#[test]
fn deleted_in_the_index_alone() {
    stories(|away| {
        away.git(&["rm", "-q", "--cached", "a.txt", "binary", "link", "dir/x.txt"]);
        away.write("dir/x.txt", "and another now\n");
    });
}

#[test]
fn a_staged_deletion_under_a_new_name_in_the_work_tree() {
    stories(|away| {
        away.git(&["rm", "-q", "a.txt"]);
        away.write("a2.txt", (1..=30).map(|number| format!("line {number}\n")).collect::<String>());
        away.git(&["rm", "-rq", "dir"]);
        away.write("dir", "a file now\n");
    });
}

#[test]
fn staged_modes_and_links() {
    stories(|away| {
        away.git(&["update-index", "--chmod=+x", "run.sh"]);
        fs::remove_file(away.path("b.txt")).unwrap();
        std::os::unix::fs::symlink("dir", away.path("b.txt")).unwrap();
        away.git(&["add", "b.txt"]);
        fs::remove_file(away.path("b.txt")).unwrap();
        away.write("b.txt", "a file again\n");
    });
}

#[test]
fn announced_with_intent_to_add() {
    stories(|away| {
        away.write("announced", "announced\n");
        away.write("empty", "");
        away.write("sub/ announced \u{e9}\n", "odd\n");
        away.git(&["add", "-N", "."]);
        away.write("untracked", "not announced\n");
        away.write("announced and deleted", "x\n");
        away.git(&["add", "-N", "announced and deleted"]);
        fs::remove_file(away.path("announced and deleted")).unwrap();
        // What is announced and no longer there is nothing that could travel.
        away.git(&["rm", "-q", "--cached", "announced and deleted"]);
    });
}

#[test]
fn a_split_index() {
    stories(|away| {
        away.git(&["update-index", "--split-index"]);
        away.write("b.txt", "staged\n");
        away.write("new", "new\n");
        away.git(&["add", "b.txt", "new"]);
        edited(away, "a.txt", 7);
    });
}

#[test]
fn no_index_at_all() {
    for story in Story::each(some_files) {
        fs::remove_file(story.away.path(".git/index")).unwrap();
        edited(&story.away, "a.txt", 7);
        story.comes_home();
    }
}

#[test]
fn changed_within_the_tick_of_the_index() {
    stories(|away| {
        away.write("b.txt", "1\n");
        away.git(&["add", "b.txt"]);
        // As long as before: only the contents tell.
        away.write("b.txt", "2\n");
    });
}

/// Bits that hide a file's changes from `git status` hide nothing from a capture; they stay behind.
#[test]
fn hidden_by_assume_unchanged_or_skip_worktree() {
    for story in Story::each(some_files) {
        let away = &story.away;
        away.git(&["update-index", "--assume-unchanged", "a.txt", "dir/y.txt"]);
        away.git(&["update-index", "--skip-worktree", "b.txt", "dir/x.txt"]);
        edited(away, "a.txt", 9);
        away.write("b.txt", "hidden\n");
        fs::remove_file(away.path("dir/y.txt")).unwrap();
        let captured = story.capture();
        story.ran(&captured.run);
        story.ran(story.apply(&captured, &[]).says("trees match the sandbox"));
        away.git(&["update-index", "--no-assume-unchanged", "a.txt", "dir/y.txt"]);
        away.git(&["update-index", "--no-skip-worktree", "b.txt", "dir/x.txt"]);
        story.is_same();
        story.is_judged_by_am(&captured);
    }
}

#[test]
fn a_sparse_checkout_loses_nothing_that_is_not_checked_out() {
    for story in Story::each(|repo| {
        some_files(repo);
        repo.write("other/z.txt", "z\n");
    }) {
        let away = &story.away;
        away.git(&["sparse-checkout", "set", "--sparse-index", "dir"]);
        away.write("dir/x.txt", "changed\n");
        away.write("dir/new.txt", "new\n");
        let captured = story.capture();
        story.ran(&captured.run);
        story.ran(story.apply(&captured, &[]).says("trees match the sandbox"));
        away.git(&["sparse-checkout", "disable"]);
        story.is_same();
    }
}

#[test]
fn ignored_files_stay_unless_they_are_asked_for() {
    for mut story in Story::each(|repo| {
        some_files(repo);
        repo.write(".gitignore", "*.log\nbuild/\n");
    }) {
        let away = &story.away;
        away.write("x.log", "log\n");
        away.write("build/out", "out\n");
        away.write("b.txt", "changed\n");
        away.write("forced.log", "added by force\n");
        away.git(&["add", "-f", "forced.log"]);
        story.options.push("--include-ignored=*.log".into());
        let captured = story.capture();
        story.ran(&captured.run);
        story.ran(story.apply(&captured, &[]).says("trees match the sandbox"));
        fs::remove_dir_all(away.path("build")).unwrap();
        story.is_same();
    }
    for story in Story::each(|repo| repo.write(".gitignore", "*.log\n")) {
        story.away.write("x.log", "log\n");
        story.away.write("y", "y\n");
        let captured = story.capture();
        story.warned(&captured, &captured.run, &["ignored-files"]);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        story.warned(&captured, &run, &["ignored-files"]);
        assert_eq!(story.home.git(STATUS), story.away.git(STATUS));
        assert!(!files(&story.home).contains_key(std::path::Path::new("x.log")));
    }
}
