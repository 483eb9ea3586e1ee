//! Two repositories that a session travels between: `away`, where the agent works, and `home`, a clone of what it began
//! with; and a capture of `away` put together by plain git commands, entry by entry, so that a test can bend it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{Cursor, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use bstr::{BStr, BString, ByteSlice};
use git_glue::mbox::{Entry, Identity, Kind, Preamble, Writer};
use git_glue::session::{Meta, Session, Sidecar, Store};
use sha2::{Digest, Sha256};

use crate::sandbox::{Sandbox, gits, output_with};

/// The session of every trip.
pub const ID: &str = "s1";

/// A sandbox and a home.
pub struct Trip {
    pub away: Sandbox,
    pub home: Sandbox,
    /// The commit that both began with.
    pub base: BString,
}

/// What a capture is made of.
pub struct Parts {
    pub entries: Vec<(Entry, Vec<u8>)>,
    pub preamble: Preamble,
    pub sidecar: Sidecar,
}

/// How a run of `git glue-apply` ended.
pub struct Run {
    pub code: i32,
    pub out: BString,
    pub err: BString,
}

/// Every file below a folder: its mode and its bytes, or where it points.
pub type Snapshot = BTreeMap<PathBuf, (u32, BString)>;

/// Tells a story once with each git of this machine.
pub fn each_git(story: impl Fn(Trip)) {
    for git in gits() {
        story(Trip::with_git(&git, &[]));
    }
}

impl Trip {
    pub fn new() -> Trip {
        Trip::with_git(&gits()[0], &[])
    }

    /// With that git, and options for `git init`.
    pub fn with_git(git: &Path, init: &[&str]) -> Trip {
        let root = Sandbox::with_git(git);
        let away = root.at("away");
        away.init(init);
        let lines: String = (1..=20).map(|number| format!("line {number}\n")).collect();
        away.write("a.txt", &lines);
        away.write("b.txt", "b\n");
        away.write("dir/x.txt", "x\n");
        away.write("dir/y.txt", "y\n");
        away.write("bin.dat", [0, 1, 2, 255, 254, 10, 13, 0]);
        away.write("run.sh", "#!/bin/sh\n");
        std::os::unix::fs::symlink("a.txt", away.path("link")).unwrap();
        let base = away.commit("Base\n");
        away.git(&["clone", "-q", "--no-local", ".", "../here"]);
        let home = root.at("here");
        Trip { away, home, base }
    }

    /// The parts of a capture of all that is away.
    pub fn parts(&self) -> Parts {
        let away = &self.away;
        let range = format!("{}..HEAD", self.base);
        let commits = away.git(&["rev-list", "--first-parent", "--reverse", &range]);
        let mut entries: Vec<_> = commits.lines().map(|id| self.commit_entry(id.as_bstr())).collect();
        let head_tree = away.git(&["rev-parse", "HEAD^{tree}"]);
        let index_tree = away.git(&["write-tree"]);
        let worktree_tree = self.worktree_tree();
        entries.extend(self.uncommitted(Kind::Index, &head_tree, &index_tree));
        entries.extend(self.uncommitted(Kind::Worktree, &index_tree, &worktree_tree));
        let sidecar = Sidecar {
            session_id: Some(ID.into()),
            format: "format-patch".into(),
            bootstrap_sha: Some(self.base.to_string()),
            head_tree: Some(head_tree.to_string()),
            index_tree: Some(index_tree.to_string()),
            worktree_tree: Some(worktree_tree.to_string()),
            object_format: Some(away.git(&["rev-parse", "--show-object-format"]).to_string()),
            entries: Some(entries.len() as u64),
            ..Sidecar::default()
        };
        Parts { entries, preamble: Preamble::default(), sidecar }
    }

    /// Captures, and saves it as the session in the store.
    pub fn capture(&self) -> Session {
        self.capture_with(|_| {})
    }

    /// The same, bent.
    pub fn capture_with(&self, bend: impl FnOnce(&mut Parts)) -> Session {
        let mut parts = self.parts();
        bend(&mut parts);
        self.save(&parts.mbox(), &parts.sidecar)
    }

    /// Saves an mbox as the session's capture.
    pub fn save(&self, mbox: &[u8], sidecar: &Sidecar) -> Session {
        let store = Store::at(self.home.home().join(".glue"));
        let session = store
            .session(ID)
            .unwrap_or_else(|| store.create(&Meta::new(ID, self.away.dir().to_str().unwrap())).unwrap());
        let mut file = session.temp_file().unwrap();
        file.write_all(mbox).unwrap();
        session.save_capture(file, sidecar).unwrap();
        session
    }

    /// Runs `git glue-apply <arguments> s1` at home.
    pub fn apply(&self, args: &[&str]) -> Run {
        apply_in(&self.home, &[args, &[ID]].concat())
    }

    /// Applies and requires success; what was printed.
    pub fn applied(&self, args: &[&str]) -> Run {
        let run = self.apply(args);
        run.is(0);
        run
    }

    /// What landed is what is away: every file, every commit's text, what is staged and what is not.
    pub fn same(&self) {
        unchanged(&files(&self.away), &files(&self.home));
        assert_eq!(self.home.git(STATUS), self.away.git(STATUS));
        assert_eq!(self.log(&self.home, "HEAD"), self.log(&self.away, "HEAD"));
    }

    /// Tree, author and message of all commits on top of the base.
    pub fn log(&self, repo: &Sandbox, tip: &str) -> BString {
        let range = format!("{}..{tip}", self.base);
        repo.git(&["log", "-z", "--first-parent", "--format=%T%n%an%n%ae%n%ad%n%B", "--date=raw", &range])
    }

    fn commit_entry(&self, id: &BStr) -> (Entry, Vec<u8>) {
        let raw = self.away.git_with(&["cat-file", "commit", &id.to_string()], b"");
        let (head, message) = raw.split_once_str("\n\n").unwrap();
        let field = |name: &str| -> Vec<BString> {
            let lines = head.lines().filter_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" "));
            lines.map(BString::from).collect()
        };
        let parents = field("parent");
        let tree = field("tree").remove(0);
        let diff = self.diff(&format!("{}^{{tree}}", parents[0]), &tree.to_string());
        let entry = Entry {
            encoding: field("encoding").pop(),
            commit: Some(id.into()),
            tree: Some(tree),
            parents: if parents.len() > 1 { parents } else { Vec::new() },
            ..Entry::new(Kind::Commit, Identity(field("author").remove(0)), message.into())
        };
        (entry, diff)
    }

    fn uncommitted(&self, kind: Kind, from: &BString, to: &BString) -> Option<(Entry, Vec<u8>)> {
        let announced = self.away.git(&["diff", "--name-only", "--no-renames", "--diff-filter=A", "-z"]);
        let announced = announced.split_str("\0").filter(|path| !path.is_empty()).map(BString::from);
        let is_worktree = kind == Kind::Worktree;
        let author = Identity("Ann Author <author@example.org> 1700000000 +0100".into());
        let entry = Entry {
            tree: Some(to.clone()),
            intent_to_add: announced.filter(|_| is_worktree).collect(),
            ..Entry::new(kind, author, BString::default())
        };
        let diff = self.diff(&from.to_string(), &to.to_string());
        (from != to).then_some((entry, diff))
    }

    fn worktree_tree(&self) -> BString {
        let index = self.away.root().join("worktree.index");
        fs::copy(self.away.path(".git/index"), &index).unwrap();
        let git = |args: &[&str]| {
            let output = self.away.command("git").args(args).env("GIT_INDEX_FILE", &index).output().unwrap();
            assert!(output.status.success(), "{}", output.stderr.as_bstr());
            BString::from(output.stdout.trim_end())
        };
        git(&["add", "-A"]);
        git(&["write-tree"])
    }

    /// A diff as captures hold it.
    pub fn diff(&self, from: &str, to: &str) -> Vec<u8> {
        self.away.git_with(&["diff-tree", "-p", "--binary", "-M", "-C", "--full-index", from, to], b"").into()
    }
}

/// `git status` with everything in it.
pub const STATUS: &[&str] = &["status", "--porcelain=v2", "-z", "--untracked-files=all"];

impl Parts {
    /// The entries as mail, with the sidecar's hash, size and count set to what came out.
    pub fn mbox(&mut self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), self.entries.len() as u64, &self.preamble);
        for (entry, diff) in &self.entries {
            writer.entry(entry, Cursor::new(diff)).unwrap();
        }
        let bytes = writer.finish().unwrap();
        self.sidecar.sha256 = Some(sha256(&bytes));
        self.sidecar.size_bytes = bytes.len() as u64;
        bytes
    }
}

impl Run {
    /// Requires an exit status.
    #[track_caller]
    pub fn is(&self, code: i32) -> &Run {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Requires a text in what was printed.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Run {
        let found = self.out.contains_str(text) || self.err.contains_str(text);
        assert!(found, "no `{text}` in\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Requires that a text was not printed.
    #[track_caller]
    pub fn says_not(&self, text: &str) -> &Run {
        let found = self.out.contains_str(text) || self.err.contains_str(text);
        assert!(!found, "`{text}` in\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// The one JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.out).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out, self.err))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        Run { code: output.status.code().unwrap_or(-1), out: output.stdout.into(), err: output.stderr.into() }
    }
}

/// Runs `git glue-apply` in a directory, through git.
pub fn apply_in<S: AsRef<OsStr>>(place: &Sandbox, args: &[S]) -> Run {
    place.command("git").arg("glue-apply").args(args).output().unwrap().into()
}

/// Runs `git glue-apply` with something on its standard input.
pub fn apply_piped(place: &Sandbox, args: &[&str], input: &[u8]) -> Run {
    output_with(place.command("git-glue-apply").args(args), input).into()
}

/// The files of a work tree, without its git directory.
pub fn files(place: &Sandbox) -> Snapshot {
    let mut all = snapshot(place.dir());
    all.retain(|path, _| !path.starts_with(".git"));
    all
}

/// All that is below a folder, folders included.
pub fn snapshot(folder: &Path) -> Snapshot {
    let mut all = Snapshot::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let bytes = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().as_os_str().as_bytes().into()
            } else if metadata.is_file() {
                fs::read(&path).unwrap().into()
            } else {
                BString::default()
            };
            all.insert(path.strip_prefix(folder).unwrap().to_owned(), (metadata.permissions().mode(), bytes));
            if metadata.is_dir() {
                waiting.push(path);
            }
        }
    }
    all
}

/// What differs between two snapshots, for a failure that can be read.
#[track_caller]
pub fn unchanged(before: &Snapshot, after: &Snapshot) {
    let gone = before.keys().filter(|path| !after.contains_key(*path)).map(|path| format!("gone: {}", path.display()));
    let other = after.iter().filter(|(path, value)| before.get(*path) != Some(value));
    let other = other.map(|(path, _)| format!("new or changed: {}", path.display()));
    let all: Vec<String> = gone.chain(other).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
