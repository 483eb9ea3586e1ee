//! Captures that no git-glue made: nothing of the person's is lost to them.

use bstr::ByteSlice;
use git_glue::mbox::Kind;

use crate::trip::{Trip, each_git, snapshot, unchanged};

/// Applying a capture is refused, and everything is as it was.
#[track_caller]
fn refused(trip: &Trip, says: &str) {
    let before = snapshot(trip.home.dir());
    trip.apply(&[]).is(1).says(says);
    unchanged(&before, &snapshot(trip.home.dir()));
}

/// A commit away in which `path` is a submodule.
fn submodule_away(trip: &Trip, path: &str) {
    let item = format!("160000,{},{path}", trip.base);
    trip.away.git(&["update-index", "--add", "--cacheinfo", &item]);
    trip.away.commit_index("A submodule\n");
}

#[test]
fn a_submodule_takes_no_file_of_the_persons_away() {
    each_git(|trip| {
        submodule_away(&trip, "mine");
        submodule_away(&trip, "secret.ign");
        trip.capture_with(|parts| {
            parts.entries.retain(|(entry, _)| entry.kind == Kind::Commit);
            parts.sidecar.entries = Some(parts.entries.len() as u64);
        });
        trip.home.write(".git/info/exclude", "*.ign\n");
        trip.home.write("mine", "untracked\n");
        trip.home.write("secret.ign", "ignored\n");
        refused(&trip, "mine (is not tracked)");
        std::fs::remove_file(trip.home.path("mine")).unwrap();
        refused(&trip, "secret.ign (is not tracked)");
        std::fs::remove_file(trip.home.path("secret.ign")).unwrap();
        trip.home.write("mine/file", "in a folder\n");
        trip.applied(&[]);
        assert_eq!(trip.home.read("mine/file"), "in a folder\n");
    });
}

#[test]
fn nothing_is_written_into_or_over_a_submodule() {
    for path in ["sub", "sub/evil"] {
        each_git(|trip| {
            let lib = trip.home.at("lib");
            lib.init(&[]);
            lib.write("l", "l\n");
            lib.commit("Lib\n");
            trip.home.git(&["clone", "-q", "../lib", "sub"]);
            trip.home.write("sub/own", "own\n");
            trip.home.git(&["add", "sub"]);
            let base = trip.home.commit_index("A submodule\n");
            trip.away.git(&["fetch", "-q", "../here", "HEAD"]);
            trip.away.git(&["reset", "-q", "--hard", "FETCH_HEAD"]);
            let trip = Trip { base, ..trip };
            trip.away.git(&["rm", "-q", "--cached", "sub"]);
            std::fs::remove_dir(trip.away.path("sub")).unwrap();
            trip.away.write(path, "mine now\n");
            trip.away.commit("No submodule\n");
            trip.capture();
            refused(&trip, "sub (is a submodule's work tree)");
        });
    }
}

#[test]
fn nothing_is_written_into_a_repository_of_its_own() {
    each_git(|trip| {
        trip.away.write("nested/new", "new\n");
        trip.away.commit("New\n");
        trip.capture();
        trip.home.git(&["init", "-q", "nested"]);
        refused(&trip, "nested (is a repository of its own)");
    });
}

#[test]
fn an_entry_says_nothing_of_what_it_does_not_change() {
    let story = |verbatim: &[&str], announced: &[&str], says: &str| {
        let trip = Trip::new();
        trip.away.write("new", "new\n");
        trip.capture_with(|parts| {
            let (entry, _) = parts.entries.iter_mut().find(|(entry, _)| entry.kind == Kind::Worktree).unwrap();
            entry.verbatim.extend(verbatim.iter().map(|path| (*path).into()));
            entry.intent_to_add.extend(announced.iter().map(|path| (*path).into()));
        });
        trip.home.write("b.txt", "precious\n");
        trip.home.write("untracked", "mine\n");
        refused(&trip, says);
    };
    story(&["b.txt"], &[], "corrupt");
    story(&["new", "untracked"], &[], "corrupt");
    for path in [".", "dir", "untracked", "b.txt"] {
        story(&[], &["new", path], "corrupt");
    }
}

#[test]
fn what_lands_as_it_is_replaces_no_change_of_the_persons() {
    let trip = Trip::new();
    trip.away.write("b.txt", "b2\n");
    trip.away.commit("There\n");
    trip.away.write("b.txt", "b\n");
    trip.capture_with(|parts| {
        let (entry, _) = parts.entries.iter_mut().find(|(entry, _)| entry.kind == Kind::Worktree).unwrap();
        entry.verbatim = vec!["b.txt".into()];
    });
    trip.home.write("b.txt", "precious\n");
    refused(&trip, "b.txt (has changes that are not committed)");
}

#[test]
fn an_untracked_file_is_no_preimage() {
    let story = |after: &str, code: i32| {
        let trip = Trip::new();
        let before = trip.away.git_with(&["hash-object", "-w", "--stdin"], b"");
        let after = trip.away.git_with(&["hash-object", "-w", "--stdin"], after.as_bytes());
        let tree = |blob: &[u8]| {
            let line = [b"100644 blob ", blob, b"\tsecret.ign\n"].concat();
            trip.away.git_with(&["mktree"], &line).to_string()
        };
        let (before, after) = (tree(before.trim()), tree(after.trim()));
        let (before, after) = (before.trim(), after.trim());
        trip.away.write("new", "new\n");
        let empty = trip.away.git_with(&["mktree"], b"").to_string();
        let after = if code == 0 { empty.trim() } else { after };
        trip.capture_with(|parts| {
            let diff = trip.diff(before, after);
            let (entry, bytes) = parts.entries.last_mut().unwrap();
            entry.tree = None;
            *bytes = diff;
        });
        trip.home.write(".git/info/exclude", "*.ign\n");
        trip.home.write("secret.ign", "");
        trip.apply(&[]).is(code);
        assert_eq!(trip.home.read("secret.ign"), "");
    };
    story("", 0);
    story("evil\n", 1);
}

#[test]
fn undo_where_files_became_folders_and_folders_files() {
    each_git(|trip| {
        let away = &trip.away;
        std::fs::remove_file(away.path("b.txt")).unwrap();
        away.write("b.txt/inner", "inner\n");
        std::fs::remove_dir_all(away.path("dir")).unwrap();
        away.write("dir", "a file now\n");
        let story = |trip: &Trip| {
            trip.capture();
            let before = crate::trip::files(&trip.home);
            trip.applied(&[]);
            trip.applied(&["--undo"]);
            unchanged(&before, &crate::trip::files(&trip.home));
            assert_eq!(trip.home.git(crate::trip::STATUS), "");
        };
        story(&trip);
        trip.away.commit("All of it\n");
        story(&trip);
    });
}
