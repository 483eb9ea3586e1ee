//! The same branch and commit as git names.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;
use std::process::{Command, Output};

use bstr::ByteSlice;

use super::*;

const NONE: &str = "--git: git unavailable or not a repository";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.git(".", &["init", "-q", "-b", "main", "repo"]);
        place.commit();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn output(&self, directory: &str, args: &[&str]) -> Output {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        Command::new("git").args(identity).args(args).current_dir(self.path(directory)).output().unwrap()
    }

    fn git(&self, directory: &str, args: &[&str]) -> String {
        let output = self.output(directory, args);
        assert!(output.status.success(), "{args:?}: {}", output.stderr.to_str_lossy());
        output.stdout.trim().to_str().unwrap().to_owned()
    }

    fn commit(&self) -> String {
        self.git("repo", &["commit", "-q", "--allow-empty", "-m", "one"]);
        self.git("repo", &["rev-parse", "HEAD"])
    }

    /// What git names is where the repository is found to be.
    #[track_caller]
    fn same(&self, directory: &str) -> String {
        let branch = self.git(directory, &["rev-parse", "--abbrev-ref", "HEAD"]);
        let commit = self.git(directory, &["rev-parse", "HEAD"]);
        let found = head(&self.path(directory)).unwrap();
        assert_eq!(found, Head { branch: branch.clone(), commit: Some(commit.clone()) });
        assert_eq!(drift(&self.path(directory), &branch, &commit), [""; 0]);
        branch
    }
}

#[test]
fn every_kind_of_checkout_is_where_git_says() {
    let place = Place::new();
    assert_eq!(place.same("repo"), "main");
    std::fs::create_dir_all(place.path("repo/a/b")).unwrap();
    place.same("repo/a/b");
    place.git("repo", &["worktree", "add", "-q", "-b", "topic/one", "../linked"]);
    assert_eq!(place.same("linked"), "topic/one");
    place.git("repo", &["pack-refs", "--all"]);
    place.same("repo");
    place.same("linked");
    place.git("repo", &["checkout", "-q", "--detach"]);
    assert_eq!(place.same("repo"), "HEAD");
    place.git(".", &["clone", "-q", "--bare", "repo", "bare.git"]);
    place.same("bare.git");
    place.git(".", &["init", "-q", "-b", "main", "--object-format=sha256", "wide"]);
    place.git("wide", &["commit", "-q", "--allow-empty", "-m", "one"]);
    place.same("wide");
}

#[test]
fn names_that_could_mean_another_ref_are_longer() {
    let place = Place::new();
    place.git("repo", &["tag", "main"]);
    assert_eq!(place.same("repo"), "heads/main");
    place.git("repo", &["checkout", "-q", "-b", "origin"]);
    place.git("repo", &["update-ref", "refs/remotes/origin/HEAD", "HEAD"]);
    assert_eq!(place.same("repo"), "heads/origin");
    place.git("repo", &["checkout", "-q", "-b", "config"]);
    place.same("repo");
}

#[test]
fn without_a_commit_there_is_nothing_to_compare_with() {
    let place = Place::new();
    std::fs::create_dir(place.path("nothing")).unwrap();
    place.git(".", &["init", "-q", "-b", "fresh", "unborn"]);
    for directory in ["nothing", "absent", "unborn"] {
        assert!(!place.output("repo", &["-C", "..", "-C", directory, "rev-parse", "HEAD"]).status.success());
        assert_eq!(drift(&place.path(directory), "main", "unknown"), [NONE], "{directory}");
    }
    assert_eq!(head(&place.path("unborn")), Some(Head { branch: "fresh".into(), commit: None }));
}

#[test]
fn what_has_moved_is_told_in_one_line() {
    let place = Place::new();
    let root = place.path("repo");
    let full = place.git("repo", &["rev-parse", "HEAD"]);
    let (no_branch, no_commit) = (
        "--git: recorded current_branch is missing/unknown — skipping branch check",
        "--git: recorded head_commit is missing/unknown — skipping commit check",
    );
    let at = |recorded: &str, length: usize| {
        format!("drift: handoff recorded {recorded} but repo is at main@{}", &full[..length])
    };
    let long = format!("{full}00");
    for (branch, commit, expected) in [
        ("main", &full[..7], vec![]),
        (" main\u{1f}", &full[..12].to_uppercase(), vec![]),
        ("main", "0000000000000000", vec![at("main@0000000000000000", 16)]),
        ("main", &long, vec![at(&format!("main@{long}"), 40)]),
        ("other", &full[..7], vec![at(&format!("other@{}", &full[..7]), 7)]),
        ("unknown", "None", vec![no_branch.into(), no_commit.into()]),
        ("(Unknown)", "zz", vec![no_branch.into(), at("(Unknown)@zz", 2)]),
        ("x", "none", vec![no_commit.into(), at("x@none", 4)]),
        ("x", " ", vec![no_commit.into(), at("x@(unknown)", 7)]),
        ("", "é", vec![no_branch.into(), at("(unknown)@é", 1)]),
    ] {
        assert_eq!(drift(&root, branch, commit), expected, "{branch}@{commit}");
    }
    let old = full.clone();
    let new = place.commit();
    assert_eq!(drift(&root, "main", &old), [format!("drift: handoff recorded main@{old} but repo is at main@{new}")]);
}
