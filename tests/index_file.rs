//! The index file edited in place, against git doing the same edit: random states, one after the other.

use std::collections::BTreeMap;
use std::fs::File;

use bstr::{BStr, BString, ByteSlice};
use git_glue::git::index::{Index, New, Stat, Unusual};
use git_glue::git::{ObjectFormat, ObjectId};

use crate::sandbox::Sandbox;

/// One edit: the entry that a path is to have, or none.
type Edits = BTreeMap<BString, Option<(u32, ObjectId)>>;

/// An index that git edits, and one that is edited in place.
struct Pair {
    sandbox: Sandbox,
    format: ObjectFormat,
    blobs: Vec<ObjectId>,
    random: fastrand::Rng,
    now: BTreeMap<BString, (u32, ObjectId)>,
}

impl Pair {
    fn new(format: ObjectFormat, seed: u64) -> Pair {
        let sandbox = Sandbox::new();
        let sandbox = sandbox.at("indexes");
        sandbox.init(&["--object-format", format.name()]);
        let blob = |number: u32| {
            let id = sandbox.git_with(&["hash-object", "-w", "--stdin"], number.to_string().as_bytes());
            ObjectId::from_hex(id.trim()).unwrap()
        };
        let blobs = (0..5).map(blob).collect();
        sandbox.git(&["read-tree", "--empty"]);
        // git knows it unwritten, and misses it all the same.
        sandbox.git_with(&["mktree"], b"");
        std::fs::copy(sandbox.path(".git/index"), sandbox.path("ours")).unwrap();
        Pair { sandbox, format, blobs, random: fastrand::Rng::with_seed(seed), now: BTreeMap::new() }
    }

    /// Names of few letters, so that they meet; some long, some that sort around a slash.
    fn path(&mut self) -> BString {
        const NAMES: [&str; 12] = ["a", "b", "a.b", "a-b", "a0", "aa", "B", "\u{e4}", "x y", "z", "zz", "ab"];
        let mut path = BString::default();
        for depth in 0..self.random.usize(1..5) {
            if depth > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(NAMES[self.random.usize(..NAMES.len())].as_bytes());
            if self.random.u8(..) == 0 {
                path.extend_from_slice("long".repeat(self.random.usize(..60)).as_bytes());
            }
        }
        if self.random.u16(..) < 40 {
            // Beyond what the twelve bits of an entry's flags can say.
            path.extend_from_slice("/deep".repeat(self.random.usize(780..900)).as_bytes());
        }
        path
    }

    fn edits(&mut self) -> Edits {
        let mut edits = Edits::new();
        let some = 1 << self.random.usize(..8);
        for _ in 0..self.random.usize(..=some) {
            let known = self.random.usize(..=self.now.len());
            let path = match self.now.keys().nth(known) {
                Some(path) if self.random.bool() => path.clone(),
                _ => self.path(),
            };
            if self.random.u8(..3) == 0 && self.now.contains_key(&path) {
                edits.insert(path, None);
                continue;
            }
            let mode = [0o100_644, 0o100_755, 0o120_000][self.random.usize(..3)];
            let id = self.blobs[self.random.usize(..self.blobs.len())];
            // A file cannot be where a folder is: what is below it or above it goes.
            let goes = |other: &BString| is_below(other, &path) || is_below(&path, other);
            edits.retain(|other, _| !goes(other));
            let gone: Vec<BString> = self.now.keys().filter(|other| goes(other)).cloned().collect();
            edits.extend(gone.into_iter().map(|other| (other, None)));
            edits.insert(path, Some((mode, id)));
        }
        // An edit that was dropped may have been the reason for a path to go: that is no harm.
        for (path, item) in &edits {
            match item {
                Some(item) => self.now.insert(path.clone(), *item),
                None => self.now.remove(path),
            };
        }
        edits
    }

    /// What git makes of the edits, in `.git/index`.
    fn by_git(&self, edits: &Edits) {
        let mut input = Vec::new();
        let zero = self.format.zero();
        for (path, item) in
            edits.iter().filter(|(_, item)| item.is_none()).chain(edits.iter().filter(|(_, item)| item.is_some()))
        {
            let (mode, id) = item.map_or((0, zero.to_owned()), |(mode, id)| (mode, id.to_string()));
            input.extend_from_slice(format!("{mode:o} {id}\t").as_bytes());
            input.extend_from_slice(path);
            input.push(0);
        }
        self.sandbox.git_with(&["update-index", "-z", "--index-info"], &input);
    }

    /// The same in place, in `ours`; the tree that it says it holds.
    fn by_us(&self, edits: &Edits) -> Result<Option<ObjectId>, Unusual> {
        let index = Index::open(&self.sandbox.path("ours"), self.format).unwrap().unwrap();
        let wanted: Vec<&BStr> = edits.keys().map(|path| path.as_bstr()).collect();
        let look = index.look(&wanted, |_| {})?;
        let new = |item: &Option<(u32, ObjectId)>| item.map(|(mode, id)| New { mode, id });
        let entries: Vec<Option<New>> = edits.values().map(new).collect();
        let edited = look.edited(&wanted, &entries)?;
        let mut file = File::create(self.sandbox.path("new")).unwrap();
        edited.write(&mut file, false).unwrap();
        std::fs::rename(self.sandbox.path("new"), self.sandbox.path("ours")).unwrap();
        Ok(edited.tree())
    }

    /// What git says of an index.
    fn git_on(&self, index: &str, args: &[&str]) -> BString {
        let output = self.sandbox.command("git").args(args).env("GIT_INDEX_FILE", index).output().unwrap();
        assert!(output.status.success(), "{args:?} on {index}: {}", output.stderr.as_bstr());
        output.stdout.into()
    }
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
}

/// How many edits each of the chains has; more of them with `GLUE_CASES`.
fn cases() -> u64 {
    std::env::var("GLUE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(60)
}

fn edits_are_those_of_git(format: ObjectFormat, seed: u64) {
    chain(&mut Pair::new(format, seed), seed, cases());
}

/// Edit after edit, made by git and in place.
fn chain(pair: &mut Pair, seed: u64, cases: u64) {
    for case in 0..cases {
        let edits = pair.edits();
        if case % 7 == 6 {
            // As git leaves it when it knows the ids of some folders only.
            std::fs::copy(pair.sandbox.path(".git/index"), pair.sandbox.path("ours")).unwrap();
        }
        pair.by_git(&edits);
        let tree = pair.by_us(&edits).unwrap();
        let context = || format!("seed {seed}, case {case}: {edits:?}");
        let listed = |index: &str| pair.git_on(index, &["ls-files", "-z", "-s", "--debug"]);
        assert_eq!(listed("ours"), listed(".git/index"), "{}", context());
        // git's own tree first, so that the objects are there that `ours` speaks of.
        let theirs = pair.git_on(".git/index", &["write-tree"]);
        assert_eq!(pair.git_on("ours", &["write-tree"]), theirs, "{}", context());
        assert_eq!(tree.map(|id| id.to_string()).as_deref(), theirs.trim().to_str().ok(), "{}", context());
        if case % 10 == 0 {
            // Its hash, and what it says of folders, is in order.
            std::fs::copy(pair.sandbox.path("ours"), pair.sandbox.path(".git/index")).unwrap();
            pair.sandbox.git(&["fsck", "--cache"]);
        }
    }
}

#[test]
fn edits_in_place_are_those_of_git() {
    (0..4).for_each(|seed| edits_are_those_of_git(ObjectFormat::Sha1, seed));
}

#[test]
fn edits_in_place_are_those_of_git_with_sha256() {
    (4..6).for_each(|seed| edits_are_those_of_git(ObjectFormat::Sha256, seed));
}

#[test]
fn an_index_that_is_longer_than_what_is_read_at_once() {
    let mut pair = Pair::new(ObjectFormat::Sha1, 6);
    // Among folders of all sizes, so that entries and folders end in all ways where a window ends.
    let files = (0..9000_u32).map(|number| {
        let path = format!(
            "{}/{}/file{}",
            number % 7,
            number % 97 % 31,
            "0".repeat(number as usize % 40) + &number.to_string()
        );
        (BString::from(path), Some((0o100_644, pair.blobs[number as usize % 5])))
    });
    let files: Edits = files.collect();
    pair.now = files.iter().filter_map(|(path, item)| Some((path.clone(), (*item)?))).collect();
    pair.by_git(&files);
    pair.git_on(".git/index", &["write-tree"]);
    std::fs::copy(pair.sandbox.path(".git/index"), pair.sandbox.path("ours")).unwrap();
    assert!(pair.sandbox.read("ours").len() > 5 * 128 * 1024);
    chain(&mut pair, 6, cases() / 4);
}

#[test]
fn what_is_known_of_a_file_is_written_into_its_entry() {
    let sandbox = sandbox_with_files();
    let wanted = [BStr::new("folder/b"), BStr::new("folder/new"), BStr::new("folder/none")];
    let index = Index::open(&sandbox.path(".git/index"), ObjectFormat::Sha1).unwrap().unwrap();
    let look = index.look(&wanted, |_| {}).unwrap();
    let id = look.found(0).unwrap().id();
    let mut edited =
        look.edited(&wanted, &[Some(New { mode: 0o100_644, id }), Some(New { mode: 0o100_755, id }), None]).unwrap();
    let stat = Stat { ctime: (1, 2), mtime: (3, 4), dev: 5, ino: 6, uid: 7, gid: 8, size: 9 };
    (1..4).for_each(|number| edited.set_stat(number, &stat));
    edited.write(&mut File::create(sandbox.path(".git/index.lock")).unwrap(), false).unwrap();
    std::fs::rename(sandbox.path(".git/index.lock"), sandbox.path(".git/index")).unwrap();
    let listed = |path: &str| sandbox.git(&["ls-files", "--debug", "--stage", path]).to_string();
    let said = ["100755", "ctime: 1:2", "mtime: 3:4", "dev: 5\tino: 6", "uid: 7\tgid: 8", "size: 9\t"];
    said.iter().for_each(|word| assert!(listed("folder/new").contains(word), "{word} in {}", listed("folder/new")));
    assert!(listed("folder/b").contains("mtime: 0:0"), "{}", listed("folder/b"));
    assert_eq!(listed("folder/none"), "");
}

/// What a look at the index of `sandbox` says, for the given paths.
fn unusual(sandbox: &Sandbox) -> Option<&'static str> {
    let index = Index::open(&sandbox.path(".git/index"), ObjectFormat::Sha1).unwrap().unwrap();
    index.look(&[], |_| {}).err().map(|Unusual(reason)| reason)
}

/// The edit of one path of the index of `sandbox`; the tree that comes out.
fn set(sandbox: &Sandbox, path: &str, content: &[u8], unhashed: bool) -> Option<ObjectId> {
    let id = ObjectId::from_hex(sandbox.git_with(&["hash-object", "-w", "--stdin"], content).trim()).unwrap();
    // So that the trees are there of which the index will speak.
    let beside = |args: &[&str]| {
        let output = sandbox.command("git").args(args).env("GIT_INDEX_FILE", ".git/beside").output().unwrap();
        assert!(output.status.success(), "{}", output.stderr.as_bstr());
    };
    std::fs::copy(sandbox.path(".git/index"), sandbox.path(".git/beside")).unwrap();
    beside(&["update-index", "--add", "--cacheinfo", &format!("100644,{id},{path}")]);
    beside(&["write-tree"]);
    let index = Index::open(&sandbox.path(".git/index"), ObjectFormat::Sha1).unwrap().unwrap();
    let wanted = [BStr::new(path)];
    let look = index.look(&wanted, |_| {}).unwrap();
    let new = New { mode: 0o100_644, id };
    let edited = look.edited(&wanted, &[Some(new)]).unwrap();
    edited.write(&mut File::create(sandbox.path(".git/index.lock")).unwrap(), unhashed).unwrap();
    std::fs::rename(sandbox.path(".git/index.lock"), sandbox.path(".git/index")).unwrap();
    edited.tree()
}

fn sandbox_with_files() -> Sandbox {
    let sandbox = Sandbox::new();
    for path in ["a", "folder/b", "folder/c", "folder/inner/d", "z"] {
        sandbox.write(path, path);
    }
    sandbox.commit("files");
    sandbox
}

#[test]
fn what_only_git_can_keep_true_is_left_to_git() {
    let commands: [&[&str]; 5] = [
        &["update-index", "--index-version", "4"],
        &["update-index", "--split-index"],
        &["update-index", "--force-untracked-cache"],
        &["sparse-checkout", "set", "--sparse-index", "folder/inner"],
        &["-c", "core.fsmonitor=true", "update-index", "--fsmonitor"],
    ];
    for command in commands {
        let sandbox = sandbox_with_files();
        assert_eq!(unusual(&sandbox), None);
        sandbox.git(command);
        assert!(unusual(&sandbox).is_some(), "{command:?}");
    }
    let sandbox = sandbox_with_files();
    let blob = sandbox.git(&["rev-parse", "HEAD:a"]);
    sandbox.git_with(&["update-index", "--index-info"], format!("100644 {blob} 2\tconflict\n").as_bytes());
    assert_eq!(unusual(&sandbox), Some("the index holds conflicts"));
}

#[test]
fn a_damaged_index_is_left_to_git() {
    let sandbox = sandbox_with_files();
    let file = sandbox.path(".git/index");
    let whole = std::fs::read(&file).unwrap();
    let extensions = whole.find("TREE").unwrap();
    for length in 0..whole.len() {
        std::fs::write(&file, &whole[..length]).unwrap();
        // What an interrupted copy leaves may look like an index without extensions.
        assert!(unusual(&sandbox).is_some() || length == extensions + 20, "cut to {length} bytes of {}", whole.len());
    }
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..2000 {
        let mut bytes = whole.clone();
        let at = random.usize(..bytes.len());
        bytes[at] = random.u8(..);
        std::fs::write(&file, &bytes).unwrap();
        let index = Index::open(&file, ObjectFormat::Sha1).unwrap().unwrap();
        let wanted = [BStr::new("a"), BStr::new("folder/new"), BStr::new("z")];
        // Whatever comes of it, it comes without a panic.
        let look = index.look(&wanted, |_| {});
        let _ = look.and_then(|look| look.tree().and_then(|_| look.edited(&wanted, &[None; 3]).map(drop)));
    }
}

#[test]
fn marks_of_the_person_stay_on_entries_that_are_not_touched() {
    let sandbox = sandbox_with_files();
    sandbox.git(&["update-index", "--assume-unchanged", "a"]);
    sandbox.git(&["update-index", "--skip-worktree", "folder/c"]);
    sandbox.write("folder/new", "announced");
    sandbox.git(&["add", "-N", "folder/new"]);
    // A tree does not hold what is only announced, so git does not keep the id of a folder with such a path.
    assert_eq!(set(&sandbox, "folder/inner/d", b"other", false), None);
    assert_eq!(sandbox.git(&["ls-files", "-v"]), "h a\nH folder/b\nS folder/c\nH folder/inner/d\nH folder/new\nH z");
    assert_eq!(sandbox.git(&["diff", "--name-status", "--diff-filter=A"]), "A\tfolder/new");
    let tree = sandbox.git(&["write-tree"]);
    assert_eq!(
        sandbox.git(&["ls-tree", "-r", "--name-only", tree.to_str().unwrap()]),
        "a\nfolder/b\nfolder/c\nfolder/inner/d\nz"
    );
}

#[test]
fn extensions_that_may_go_go_and_a_hash_that_is_not_wanted_is_not_there() {
    let sandbox = sandbox_with_files();
    for setting in
        [["index.threads", "2"], ["index.recordEndOfIndexEntries", "true"], ["index.recordOffsetTable", "true"]]
    {
        sandbox.git(&["config", setting[0], setting[1]]);
    }
    sandbox.git(&["update-index", "--force-write-index"]);
    assert!(sandbox.read(".git/index").find("EOIE").is_some());
    let tree = set(&sandbox, "folder/e", b"e", false);
    assert_eq!(sandbox.git(&["write-tree"]), tree.unwrap().to_string());
    sandbox.git(&["fsck", "--cache"]);
    sandbox.git(&["config", "index.skipHash", "true"]);
    set(&sandbox, "folder/f", b"f", true);
    assert!(sandbox.read(".git/index").ends_with(&[0; 20]));
    assert!(sandbox.git(&["ls-files"]).contains_str("folder/f"));
    sandbox.git(&["fsck", "--cache"]);
}

#[test]
fn entries_as_young_as_the_index_are_told_of() {
    let sandbox = sandbox_with_files();
    let file = sandbox.path(".git/index");
    let second = std::time::Duration::from_secs(1);
    let written = std::fs::metadata(sandbox.path("z")).unwrap().modified().unwrap();
    let at = |time| std::fs::File::open(&file).unwrap().set_modified(time).unwrap();
    let is_racy = |wanted: &[&BStr]| {
        let index = Index::open(&file, ObjectFormat::Sha1).unwrap().unwrap();
        index.look(wanted, |_| {}).unwrap().edited(wanted, &vec![None; wanted.len()]).unwrap().is_racy()
    };
    at(written);
    assert!(is_racy(&[]));
    let all = ["a", "folder/b", "folder/c", "folder/inner/d", "z"].map(BStr::new);
    assert!(!is_racy(&all));
    at(written + second);
    assert!(!is_racy(&[]));
}
