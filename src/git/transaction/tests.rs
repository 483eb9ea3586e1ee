//! Two copies of a repository, refs moved in one by git and in the other here: the same files afterwards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::ByteSlice;

use super::super::Repo;
use super::RefMove;

struct Twins {
    root: tempfile::TempDir,
    /// Three commits, the last of them on `main`.
    commits: Vec<String>,
}

const TWINS: [&str; 2] = ["ours", "theirs"];

impl Twins {
    fn new() -> Twins {
        let mut twins = Twins { root: tempfile::tempdir().unwrap(), commits: Vec::new() };
        std::fs::create_dir(twins.path("ours")).unwrap();
        twins.git("ours", &["init", "-q", "-b", "main"]);
        twins.git("ours", &["config", "user.name", "Ann"]);
        twins.git("ours", &["config", "user.email", "ann@example.org"]);
        for subject in ["one", "two", "three"] {
            twins.git("ours", &["commit", "-q", "--allow-empty", "-m", subject]);
            let id = twins.git("ours", &["rev-parse", "HEAD"]);
            twins.commits.push(id);
        }
        let copied = Command::new("cp").args(["-a", "ours", "theirs"]).current_dir(twins.root.path()).status();
        assert!(copied.unwrap().success());
        twins
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn git(&self, twin: &str, args: &[&str]) -> String {
        let output = Command::new("git").args(args).current_dir(self.path(twin)).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", output.stderr.to_str_lossy());
        output.stdout.trim().to_str().unwrap().to_owned()
    }

    fn both(&self, args: &[&str]) {
        for twin in TWINS {
            self.git(twin, args);
        }
    }

    fn repo(&self, twin: &str) -> Repo {
        Repo::discover(&self.path(twin)).unwrap().unwrap()
    }

    /// Moves the refs in both; it must work here without git, and leave the same.
    #[track_caller]
    fn moved(&self, moves: &[RefMove], message: &str, logged: bool) {
        let ready = self.repo("ours").prepare(moves, logged).unwrap().expect("no git is needed");
        ready.commit(message).unwrap();
        self.repo("theirs").move_refs_by_git(moves, message, logged).unwrap();
        self.same();
    }

    /// Both refuse, for here it is left to git.
    #[track_caller]
    fn refused(&self, moves: &[RefMove]) {
        assert!(self.repo("ours").prepare(moves, true).unwrap().is_none(), "left to git");
        self.repo("ours").move_refs(moves, "refused", true).unwrap_err();
        self.repo("theirs").move_refs_by_git(moves, "refused", true).unwrap_err();
        self.same();
    }

    #[track_caller]
    fn pointed(&self, branch: &str, message: &str) {
        self.repo("ours").prepare_head(branch).unwrap().expect("no git is needed").commit(message).unwrap();
        self.git("theirs", &["symbolic-ref", "-m", message, "HEAD", branch]);
        self.same();
    }

    /// HEAD, refs and reflogs of both.
    #[track_caller]
    fn same(&self) {
        let [ours, theirs] = TWINS.map(|twin| {
            let git_dir = self.path(twin).join(".git");
            let mut files = BTreeMap::new();
            for part in ["HEAD", "refs", "logs", "packed-refs", "worktrees"] {
                collect(&git_dir, &git_dir.join(part), &mut files);
            }
            files
        });
        assert_eq!(ours, theirs);
    }
}

/// Every file by its path, the seconds of reflogs left out.
fn collect(top: &Path, path: &Path, files: &mut BTreeMap<PathBuf, String>) {
    let name = path.strip_prefix(top).unwrap().to_str().unwrap().replace("/theirs", "/ours");
    let name = PathBuf::from(name);
    if path.is_dir() {
        // Folders count, too: one that is left behind is in somebody's way.
        files.insert(name, String::new());
        for entry in std::fs::read_dir(path).unwrap() {
            collect(top, &entry.unwrap().path(), files);
        }
    } else if let Ok(text) = std::fs::read_to_string(path) {
        use std::os::unix::fs::PermissionsExt;
        let mode = path.metadata().unwrap().permissions().mode();
        let is_log = name.starts_with("logs") || name.to_string_lossy().contains("/logs/");
        let line = |line: &str| match line.split_once("> ") {
            Some((before, after)) if is_log => format!("{before}> {}", after.split_once(' ').unwrap().1),
            _ => line.to_owned(),
        };
        // Where a copy lies is in the files of its linked work trees.
        let text = text.replace("/theirs", "/ours");
        files.insert(name, format!("{mode:o} {}", text.lines().map(line).collect::<Vec<_>>().join("\n")));
    }
}

fn create(name: &str, to: &str) -> RefMove {
    RefMove::Create { name: name.into(), to: to.into() }
}

fn set(name: &str, to: &str, from: Option<&String>) -> RefMove {
    RefMove::Set { name: name.into(), to: to.into(), from: from.cloned() }
}

fn delete(name: &str, from: Option<&String>) -> RefMove {
    RefMove::Delete { name: name.into(), from: from.cloned() }
}

#[test]
fn a_branch_and_a_record_come_and_go_as_with_git() {
    let twins = Twins::new();
    let [one, two, three] = [0, 1, 2].map(|at: usize| &twins.commits[at]);
    twins.moved(&[set("refs/glue/undo/s", one, None), create("refs/heads/glue/s", two)], "glue-apply:  s\n x ", true);
    twins.pointed("refs/heads/glue/s", "checkout: moving from main to glue/s");
    twins.moved(&[set("refs/glue/undo/s", two, None), set("refs/heads/glue/s", three, Some(two))], "on", true);
    twins.moved(
        &[set("refs/glue/undo/s", three, Some(two)), set("refs/heads/glue/s", three, Some(three))],
        "no move",
        true,
    );
    twins.pointed("refs/heads/main", "checkout: moving from glue/s to main");
    twins.moved(&[delete("refs/heads/glue/s", Some(three)), delete("refs/glue/undo/s", None)], "undo", false);
    twins.moved(&[create("refs/heads/deep/er/branch", one)], "", false);
    twins.moved(&[delete("refs/heads/deep/er/branch", None)], "", false);
}

#[test]
fn a_detached_head_moves_as_with_git() {
    let twins = Twins::new();
    let [one, two, _] = [0, 1, 2].map(|at: usize| &twins.commits[at]);
    twins.both(&["checkout", "-q", "--detach", one]);
    twins.moved(&[set("refs/glue/undo/s", one, None), set("HEAD", two, Some(one))], "moved", true);
    twins.pointed("refs/heads/main", "checkout: moving");
    twins.moved(&[set("HEAD", one, None)], "detached", false);
}

#[test]
fn what_is_configured_of_reflogs_counts() {
    for setting in ["false", "true", "always", "ALWAYS", "1", "0"] {
        let twins = Twins::new();
        let [one, two, three] = [0, 1, 2].map(|at: usize| &twins.commits[at]);
        twins.both(&["config", "core.logAllRefUpdates", setting]);
        twins.moved(
            &[create("refs/heads/a", one), create("refs/tags/t", one), create("refs/glue/x", one)],
            "made",
            false,
        );
        twins.moved(&[set("refs/heads/a", two, None), set("refs/heads/main", two, Some(three))], "moved", true);
        twins.pointed("refs/heads/a", "on a");
        twins.moved(&[delete("refs/tags/t", None)], "gone", false);
    }
}

#[test]
fn what_git_refuses_is_refused_and_changes_nothing() {
    let twins = Twins::new();
    let [one, two, three] = [0, 1, 2].map(|at: usize| &twins.commits[at]);
    twins.both(&["branch", "taken"]);
    twins.both(&["branch", "packed/one"]);
    twins.both(&["pack-refs", "--all"]);
    twins.both(&["branch", "loose/one"]);
    let fine = || create("refs/heads/fine", one);
    twins.refused(&[fine(), create("refs/heads/taken", three)]);
    twins.refused(&[fine(), create("refs/heads/taken/below", one)]);
    twins.refused(&[fine(), create("refs/heads/packed", one)]);
    twins.refused(&[fine(), create("refs/heads/packed/one/below", one)]);
    twins.refused(&[fine(), create("refs/heads/loose", one)]);
    twins.refused(&[fine(), create("refs/heads/loose/one/below", one)]);
    twins.refused(&[fine(), set("refs/heads/main", one, Some(two))]);
    twins.refused(&[fine(), set("refs/heads/missing", one, Some(two))]);
    twins.refused(&[fine(), delete("refs/heads/main", Some(two))]);
    twins.refused(&[fine(), create("refs/heads/a..b", one)]);
    twins.refused(&[fine(), create("refs/heads/x.lock", one)]);
    for twin in TWINS {
        std::fs::write(twins.path(twin).join(".git/refs/heads/held.lock"), "").unwrap();
    }
    twins.refused(&[fine(), create("refs/heads/held", one)]);
}

#[test]
fn linked_work_trees_have_heads_of_their_own() {
    let twins = Twins::new();
    let [one, two, three] = [0, 1, 2].map(|at: usize| &twins.commits[at]);
    for twin in TWINS {
        twins.git(twin, &["worktree", "add", "-q", "-b", "side", &format!("../{twin}-side")]);
    }
    let moves =
        [set("refs/heads/side", two, Some(three)), create("refs/heads/new", one), set("refs/worktree/x", one, None)];
    twins.repo("ours-side").prepare(&moves, true).unwrap().unwrap().commit("moved").unwrap();
    twins.repo("theirs-side").move_refs_by_git(&moves, "moved", true).unwrap();
    twins.same();
    twins.repo("ours-side").prepare_head("refs/heads/new").unwrap().unwrap().commit("on new").unwrap();
    twins.git("theirs-side", &["symbolic-ref", "-m", "on new", "HEAD", "refs/heads/new"]);
    twins.same();
}

#[test]
fn packed_refs_are_seen_and_only_git_takes_them_away() {
    let twins = Twins::new();
    let [one, two, three] = [0, 1, 2].map(|at: usize| &twins.commits[at]);
    twins.both(&["branch", "side"]);
    twins.both(&["pack-refs", "--all"]);
    twins.moved(&[set("refs/heads/side", two, Some(three)), set("refs/heads/main", one, Some(three))], "moved", false);
    assert!(twins.repo("ours").prepare(&[delete("refs/heads/side", None)], false).unwrap().is_none(), "left to git");
    for twin in TWINS {
        twins.repo(twin).move_refs(&[delete("refs/heads/side", Some(two))], "gone", false).unwrap();
    }
    twins.same();
}
