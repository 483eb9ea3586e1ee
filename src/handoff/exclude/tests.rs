//! What is registered is what git then ignores.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::os::unix::fs::symlink;

use super::*;
use crate::git::place::Place;

/// A place whose repository ignores something already.
fn place() -> Place {
    let place = Place::new();
    fs::write(place.path("main/.git/info/exclude"), "*.log\n").unwrap();
    place
}

impl Place {
    fn exclude(&self) -> String {
        fs::read_to_string(self.path("main/.git/info/exclude")).unwrap()
    }

    /// Registered once, as git sees it.
    #[track_caller]
    fn registers(&self, directory: &str) {
        let root = self.path(directory);
        assert!(!is_ignored(&root));
        assert!(register(&root));
        assert!(is_ignored(&root));
        assert!(!register(&root));
        self.git(directory, &["check-ignore", "-q", ".agent-history/LATEST.md"]);
    }
}

#[test]
fn a_repository_gets_one_line() {
    let place = place();
    place.registers("main");
    assert_eq!(place.exclude(), "*.log\n.agent-history/\n");
    fs::remove_file(place.path("main/.git/info/exclude")).unwrap();
    place.registers("main");
    assert_eq!(place.exclude(), ".agent-history/\n");
    for (before, after) in [("", ""), ("a", "a\n"), ("a\r", "a\r\n"), ("\u{e9}\n\n", "\u{e9}\n\n")] {
        fs::write(place.path("main/.git/info/exclude"), before).unwrap();
        place.registers("main");
        assert_eq!(place.exclude(), format!("{after}.agent-history/\n"));
    }
}

#[test]
fn linked_work_trees_and_submodules_have_their_own_place() {
    let place = place();
    place.git("main", &["worktree", "add", "-q", "../linked"]);
    place.registers("linked");
    assert_eq!(place.exclude(), "*.log\n.agent-history/\n");
    assert!(is_ignored(&place.path("main")));
    place.git("main", &["submodule", "--quiet", "add", "../main/.git", "sub"]);
    place.registers("main/sub");
    place.git(".", &["init", "-q", "--separate-git-dir", "apart.git", "apart"]);
    place.registers("apart");
}

#[test]
fn only_the_name_itself_counts() {
    let place = place();
    let root = place.path("main");
    for (line, ignored) in [
        (&b".agent-history"[..], true),
        (b"\t/.agent-history/ \r", true),
        (b"a\x0c//.agent-history//", true),
        (b"caf\xe9\n.agent-history/", true),
        (b"# .agent-history", false),
        (b"!.agent-history", false),
        (b".agent-history/*", false),
        (b".agent*", false),
        (b"\xff.agent-history", false),
        (b"", false),
    ] {
        fs::write(root.join(".gitignore"), line).unwrap();
        assert_eq!(is_ignored(&root), ignored, "{}", line.as_bstr());
    }
    fs::write(root.join(".gitignore"), ".agent-history").unwrap();
    assert!(!register(&root));
    assert_eq!(place.exclude(), "*.log\n");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let place = place();
    let nothing = |name: &str| {
        assert!(!register(&place.path(name)), "{name}");
    };
    nothing("absent");
    fs::create_dir(place.path("main/below")).unwrap();
    nothing("main/below");
    fs::create_dir(place.path("by-link")).unwrap();
    symlink(place.path("main/.git"), place.path("by-link/.git")).unwrap();
    nothing("by-link");
    for (name, content) in [
        ("loose", "gitdir: nowhere\n".to_owned()),
        ("empty", "gitdir: \n".into()),
        ("odd", "\0".into()),
        ("no-head", format!("gitdir: {}\n", place.path("main/.git/info").display())),
    ] {
        fs::create_dir(place.path(name)).unwrap();
        fs::write(place.path(name).join(".git"), content).unwrap();
        nothing(name);
    }
    assert_eq!(place.exclude(), "*.log\n");
}

#[test]
fn links_in_the_way_are_not_followed() {
    let place = place();
    let (root, elsewhere) = (place.path("main"), place.path("elsewhere"));
    fs::write(&elsewhere, "mine\n").unwrap();
    fs::remove_file(root.join(".git/info/exclude")).unwrap();
    symlink(&elsewhere, root.join(".git/info/exclude")).unwrap();
    assert!(!register(&root));
    fs::remove_file(root.join(".git/info/exclude")).unwrap();
    fs::create_dir(root.join(".git/info/exclude")).unwrap();
    assert!(!register(&root));
    fs::remove_dir_all(root.join(".git/info")).unwrap();
    assert!(!register(&root));
    fs::create_dir(place.path("info")).unwrap();
    symlink(place.path("info"), root.join(".git/info")).unwrap();
    assert!(!register(&root));
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "mine\n");
    assert_eq!(fs::read_dir(place.path("info")).unwrap().count(), 0);
}
