//! What git packs is read without git, in whatever form.

use bstr::ByteSlice;
use git_glue::git::{Base, Isolated, Kind, ObjectId, Outside, Repo};

use crate::objects;
use crate::sandbox::Sandbox;

/// A repository with many versions of a file.
fn versions(options: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new().at("here");
    sandbox.init(options);
    let mut lines: Vec<String> =
        (0..400).map(|number| format!("line {number} of {}\n", number * 7919 % 1000)).collect();
    for version in 0..60 {
        lines[version * 13 % 400] = format!("version {version}\n");
        sandbox.write("folder/file", lines.concat());
        sandbox.commit(format!("version {version}"));
    }
    sandbox
}

/// Every object is read as git reads it.
fn check(sandbox: &Sandbox) {
    let repo = Repo::discover_at(sandbox.dir()).unwrap().unwrap();
    let isolated = Isolated::over(&repo, Outside::Nothing, None).unwrap();
    let all = sandbox.git(&["rev-list", "--all", "--objects", "--no-object-names"]).to_string();
    assert!(all.lines().count() > 180);
    for hex in all.lines() {
        let id = ObjectId::from_hex(hex.as_bytes()).unwrap();
        let (kind, bytes) = isolated.objects().unwrap().read(id).unwrap();
        assert_eq!(isolated.objects().unwrap().id_of(kind, &bytes).unwrap(), id);
    }
}

#[test]
fn long_chains_of_deltas() {
    for options in [&[][..], &["--object-format=sha256"]] {
        let sandbox = versions(options);
        check(&sandbox);
        sandbox.git(&["repack", "-adfq", "--depth=200", "--window=200"]);
        check(&sandbox);
        // Deltas that name their base by its id.
        sandbox.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"]);
        check(&sandbox);
    }
}

#[test]
fn deltas_of_deltas_are_written_as_such() {
    for options in [&[][..], &["--object-format=sha256"]] {
        for (depth, share) in [("--depth=30", 3), ("--depth=150", 1)] {
            let sandbox = versions(options);
            sandbox.git(&["repack", "-adfq", depth, "--window=100"]);
            let isolated = objects::isolated(&sandbox);
            let database = isolated.objects().unwrap();
            let blobs = sandbox.run("sh", &["-c", "git rev-list --all --objects | sed -n 's/ folder.file$//p'"]);
            let mut random = fastrand::Rng::with_seed(4);
            let (mut all, mut size) = (Vec::new(), 0);
            for hex in blobs.lines() {
                let id = ObjectId::from_hex(hex).unwrap();
                let old = database.read(id).unwrap().1;
                for _ in 0..5 {
                    let (new, edits) = objects::edited(&mut random, &old, 2);
                    let base = Base { id, edits: &edits, base_len: old.len() };
                    size += new.len();
                    all.push((database.add(Kind::Blob, new.clone(), Some(base)).unwrap(), new));
                }
            }
            isolated.keep_objects().unwrap();
            objects::check(&sandbox, &all);
            let newest = sandbox.run("sh", &["-c", "wc -c < $(ls -t .git/objects/pack/*.pack | head -1)"]);
            let newest: usize = newest.to_string().trim().parse().unwrap();
            assert!(newest < size / share, "{newest} bytes in the pack, {size} in all");
        }
    }
}

#[test]
fn more_packs_than_files_may_be_open() {
    let sandbox = Sandbox::new().at("here");
    sandbox.init(&[]);
    let count = 130;
    for version in 0..count {
        let head = format!("commit refs/heads/main\ncommitter A <a@example.com> {version} +0000\ndata 1\nx\n");
        let from = if version > 0 { "from refs/heads/main^0\n" } else { "" };
        let file = format!("M 100644 inline file\ndata <<END\nversion {version}\nEND\n");
        let import = ["-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"];
        sandbox.git_with(&import, (head + from + &file).as_bytes());
    }
    let packs = || std::fs::read_dir(sandbox.path(".git/objects/pack")).unwrap().flatten();
    assert_eq!(packs().filter(|file| file.path().extension().is_some_and(|end| end == "pack")).count(), count);
    let repo = Repo::discover_at(sandbox.dir()).unwrap().unwrap();
    let isolated = Isolated::over(&repo, Outside::Nothing, None).unwrap();
    let objects = isolated.objects().unwrap();
    for version in 0..count {
        let commit = sandbox.git(&["rev-parse", &format!("main~{}", count - 1 - version)]);
        let tree = objects.commit(&commit.to_string()).unwrap().tree;
        let file = objects.entry(&tree, "file".into()).unwrap().unwrap();
        assert_eq!(objects.blob(&file.id).unwrap(), format!("version {version}\n").as_bytes());
        // Whoever misses an object looks at the packs anew.
        assert!(objects.read(ObjectId::null(objects.hash())).is_err());
    }
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open = open.filter(|file| std::fs::read_link(file.path()).is_ok_and(|path| path.starts_with(sandbox.dir())));
    let open = open.count();
    assert!(open < count, "{open} of {count} files are open");
}

#[test]
fn many_packs_with_one_index() {
    let sandbox = versions(&[]);
    for count in [20, 40, 60] {
        let newest = sandbox.git(&["rev-parse", &format!("HEAD~{}", 60 - count)]);
        sandbox.git_with(&["pack-objects", "-q", "--revs", "--unpacked", ".git/objects/pack/pack"], &newest);
        sandbox.git(&["prune-packed"]);
    }
    check(&sandbox);
    sandbox.git(&["multi-pack-index", "write"]);
    check(&sandbox);
    let index = sandbox.run("sh", &["-c", "rm -f .git/objects/pack/*.rev; ls .git/objects/pack/*.idx | wc -l"]);
    assert_ne!(index, "0\n");
    check(&sandbox);
}

#[test]
fn objects_of_another_repository() {
    let sandbox = versions(&[]);
    sandbox.git(&["repack", "-adq"]);
    sandbox.git(&["clone", "-q", "--shared", ".", "../there"]);
    check(&sandbox.at("there"));
}

#[test]
fn a_damaged_pack_is_an_error() {
    let sandbox = versions(&[]);
    sandbox.git(&["repack", "-adfq", "--depth=200"]);
    let pack = sandbox.run("sh", &["-c", "ls .git/objects/pack/*.pack"]);
    let pack = sandbox.path(pack.to_string().trim());
    sandbox.run("chmod", &["u+w", pack.to_str().unwrap()]);
    let whole = std::fs::read(&pack).unwrap();
    let all = sandbox.git(&["rev-list", "--all", "--objects", "--no-object-names"]).to_string();
    let mut random = fastrand::Rng::with_seed(3);
    let mut failed = 0;
    for round in 0..40 {
        let mut damaged = whole.clone();
        match round % 4 {
            0 => damaged.truncate(random.usize(..whole.len())),
            _ => (0..5).for_each(|_| damaged[random.usize(12..whole.len())] = random.u8(..)),
        }
        std::fs::write(&pack, &damaged).unwrap();
        let repo = Repo::discover_at(sandbox.dir()).unwrap().unwrap();
        let isolated = Isolated::over(&repo, Outside::Nothing, None).unwrap();
        let objects = isolated.objects().unwrap();
        let ids = all.lines().map(|hex| ObjectId::from_hex(hex.as_bytes()).unwrap());
        failed += ids.filter(|id| objects.read_kind(*id, Kind::Blob).is_err()).count();
    }
    assert!(failed > 100);
}
