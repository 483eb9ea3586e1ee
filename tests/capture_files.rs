//! The work tree as a tree: git is the judge of which files belong to it, and how it is read makes no difference.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use bstr::ByteSlice;
use fastrand::Rng;

use crate::sandbox::Sandbox;

/// What a capture says of the trees and what it warns of.
fn captured(away: &Sandbox) -> (String, String, String) {
    let json = away.git(&["glue-capture", "--quiet", "--base", "base", "--json", "-o", "../c.mbox"]);
    let sidecar = fs::read(away.path("../c.mbox.meta.json")).unwrap();
    let sidecar: serde_json::Value = serde_json::from_slice(&sidecar).unwrap();
    let text = |key: &str| sidecar[key].as_str().unwrap().to_owned();
    assert!(!json.is_empty());
    (text("index_tree"), text("worktree_tree"), sidecar["warnings"].to_string())
}

/// The trees that git makes of the index and of everything.
fn judged(away: &Sandbox) -> (String, String) {
    fs::copy(away.path(".git/index"), away.path("../index")).unwrap();
    // A younger index would hide what was changed right after git wrote it.
    let modified = fs::metadata(away.path(".git/index")).unwrap().modified().unwrap();
    fs::File::options().write(true).open(away.path("../index")).unwrap().set_modified(modified).unwrap();
    let git = |args: &[&str]| {
        let mut command = away.command("git");
        // What a conversion would not give back is captured as it is; no attribute here says of any other file what to do.
        let command = command.args(args).env("GIT_INDEX_FILE", away.path("../index")).env("GIT_ATTR_SOURCE", NO_TREE);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", output.stderr.as_bstr());
        output.stdout.trim().to_str().unwrap().to_owned()
    };
    let index = git(&["write-tree"]);
    git(&["-c", "core.excludesFile=/dev/null", "add", "-A"]);
    (index, git(&["write-tree"]))
}

/// The tree with nothing in it, so without attributes.
const NO_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

fn one_of<'a>(rng: &mut Rng, choices: &[&'a str]) -> &'a str {
    choices[rng.usize(0..choices.len())]
}

const NAMES: [&str; 14] =
    ["a", "a.b", "a-b", "ab", "b", "c.o", "build", "x y", "\u{fc}", "z.txt", ".hidden", "tmp", "A", "long-name.rs"];

fn path(rng: &mut Rng) -> String {
    let depth = rng.usize(1..4);
    (0..depth).map(|_| one_of(rng, &NAMES)).collect::<Vec<_>>().join("/")
}

/// One change of the kind that agents make; those that the file system refuses are none.
fn change(away: &Sandbox, rng: &mut Rng) {
    let at = away.path(path(rng));
    match rng.usize(0..13) {
        0 => drop(fs::remove_file(&at).or_else(|_| fs::remove_dir_all(&at))),
        1 => drop(fs::create_dir_all(&at)),
        2 => {
            let _ = fs::remove_file(&at);
            let _ = symlink(path(rng), &at);
        }
        3 => drop(fs::set_permissions(&at, fs::Permissions::from_mode(if rng.bool() { 0o755 } else { 0o644 }))),
        4 => {
            let rules =
                ["*.o\n", "build/\n", "/tmp\n", "!c.o\n", "a*\n!ab\n", "b/**/a\n", "# no\n\\#x\n", "x y \n", "**/ab\n"];
            let folder = at.parent().unwrap();
            let _ = fs::create_dir_all(folder);
            let _ = fs::write(folder.join(".gitignore"), (0..2).map(|_| one_of(rng, &rules)).collect::<String>());
        }
        5 => {
            let _ = fs::remove_dir_all(&at);
            let _ = fs::write(&at, "a file where a folder was\n");
        }
        6 => {
            let rules = ["* text=auto\n", "*.txt text\n", "a binary\n", "ab -text\n", "b eol=lf\n"];
            let _ = fs::write(away.path(".gitattributes"), one_of(rng, &rules));
        }
        7 => {
            let path = path(rng);
            let _ = away.command("git").args(["add", "-A", "--", &path]).env("GIT_ATTR_SOURCE", NO_TREE).output();
        }
        _ => {
            let _ = fs::create_dir_all(at.parent().unwrap());
            let lines = ["one\n", "two\n", "three\n", "four\r\n", "\0"];
            let count = rng.usize(0..6);
            let _ = fs::write(&at, (0..count).map(|_| one_of(rng, &lines)).collect::<String>());
        }
    }
}

#[test]
fn work_trees_of_every_kind_are_what_git_makes_of_them() {
    let seed = std::env::var("GLUE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let mut rng = Rng::with_seed(seed);
    let away = Sandbox::new();
    away.write("first", "first\n");
    for _ in 0..60 {
        change(&away, &mut rng);
    }
    assert!(away.command("git").args(["add", "-A"]).env("GIT_ATTR_SOURCE", NO_TREE).output().unwrap().status.success());
    away.git(&["commit", "-q", "-m", "Base"]);
    away.git(&["tag", "base"]);
    for round in 0..60 {
        for _ in 0..rng.usize(1..12) {
            change(&away, &mut rng);
        }
        if rng.u8(0..4) == 0 {
            away.try_git(&["update-index", "-q", "--really-refresh"]);
        }
        let (index, worktree, warnings) = captured(&away);
        let judged = judged(&away);
        assert_eq!((index, worktree), judged, "round {round} of seed {seed}: {}", away.git(&["status", "--short"]));
        // With a split index git is asked.
        if round % 4 == 0 {
            away.git(&["update-index", "--split-index"]);
            let by_git = captured(&away);
            assert_eq!(by_git, (judged.0, judged.1, warnings), "round {round} of seed {seed}");
            away.git(&["update-index", "--no-split-index"]);
        }
    }
}

/// Gives an entry of the index another path of the same length, as no git does.
fn by_hand(away: &Sandbox, from: &str, to: &str) {
    let index = away.read(".git/index");
    assert!(index.find(from).is_some() && from.len() == to.len());
    away.write(".git/index", index.replace(from, to));
}

#[test]
fn an_index_made_by_hand_leads_nowhere_else() {
    for (path, other) in [("0git/x", ".git/x"), ("00/x", "../x"), ("0GIT/x", ".GIT/x"), ("0/0git/x", "0/.git/x")] {
        let root = Sandbox::new();
        let away = root.at("away");
        away.init(&[]);
        away.write("a", "a\n");
        away.write(path, "x\n");
        away.commit("Base\n");
        away.git(&["tag", "base"]);
        let folder = path.rsplit_once('/').unwrap().0;
        fs::rename(away.path(folder), away.path(other.rsplit_once('/').unwrap().0)).ok();
        root.write("loot", "loot\n");
        away.write("0/.git/loot", "loot\n");
        away.write(".git/loot", "loot\n");
        by_hand(&away, path, other);
        // git may refuse such an index. Whatever it says, nothing goes along that is not in the work tree.
        away.try_git(&["glue-capture", "--base", "base", "-o", "../capture.mbox"]);
        let capture = fs::read(away.path("../capture.mbox")).unwrap_or_default();
        assert_eq!(capture.find("loot"), None, "{other}: {}", capture.as_bstr());
    }
}

#[test]
fn a_file_and_a_folder_of_one_name_are_not_captured() {
    let away = Sandbox::new();
    away.write("a", "a\n");
    away.write("a0b", "a0b\n");
    away.commit("Base\n");
    away.git(&["tag", "base"]);
    away.write("new", "so that the tree is not known\n");
    away.git(&["add", "new"]);
    by_hand(&away, "a0b", "a/b");
    let refused = away.try_git(&["glue-capture", "--base", "base", "-o", "../capture.mbox"]);
    assert_eq!(refused.status.code(), Some(4), "{}", refused.stderr.as_bstr());
    assert!(refused.stderr.contains_str("a/b"), "{}", refused.stderr.as_bstr());
    assert!(!away.path("../capture.mbox").exists());
}

#[test]
fn folders_in_folders_in_folders() {
    let away = Sandbox::new();
    away.write("first", "first\n");
    away.commit("Base\n");
    away.git(&["tag", "base"]);
    for depth in [100, 511, 512, 513, 700] {
        let blob = away.git(&["rev-parse", "HEAD:first"]);
        let path = "z/".repeat(depth) + "file";
        away.git_with(&["update-index", "--index-info"], format!("100644 {blob}\t{path}\n").as_bytes());
        let (index, worktree, _) = captured(&away);
        assert_eq!((index, worktree), judged(&away), "{depth} folders");
    }
}
