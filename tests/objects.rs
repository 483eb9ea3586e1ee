//! New objects, before git: read back, seen by a git in the private directory, kept loose or as a pack.

use std::ops::Range;
use std::path::PathBuf;

use bstr::BString;
use git_glue::git::{Base, Isolated, Kind, ObjectId, Objects, Outside, Repo, TreeItem};

use crate::sandbox::{Sandbox, output_with};

pub type Edits = Vec<(Range<usize>, Range<usize>)>;

/// A repository of `files` packed files of about `bytes` bytes each, and their ids and contents.
fn packed(options: &[&str], files: usize, bytes: usize) -> (Sandbox, Vec<(ObjectId, Vec<u8>)>) {
    let sandbox = Sandbox::new().at("here");
    sandbox.init(options);
    let mut random = fastrand::Rng::with_seed(7);
    let contents: Vec<Vec<u8>> = (0..files).map(|_| text(&mut random, bytes)).collect();
    for (number, content) in contents.iter().enumerate() {
        sandbox.write(format!("file{number}"), content);
    }
    sandbox.commit("files");
    sandbox.git(&["repack", "-adq"]);
    let ids = (0..files).map(|number| id(&sandbox, &format!("HEAD:file{number}")));
    let known = ids.zip(contents).collect();
    (sandbox, known)
}

fn id(sandbox: &Sandbox, name: &str) -> ObjectId {
    ObjectId::from_hex(&sandbox.git(&["rev-parse", name])).unwrap()
}

/// Lines of words.
fn text(random: &mut fastrand::Rng, bytes: usize) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < bytes {
        let word: String = (0..random.usize(1..9)).map(|_| random.lowercase()).collect();
        text.extend_from_slice(word.as_bytes());
        text.push(if random.u8(..8) == 0 { b'\n' } else { b' ' });
    }
    text
}

/// What somebody makes of it, and where.
pub fn edited(random: &mut fastrand::Rng, old: &[u8], times: usize) -> (Vec<u8>, Edits) {
    let mut places: Vec<usize> = (0..times * 2).map(|_| random.usize(..=old.len())).collect();
    places.sort_unstable();
    let (mut new, mut edits, mut at) = (Vec::new(), Edits::new(), 0);
    for place in places.chunks_exact(2) {
        let end = place[1].min(place[0] + 40);
        new.extend_from_slice(&old[at..place[0]]);
        let start = new.len();
        let bytes = random.usize(..60);
        new.extend_from_slice(&text(random, bytes));
        edits.push((place[0]..end, start..new.len()));
        at = end;
    }
    new.extend_from_slice(&old[at..]);
    (new, edits)
}

pub fn isolated(sandbox: &Sandbox) -> Isolated {
    let repo = Repo::discover_at(sandbox.dir()).unwrap().unwrap();
    Isolated::over(&repo, Outside::Nothing, Some(&repo.common_dir)).unwrap()
}

/// Adds `versions` versions of each file, each made from the one before; all of them.
fn add_versions(
    objects: &Objects,
    known: &[(ObjectId, Vec<u8>)],
    versions: usize,
    random: &mut fastrand::Rng,
) -> Vec<(ObjectId, Vec<u8>)> {
    let mut latest = known.to_vec();
    let mut all = Vec::new();
    for _ in 0..versions {
        for file in &mut latest {
            let (new, edits) = edited(random, &file.1, 3);
            let base = Base { id: file.0, edits: &edits, base_len: file.1.len() };
            *file = (objects.add(Kind::Blob, new.clone(), Some(base)).unwrap(), new);
            all.push(file.clone());
        }
    }
    all
}

/// Every object is for git what it was here, and git finds nothing wrong.
pub fn check(sandbox: &Sandbox, objects: &[(ObjectId, Vec<u8>)]) {
    sandbox.git(&["fsck", "--full", "--strict"]);
    for pack in packs(sandbox) {
        sandbox.git(&["verify-pack", "-v", pack.to_str().unwrap()]);
        let copy = sandbox.path("copy.pack");
        std::fs::copy(&pack, &copy).unwrap();
        sandbox.git(&["index-pack", "--strict", copy.to_str().unwrap()]);
        let index = std::fs::read(pack.with_extension("idx")).unwrap();
        assert!(index == std::fs::read(copy.with_extension("idx")).unwrap(), "git makes another index");
    }
    let names: String = objects.iter().map(|(id, _)| format!("{id}\n")).collect();
    let output = output_with(sandbox.command("git").args(["cat-file", "--batch"]), names.as_bytes());
    let mut expected = Vec::new();
    for (id, bytes) in objects {
        expected.extend_from_slice(format!("{id} blob {}\n", bytes.len()).as_bytes());
        expected.extend_from_slice(bytes);
        expected.push(b'\n');
    }
    assert!(output.stdout == expected);
}

fn packs(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = sandbox.path(".git/objects/pack");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "pack")).collect()
}

/// The files in the object database that are not what git would leave there.
fn leftovers(sandbox: &Sandbox) -> Vec<String> {
    let names = sandbox.run("find", &[".git", "-name", "tmp_*", "-o", "-name", "glue-*"]);
    names.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn many_new_objects_become_one_pack() {
    for options in [&[][..], &["--object-format=sha256"]] {
        let (sandbox, known) = packed(options, 9, 4000);
        let isolated = isolated(&sandbox);
        let objects = isolated.objects().unwrap();
        let all = add_versions(objects, &known, 130, &mut fastrand::Rng::with_seed(1));
        assert_eq!(packs(&sandbox).len(), 1);
        isolated.keep_objects().unwrap();
        assert_eq!(packs(&sandbox).len(), 2);
        check(&sandbox, &all);
        for (id, bytes) in &all {
            assert!(*objects.read(*id).unwrap().1 == *bytes);
        }
        drop(isolated);
        assert_eq!(leftovers(&sandbox), Vec::<String>::new());
        let listed = packs(&sandbox).iter().map(|pack| chains(&sandbox, pack)).max().unwrap();
        assert_eq!(listed, 50);
    }
}

/// The longest chain of deltas in a pack.
fn chains(sandbox: &Sandbox, pack: &std::path::Path) -> usize {
    let listed = sandbox.git(&["verify-pack", "-v", pack.to_str().unwrap()]).to_string();
    let lengths =
        listed.lines().filter_map(|line| line.strip_prefix("chain length = ")?.split(':').next()?.parse().ok());
    lengths.max().unwrap_or(0)
}

#[test]
fn few_new_objects_become_loose_files() {
    let (sandbox, known) = packed(&[], 3, 500);
    let isolated = isolated(&sandbox);
    let all = add_versions(isolated.objects().unwrap(), &known, 4, &mut fastrand::Rng::with_seed(2));
    assert!(sandbox.git(&["count-objects"]).starts_with(b"0 objects"));
    isolated.keep_objects().unwrap();
    assert!(sandbox.git(&["count-objects"]).starts_with(b"12 objects"));
    check(&sandbox, &all);
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
    let modes = sandbox.run("find", &[".git/objects", "-type", "f", "-path", "*/??/*", "!", "-perm", "0444"]);
    assert_eq!(modes, "");
}

#[test]
fn what_the_repository_has_is_not_written_again() {
    let (sandbox, known) = packed(&[], 3, 500);
    let isolated = isolated(&sandbox);
    for (id, bytes) in &known {
        assert_eq!(isolated.objects().unwrap().add(Kind::Blob, bytes.clone(), None).unwrap(), *id);
    }
    isolated.keep_objects().unwrap();
    assert!(sandbox.git(&["count-objects"]).starts_with(b"0 objects"));
}

#[test]
fn a_blob_is_found_by_the_start_of_its_id_and_by_nothing_longer() {
    let (sandbox, known) = packed(&[], 3, 400);
    let isolated = isolated(&sandbox);
    let objects = isolated.objects().unwrap();
    let (stored, new) = (known[0].0, objects.add(Kind::Blob, b"new".to_vec(), None).unwrap());
    for id in [stored, new] {
        let hex = id.to_string();
        for (abbreviated, found) in [(&hex[..12], Some(id)), (&hex[..], Some(id)), (&format!("{hex}{hex}")[..62], None)]
        {
            assert_eq!(objects.find_blob(abbreviated.into()).unwrap(), found, "{abbreviated}");
        }
    }
    assert_eq!(objects.find_blob("no id".into()).unwrap(), None);
}

#[test]
fn a_git_in_the_private_directory_sees_what_was_added_and_nobody_else_does() {
    for (versions, is_dry) in [(3, false), (3, true), (40, false), (40, true)] {
        let (sandbox, known) = packed(&[], 5, 3000);
        let isolated = if is_dry { isolated(&sandbox).dry() } else { isolated(&sandbox) };
        let objects = isolated.objects().unwrap();
        let mut random = fastrand::Rng::with_seed(3);
        let mut all = Vec::new();
        for _ in 0..3 {
            all.extend(add_versions(objects, &known, versions, &mut random));
            for (id, bytes) in all.iter().step_by(versions) {
                let seen = isolated.git("cat-file").args(["blob", &id.to_string()]).output().unwrap();
                assert!(seen == *bytes && *objects.read(*id).unwrap().1 == *bytes && objects.contains(id));
            }
        }
        // And what git wrote there is seen here.
        let made = isolated.git("hash-object").args(["-w", "--stdin"]).input("by git").line().unwrap().to_string();
        assert_eq!(objects.blob(&made).unwrap(), b"by git");
        all.push((ObjectId::from_hex(made.as_bytes()).unwrap(), b"by git".to_vec()));
        assert_ne!(sandbox.try_git(&["cat-file", "-e", &all[0].0.to_string()]).status.code(), Some(0));
        isolated.keep_objects().unwrap();
        drop(isolated);
        check(&sandbox, &all);
        assert_eq!(leftovers(&sandbox), Vec::<String>::new());
    }
}

#[test]
fn new_objects_beyond_memory_are_read_back_from_the_pack() {
    let (sandbox, known) = packed(&[], 4, 1 << 20);
    let isolated = isolated(&sandbox).dry();
    let objects = isolated.objects().unwrap();
    let all = add_versions(objects, &known, 30, &mut fastrand::Rng::with_seed(4));
    for (id, bytes) in &all {
        assert!(*objects.read(*id).unwrap().1 == *bytes);
    }
    isolated.keep_objects().unwrap();
    check(&sandbox, &all);
}

#[test]
fn a_look_ahead_writes_nothing() {
    let (sandbox, known) = packed(&[], 4, 1000);
    let before = sandbox.run("find", &[".git"]);
    let isolated = isolated(&sandbox).dry();
    let all = add_versions(isolated.objects().unwrap(), &known, 200, &mut fastrand::Rng::with_seed(5));
    assert!(*isolated.objects().unwrap().read(all[0].0).unwrap().1 == all[0].1);
    assert_eq!(sandbox.run("find", &[".git"]), before);
}

#[test]
fn edits_that_are_not_true_harm_nothing() {
    let (sandbox, known) = packed(&[], 3, 1000);
    let isolated = isolated(&sandbox);
    let mut random = fastrand::Rng::with_seed(6);
    let mut all = Vec::new();
    for round in 0..150 {
        let (id, content) = &known[round % 3];
        let (new, mut edits) = edited(&mut random, content, 2);
        match round % 5 {
            0 => drop(edits.pop()),
            1 => edits.reverse(),
            2 => edits[0].1.end += 1,
            3 => edits[1].0.start = 1 << 40,
            _ => edits[0].0 = 0..content.len() + 5,
        }
        let base = Base { id: *id, edits: &edits, base_len: content.len() };
        all.push((isolated.objects().unwrap().add(Kind::Blob, new.clone(), Some(base)).unwrap(), new));
    }
    isolated.keep_objects().unwrap();
    check(&sandbox, &all);
}

#[test]
fn what_a_killed_program_leaves_is_gone_after_git_gc() {
    let (sandbox, known) = packed(&[], 4, 1000);
    let isolated = isolated(&sandbox);
    add_versions(isolated.objects().unwrap(), &known, 60, &mut fastrand::Rng::with_seed(8));
    std::mem::forget(isolated);
    assert!(leftovers(&sandbox).iter().any(|name| name.contains("objects/pack/tmp_pack_")));
    sandbox.git(&["fsck", "--full", "--strict"]);
    sandbox.git(&["gc", "--quiet", "--prune=now"]);
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
}

#[test]
fn an_object_directory_that_cannot_be_written_is_named() {
    for versions in [2, 60] {
        let (sandbox, known) = packed(&[], 4, 1000);
        let isolated = isolated(&sandbox);
        let objects = isolated.objects().unwrap();
        assert!(objects.has(&known[0].0.to_string()));
        let folder = sandbox.path(".git/objects");
        std::fs::rename(&folder, sandbox.path("moved")).unwrap();
        std::fs::write(&folder, "").unwrap();
        let mut random = fastrand::Rng::with_seed(9);
        let added = (0..versions * 4).try_for_each(|_| {
            let text = text(&mut random, 100);
            objects.add(Kind::Blob, text, None).map(drop)
        });
        let error = added.and_then(|()| isolated.keep_objects()).unwrap_err().to_string();
        assert!(error.contains("cannot") && error.contains(".git/objects"), "{error}");
        drop(isolated);
        std::fs::remove_file(&folder).unwrap();
        std::fs::rename(sandbox.path("moved"), &folder).unwrap();
        sandbox.git(&["fsck", "--full", "--strict"]);
        assert_eq!(leftovers(&sandbox), Vec::<String>::new());
    }
}

/// Trees of files, links, folders and commits of submodules, each made from the one before.
#[test]
fn trees_are_told_apart_as_git_does_it() {
    let sandbox = Sandbox::new();
    let blobs = [
        sandbox.git_with(&["hash-object", "-w", "--stdin"], b"1"),
        sandbox.git_with(&["hash-object", "-w", "--stdin"], b"2"),
    ];
    let mut random = fastrand::Rng::with_seed(10);
    let mut tree = sandbox.git(&["write-tree"]).to_string();
    for round in 0..60 {
        let before = tree;
        let mut listing = Vec::new();
        for _ in 0..random.usize(1..30) {
            let names = ["a", "a.b", "a-", "a0", "b", "ab", "\u{e9}"];
            let path: Vec<&str> = (0..random.usize(1..4)).map(|_| names[random.usize(..names.len())]).collect();
            let mode = ["100644", "100755", "120000", "160000", "0"][random.usize(..5)];
            let line = format!("{mode} {}\t{}", blobs[random.usize(..2)], path.join("/"));
            listing.extend_from_slice(line.as_bytes());
            listing.push(0);
        }
        // What is in the way of a new path goes.
        output_with(sandbox.command("git").args(["update-index", "-z", "--replace", "--index-info"]), &listing);
        for line in listing.split(|&byte| byte == 0) {
            output_with(sandbox.command("git").args(["update-index", "-z", "--index-info"]), &[line, b"\0"].concat());
        }
        tree = sandbox.git(&["write-tree"]).to_string();
        let raw = ["-r", "-z", "--raw", "--no-renames", "--full-index"];
        let expected = sandbox.git(&[&["diff-tree"], &raw[..], &[&before, &tree]].concat());
        let mut found = Vec::new();
        for change in isolated(&sandbox).changes(&before, &tree).unwrap() {
            let side = |item: &Option<TreeItem>| {
                item.as_ref().map_or((0, "0".repeat(40)), |item| (item.mode, item.id.clone()))
            };
            let (old, new) = (side(&change.old), side(&change.new));
            let kind = match (old.0, new.0) {
                (0, _) => 'A',
                (_, 0) => 'D',
                (old, new) if old >> 12 == new >> 12 => 'M',
                _ => 'T',
            };
            let head = format!(":{:06o} {:06o} {} {} {kind}\0", old.0, new.0, old.1, new.1);
            found.extend_from_slice(&[head.as_bytes(), &change.path, b"\0"].concat());
        }
        assert_eq!(BString::from(found), expected, "round {round}");
    }
}
