//! Edits of trees, held against the trees that git writes of the same files.

use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::git::{Isolated, Outside, Repo};

/// Files by path.
type Files = BTreeMap<String, Item>;

fn git(folder: &std::path::Path, args: &[&str], input: &[u8]) -> String {
    let mut git = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
        git.env_remove(name);
    }
    git.args(args).current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder);
    let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The tree that git writes of these files.
fn tree_of(folder: &std::path::Path, files: &Files) -> ObjectId {
    git(folder, &["read-tree", "--empty"], b"");
    let lines: String = files.iter().map(|(path, item)| format!("{:06o} {}\t{path}\n", item.mode, item.id)).collect();
    git(folder, &["update-index", "--add", "--index-info"], lines.as_bytes());
    ObjectId::from_hex(git(folder, &["write-tree", "--missing-ok"], b"").as_bytes()).unwrap()
}

/// Whether no file is another's folder.
fn is_possible(files: &Files) -> bool {
    let mut folders = files.keys().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]));
    folders.all(|folder| !files.contains_key(folder))
}

fn item(random: &mut fastrand::Rng) -> Item {
    let mode = *random.choice([0o100_644, 0o100_755, LINK, COMMIT].iter()).unwrap();
    Item { mode, id: ObjectId::Sha1(std::array::from_fn(|_| random.u8(..))) }
}

fn path(random: &mut fastrand::Rng) -> String {
    let names = ["a", "a.b", "a-b", "a0", "b", "c"];
    let parts: Vec<&str> = (0..random.usize(1..4)).map(|_| *random.choice(names.iter()).unwrap()).collect();
    parts.join("/")
}

#[test]
fn edited_trees_are_those_that_git_writes() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "."], b"");
    let repo = Repo::discover_at(folder.path()).unwrap().unwrap();
    for seed in 0..cases(12) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut files = Files::new();
        for _ in 0..random.usize(0..12) {
            let more = Files::from_iter(files.clone().into_iter().chain([(path(&mut random), item(&mut random))]));
            files = if is_possible(&more) { more } else { files };
        }
        let isolated = Isolated::over(&repo, Outside::Nothing, None).unwrap();
        let objects = isolated.objects().unwrap();
        let mut overlay = Overlay::on(tree_of(folder.path(), &files));
        for _ in 0..3 {
            let mut edits = Edits::new();
            for _ in 0..random.usize(1..8) {
                let some = files.keys().nth(random.usize(..=files.len())).cloned();
                let target = some.filter(|_| random.bool()).unwrap_or_else(|| path(&mut random));
                edits.insert(target.into(), random.bool().then(|| item(&mut random)));
            }
            let mut after = files.clone();
            for (path, item) in &edits {
                match item {
                    Some(item) => after.insert(path.to_string(), *item),
                    None => after.remove(&path.to_string()),
                };
            }
            assert_eq!(overlay.has_room(objects, &edits).unwrap(), is_possible(&after), "{seed}: {files:?} {edits:?}");
            if is_possible(&after) {
                files = after;
                let expected = tree_of(folder.path(), &files);
                assert_eq!(overlay.edit(objects, &edits).unwrap(), expected, "{seed}: {edits:?}");
            }
            for (path, item) in &files {
                assert_eq!(overlay.item(objects, path.as_bytes().as_bstr()).unwrap(), Some(*item), "{seed}: {path}");
            }
        }
    }
}

/// `a` as a file stands before `a.b`, as a folder after it.
#[test]
fn a_folder_that_becomes_a_file_is_sorted_anew_among_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "."], b"");
    let repo = Repo::discover_at(folder.path()).unwrap().unwrap();
    let isolated = Isolated::over(&repo, Outside::Nothing, None).unwrap();
    let objects = isolated.objects().unwrap();
    let file = Item { mode: 0o100_644, id: ObjectId::empty_blob(gix::hash::Kind::Sha1) };
    let files = |paths: &[&str]| Files::from_iter(paths.iter().map(|path| ((*path).to_owned(), file)));
    let (folders, both) = (files(&["a/x", "z"]), files(&["a", "a.b", "z"]));
    let (before, after) = (tree_of(folder.path(), &folders), tree_of(folder.path(), &both));
    let there = Edits::from([("a/x".into(), None), ("a".into(), Some(file)), ("a.b".into(), Some(file))]);
    let back = Edits::from([("a/x".into(), Some(file)), ("a".into(), None), ("a.b".into(), None)]);
    let mut overlay = Overlay::on(before);
    assert_eq!(overlay.edit(objects, &there).unwrap(), after);
    assert_eq!(overlay.edit(objects, &back).unwrap(), before);
}

#[test]
fn a_tree_of_an_older_git_is_written_anew_as_todays() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "."], b"");
    let id = git(folder.path(), &["hash-object", "-w", "--stdin"], b"x\n");
    let id = ObjectId::from_hex(id.as_bytes()).unwrap();
    let empty = ObjectId::empty_tree(id.kind());
    let entry =
        |mode: &str, name: &str, id: ObjectId| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", id.as_bytes()].concat();
    let odd = [entry("100664", "a", id), entry("040000", "b", empty), entry("100644", "c", id)].concat();
    let odd = git(folder.path(), &["hash-object", "-t", "tree", "--literally", "-w", "--stdin"], &odd);
    let repo = Repo::discover_at(folder.path()).unwrap().unwrap();
    let isolated = Isolated::over(&repo, Outside::Nothing, None).unwrap();
    let objects = isolated.objects().unwrap();
    let mut overlay = Overlay::on(ObjectId::from_hex(odd.as_bytes()).unwrap());
    let file = Item { mode: 0o100_644, id };
    let after = overlay.edit(objects, &Edits::from([("d".into(), Some(file))])).unwrap();
    let files = ["a", "c", "d"].map(|name| (name.to_owned(), file));
    assert_eq!(after, tree_of(folder.path(), &Files::from(files)));
}

/// How many cases to go through: `GLUE_CASES` where that is set.
fn cases(few: u64) -> u64 {
    std::env::var("GLUE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(few)
}
