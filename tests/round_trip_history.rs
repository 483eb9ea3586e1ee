//! Round trips of what agents do to history: many commits, none, merges, commits rewritten, branches left and taken.

use std::fs;

use bstr::ByteSlice;

use crate::round_trip::{Story, differences, some_files};
use crate::sandbox::Sandbox;
use crate::trip::files;

fn stories(work: impl Fn(&Sandbox)) {
    for story in Story::each(some_files) {
        work(&story.away);
        story.comes_home();
    }
}

fn edited(repo: &Sandbox, path: &str, line: usize) {
    repo.write(path, repo.read(path).replace(format!("line {line}\n"), format!("line {line} edited\n")));
}

#[test]
fn several_commits_and_uncommitted_work_on_the_same_file() {
    stories(|away| {
        for line in [3, 9, 15] {
            edited(away, "a.txt", line);
            away.commit(format!("Line {line}\n"));
        }
        edited(away, "a.txt", 21);
        away.git(&["add", "a.txt"]);
        edited(away, "a.txt", 22);
        away.write("b.txt", "unstaged\n");
    });
}

/// Glue's own format cannot do this: renamed in a commit, then copied and renamed again without one.
#[test]
fn renamed_in_a_commit_and_renamed_and_copied_again_uncommitted() {
    stories(|away| {
        away.git(&["mv", "a.txt", "renamed.txt"]);
        away.commit("Rename\n");
        fs::copy(away.path("renamed.txt"), away.path("copy.txt")).unwrap();
        fs::rename(away.path("renamed.txt"), away.path("again.txt")).unwrap();
        edited(away, "again.txt", 12);
    });
    stories(|away| {
        away.git(&["mv", "a.txt", "renamed.txt"]);
        away.commit("Rename\n");
        edited(away, "renamed.txt", 12);
        away.git(&["mv", "renamed.txt", "a.txt"]);
        away.write("renamed.txt", "another\n");
    });
}

#[test]
fn what_one_commit_brings_the_next_takes_away() {
    stories(|away| {
        away.write("come/and/go", "x\n");
        away.commit("Come\n");
        fs::remove_dir_all(away.path("come")).unwrap();
        away.commit("Go\n");
        away.write("come/and/go", "x\n");
        away.commit("Come again\n");
        fs::remove_dir_all(away.path("come")).unwrap();
    });
}

#[test]
fn empty_commits_first_in_the_middle_and_last() {
    stories(|away| {
        away.commit_index("Empty at first\n");
        away.write("b.txt", "b2\n");
        away.commit("Not empty\n");
        away.commit_index("Empty in the middle\n\nwith a body\n");
        away.commit_index("");
        away.write("b.txt", "b3\n");
        away.commit("Not empty\n");
        away.commit_index("Empty at last\n");
    });
}

#[test]
fn nothing_but_an_empty_commit() {
    stories(|away| drop(away.commit_index("Empty\n")));
    stories(|away| {
        away.commit_index("Empty\n");
        away.write("b.txt", "uncommitted\n");
    });
}

/// `main` and `side` have one commit each, on files of their own and with an edit of `a.txt` at these lines.
fn diverged(away: &Sandbox, ours: usize, theirs: usize) {
    away.git(&["checkout", "-q", "-b", "side"]);
    edited(away, "a.txt", theirs);
    away.write("side.txt", "side\n");
    away.git(&["rm", "-q", "dir/x.txt"]);
    away.commit("On the side\n");
    away.git(&["checkout", "-q", "main"]);
    edited(away, "a.txt", ours);
    away.write("main.txt", "main\n");
    away.commit("On main\n");
}

#[test]
fn clean_merges() {
    stories(|away| {
        diverged(away, 3, 25);
        away.git(&["merge", "-q", "--no-ff", "-m", "Merge\n", "side"]);
        edited(away, "a.txt", 10);
        away.commit("After the merge\n");
    });
}

#[test]
fn merges_with_a_conflict_resolved_by_hand() {
    stories(|away| {
        away.git(&["checkout", "-q", "-b", "side"]);
        away.write("b.txt", "theirs\n");
        away.commit("On the side\n");
        away.git(&["checkout", "-q", "main"]);
        away.write("b.txt", "ours\n");
        away.commit("On main\n");
        assert!(!away.try_git(&["merge", "side"]).status.success());
        away.write("b.txt", "ours and theirs\n");
        away.commit("Merge, resolved\n");
        away.write("b.txt", "and on\n");
    });
}

#[test]
fn evil_merges_and_merges_that_keep_nothing() {
    stories(|away| {
        diverged(away, 3, 25);
        away.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
        away.write("evil.txt", "in neither parent\n");
        edited(away, "a.txt", 14);
        away.commit("Evil merge\n");
        away.git(&["checkout", "-q", "-b", "other", "HEAD~1"]);
        away.write("other.txt", "other\n");
        away.commit("Other\n");
        away.git(&["checkout", "-q", "main"]);
        away.git(&["merge", "-q", "-s", "ours", "-m", "Keep ours\n", "other"]);
    });
}

#[test]
fn an_octopus() {
    stories(|away| {
        for branch in ["one", "two", "three"] {
            away.git(&["checkout", "-q", "-b", branch, "origin/main"]);
            away.write(branch, branch);
            away.commit(format!("{branch}\n"));
        }
        away.git(&["checkout", "-q", "main"]);
        away.git(&["merge", "-q", "-m", "Octopus\n", "one", "two", "three"]);
    });
}

#[test]
fn a_fast_forward_and_a_merge_of_what_was_there_before() {
    stories(|away| {
        away.git(&["checkout", "-q", "-b", "topic"]);
        away.write("topic", "topic\n");
        away.commit("Topic\n");
        away.git(&["checkout", "-q", "main"]);
        away.git(&["merge", "-q", "topic"]);
        // The bootstrap becomes the second parent.
        away.git(&["checkout", "-q", "--orphan", "root"]);
        away.commit("Another root\n");
        away.git(&["merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "Joined\n", "main"]);
        away.git(&["branch", "-qf", "main"]);
        away.git(&["checkout", "-q", "main"]);
        away.git(&["branch", "-qD", "root", "topic"]);
    });
}

#[test]
fn amended_and_rebased_among_its_own_commits() {
    stories(|away| {
        away.write("one", "1\n");
        away.commit("One\n");
        away.write("two", "2\n");
        away.commit("Two\n");
        away.git(&["commit", "-q", "--amend", "-m", "Two, amended"]);
        away.git(&["-c", "sequence.editor=sed -i '1{h;d};2{G}'", "rebase", "-q", "-i", "HEAD~2"]);
        away.git(&["reset", "-q", "--soft", "HEAD~1"]);
    });
}

#[test]
fn on_another_branch_and_on_a_detached_head() {
    stories(|away| {
        away.git(&["checkout", "-q", "-b", "agent/work"]);
        away.write("b.txt", "2\n");
        away.commit("Work\n");
        away.write("b.txt", "3\n");
    });
    stories(|away| {
        away.git(&["checkout", "-q", "--detach"]);
        away.write("b.txt", "2\n");
        away.commit("Work\n");
        away.write("new", "n\n");
    });
}

/// HEAD is not on top of what the agent began with: everything comes home all the same, and that is said.
fn rewritten(work: impl Fn(&Sandbox)) {
    let begin = |repo: &Sandbox| {
        some_files(repo);
        repo.commit("Before the base\n");
        repo.write("b.txt", "base\n");
        repo.write("base.txt", "base\n");
    };
    for story in Story::each(begin) {
        work(&story.away);
        let captured = story.capture();
        story.ran(&captured.run);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        run.says("trees match the sandbox");
        for run in [&captured.run, &run] {
            story.warned(&captured, run, &["history-rewritten"]);
        }
        let found = differences("files", &files(&story.away), &files(&story.home));
        assert!(found.is_empty(), "{}", found.join("\n"));
        let tree = |repo: &Sandbox| repo.git(&["write-tree"]);
        assert_eq!(tree(&story.away), tree(&story.home), "index");
        story.is_judged_by_am(&captured);
    }
}

#[test]
fn the_base_amended() {
    rewritten(|away| {
        away.write("b.txt", "amended\n");
        away.git(&["commit", "-qam", "Base, amended", "--amend"]);
        away.write("more", "more\n");
        away.commit("More\n");
        away.write("b.txt", "uncommitted\n");
    });
}

#[test]
fn rebased_onto_what_was_before_the_base() {
    rewritten(|away| {
        away.write("work", "work\n");
        away.commit("Work\n");
        away.git(&["rebase", "-q", "--onto", "HEAD~2", "HEAD~1"]);
    });
}

#[test]
fn reset_to_before_the_base() {
    for how in ["--hard", "--mixed", "--soft"] {
        rewritten(|away| {
            away.write("a.txt", "work\n");
            away.commit("Work\n");
            away.git(&["reset", "-q", how, "HEAD~2"]);
            away.write("dir/x.txt", "and then edited\n");
        });
    }
}

#[test]
fn an_orphan_branch() {
    rewritten(|away| {
        away.git(&["checkout", "-q", "--orphan", "fresh"]);
        away.git(&["rm", "-rfq", "."]);
        away.write("only", "only\n");
        away.commit("Fresh\n");
        away.write("only", "and on\n");
    });
    rewritten(|away| {
        away.git(&["checkout", "-q", "--orphan", "unborn"]);
        away.write("b.txt", "nothing committed\n");
    });
}

#[test]
fn reset_among_its_own_commits_is_no_news() {
    for how in ["--mixed", "--soft"] {
        stories(|away| {
            away.write("b.txt", "1\n");
            away.commit("One\n");
            away.write("new", "2\n");
            away.commit("Two\n");
            away.git(&["reset", "-q", how, "HEAD~2"]);
        });
    }
}

#[test]
fn nothing_at_all() {
    for story in Story::each(some_files) {
        story.away.write("b.txt", "1\n");
        story.away.commit("One\n");
        story.away.git(&["reset", "-q", "--hard", "HEAD~1"]);
        let captured = story.capture();
        story.ran(&captured.run);
        if !captured.mbox.is_empty() {
            story.ran(story.apply(&captured, &[]).says("nothing"));
        }
        assert_eq!(story.home.git(&["rev-parse", "HEAD"]), story.base);
        assert_eq!(story.home.git(&["status", "--porcelain"]), "");
    }
}
