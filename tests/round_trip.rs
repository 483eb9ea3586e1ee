//! The round trip as a story: a host repository, a sandbox that is a clone of it in other hands, an agent's work, the
//! capture, and a fresh clone at home onto which it is applied. Then everything is compared: commits, index, files, status,
//! and that the sandbox is as it was. `git am` gets the same mails and must reach the same trees.
//!
//! The stories themselves are in the files beside this one, one for each theme.

use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use git_glue::mbox::{Kind, Located, Mbox};
use serde_json::Value;

use crate::sandbox::{Sandbox, gits, output_with};
use crate::trip::{Run, STATUS, Snapshot, files, snapshot};

/// A sandbox, a home, and what both began with.
pub struct Story {
    /// The work tree of the agent.
    pub away: Sandbox,
    /// A fresh clone at home.
    pub home: Sandbox,
    /// The commit that both began with.
    pub base: BString,
    /// How the capture travels.
    pub way: Way,
    /// What `git glue-capture` is told beside where to put the capture.
    pub options: Vec<String>,
    /// The repository that both are clones of.
    pub origin: Sandbox,
    /// What a failure must name: who is where, and how the capture travels.
    pub about: String,
}

/// How a capture travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through the store.
    Store,
    /// `git glue-capture -o - | git glue-apply -`
    Pipe,
}

/// What came out of a sandbox.
pub struct Captured {
    pub run: Run,
    pub mbox: BString,
    pub sidecar: Value,
}

/// The files that most stories begin with.
pub fn some_files(repo: &Sandbox) {
    let lines: String = (1..=30).map(|number| format!("line {number}\n")).collect();
    repo.write("a.txt", lines);
    repo.write("b.txt", "b\n");
    repo.write("dir/x.txt", "x\n");
    repo.write("dir/y.txt", "y\ny\n");
    repo.write("binary", [0, 1, 2, 255, 254, 10, 13, 0].repeat(40));
    repo.write("run.sh", "#!/bin/sh\n");
    std::os::unix::fs::symlink("a.txt", repo.path("link")).unwrap();
}

impl Story {
    /// One story for each git of this machine, with the next one at the other end: through the store, then through a pipe.
    pub fn each(begin: impl Fn(&Sandbox)) -> impl Iterator<Item = Story> {
        let gits = gits();
        let ways = [Way::Store, Way::Pipe];
        (0..gits.len().max(2)).map(move |number| {
            let away = &gits[number % gits.len()];
            Story::between(away, &gits[(number + 1) % gits.len()], ways[number % 2], &[], &begin)
        })
    }

    /// A story with these gits, and options for `git init` at the origin.
    pub fn between(away: &Path, home: &Path, way: Way, init: &[&str], begin: impl Fn(&Sandbox)) -> Story {
        let about = format!("away {}, home {}, {way:?}", away.display(), home.display());
        let host = Sandbox::of(home, ("Host", "host@home.example"), ("Cam Committer", "committer@home.example"));
        let origin = host.at("origin");
        origin.init(init);
        begin(&origin);
        let base = origin.commit("Base\n");
        let home = host.at("here");
        home.git(&["clone", "-q", "../origin", "."]);
        let place = Sandbox::of(away, ("Agent", "agent@sandbox.invalid"), ("Runner", "runner@sandbox.invalid"));
        let away = place.at("work");
        away.git(&["clone", "-q", origin.dir().to_str().unwrap(), "."]);
        let options = vec![format!("--base={base}"), "--session=s1".to_owned()];
        Story { away, home, base, way, options, origin, about }
    }

    /// Captures; whatever comes of it. The sandbox must be afterwards what it was before.
    #[track_caller]
    pub fn capture(&self) -> Captured {
        let before = self.sandbox();
        let run = self.run_capture(&[]);
        let differences = differences("the sandbox, by the capture", &before, &self.sandbox());
        assert!(differences.is_empty(), "{}\n{}", self.about, differences.join("\n"));
        let saved = self.store().join("sessions/s1");
        let (mbox, sidecar) = match self.way {
            Way::Pipe => (run.out.clone(), preamble(&run.out)),
            Way::Store => {
                let read = |name: &str| std::fs::read(saved.join(name)).unwrap_or_default();
                let sidecar = serde_json::from_slice(&read("runtime.mbox.meta.json")).unwrap_or_default();
                (read("runtime.mbox").into(), sidecar)
            }
        };
        Captured { run, mbox, sidecar }
    }

    /// Runs `git glue-capture` with the story's options and some more.
    pub fn run_capture(&self, more: &[&str]) -> Run {
        let mut command = self.away.command("git");
        command.arg("glue-capture").args(&self.options).args(more).env("GLUE_HOME", self.store());
        if self.way == Way::Pipe {
            command.args(["-o", "-"]);
        }
        command.output().unwrap().into()
    }

    /// Applies at home, on the branch `landed`.
    pub fn apply(&self, captured: &Captured, more: &[&str]) -> Run {
        let mut command = self.home.command("git");
        command.arg("glue-apply").args(["--branch", "landed"]).args(more).env("GLUE_HOME", self.store());
        match self.way {
            Way::Store => command.arg("s1").output().unwrap().into(),
            Way::Pipe => output_with(command.arg("-"), &captured.mbox).into(),
        }
    }

    /// The whole round trip: nothing to warn of, and nothing that differs.
    #[track_caller]
    pub fn comes_home(&self) {
        self.comes_home_with(&[]);
    }

    /// The same with these kinds of warnings, each of them said at both ends.
    #[track_caller]
    pub fn comes_home_with(&self, warnings: &[&str]) -> Captured {
        let captured = self.lands_with(warnings);
        self.is_judged_by_am(&captured);
        captured
    }

    /// The same without `git am`.
    #[track_caller]
    pub fn lands_with(&self, warnings: &[&str]) -> Captured {
        let captured = self.capture();
        self.ran(&captured.run);
        self.warned(&captured, &captured.run, warnings);
        let run = self.apply(&captured, &[]);
        self.ran(&run);
        run.says("trees match the sandbox");
        self.warned(&captured, &run, warnings);
        self.is_same();
        captured
    }

    /// Requires that what is at home is what is away.
    #[track_caller]
    pub fn is_same(&self) {
        self.is_same_but_for("nothing else");
    }

    /// The same, whatever this was that should make no difference.
    #[track_caller]
    pub fn is_same_but_for(&self, what: &str) {
        let found = self.differences();
        assert!(found.is_empty(), "{}, with {what}\n{}", self.about, found.join("\n"));
    }

    /// Everything in which what is at home differs from what is away, in words.
    pub fn differences(&self) -> Vec<String> {
        let mut found = self.other_commits("landed");
        found.extend(self.other_index());
        found.extend(differences("files", &files(&self.away), &files(&self.home)));
        let (away, home) = (self.away.git(STATUS), self.home.git(STATUS));
        if away != home {
            found.push(format!("status: away {away:?}\n        home {home:?}"));
        }
        found
    }

    /// Requires an exit status of 0.
    #[track_caller]
    pub fn ran(&self, run: &Run) {
        let (out, err) = (shortened(&run.out), shortened(&run.err));
        assert_eq!(run.code, 0, "{}\n--- stdout\n{out}\n--- stderr\n{err}", self.about);
    }

    /// Requires that these kinds of warnings are in the sidecar, and no others, and that the run printed them.
    #[track_caller]
    pub fn warned(&self, captured: &Captured, run: &Run, kinds: &[&str]) {
        let warnings = captured.sidecar["warnings"].as_array().cloned().unwrap_or_default();
        let mut found: Vec<&str> = warnings.iter().filter_map(|warning| warning["kind"].as_str()).collect();
        let mut wanted = kinds.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{}\n{warnings:#?}\n{}", self.about, run.err);
        for message in warnings.iter().filter_map(|warning| warning["message"].as_str()) {
            let start = message.split(['\t', '\n']).next().unwrap_or_default();
            assert!(run.err.contains_str(start), "{}\nnot said: {message}\n{}", self.about, run.err);
        }
    }

    /// Requires that `git am` reaches the trees of all entries: told to keep line ends and empty commits for what came through
    /// the store, without options for what came through a pipe, unless a commit is empty.
    #[track_caller]
    pub fn is_judged_by_am(&self, captured: &Captured) {
        let mbox = Mbox::open(std::io::Cursor::new(captured.mbox.as_slice())).unwrap();
        let wanted: Vec<BString> = mbox.entries.iter().filter_map(|entry| entry.entry.tree.clone()).collect();
        let is_empty = |entry: &Located| entry.entry.kind == Kind::Commit && entry.diff.len == 0;
        if self.way == Way::Pipe && !mbox.entries.iter().any(is_empty) {
            self.am(captured, &wanted, &[]);
        } else {
            self.am(captured, &wanted, &["--keep-cr", "--empty=keep"]);
        }
    }

    #[track_caller]
    fn am(&self, captured: &Captured, wanted: &[BString], options: &[&str]) {
        let base = self.base.to_string();
        let place = self.home.at("am");
        place.git(&["clone", "-q", "../origin", "."]);
        place.git(&["reset", "-q", "--hard", &base]);
        let am = output_with(place.command("git").args(["am", "-q", "--3way"]).args(options), &captured.mbox);
        let log = place.git(&["log", "--reverse", "--format=%T", &format!("{base}..HEAD")]);
        let trees: Vec<BString> = log.lines().map(BString::from).collect();
        assert_eq!(trees, wanted, "{}\ngit am {options:?}: {}", self.about, am.stderr.as_bstr());
    }

    /// Commits at home that are not what they are away.
    fn other_commits(&self, tip: &str) -> Vec<String> {
        let base = &self.base;
        let (away, home) = (commits(&self.away, base, "HEAD"), commits(&self.home, base, tip));
        let mut found = Vec::new();
        if away.len() != home.len() {
            found.push(format!("commits: {} away, {} at home", away.len(), home.len()));
        }
        for (number, (away, home)) in away.iter().zip(&home).enumerate() {
            if away != home {
                found.push(format!("commit {}: away {away:?}\n          home {home:?}", number + 1));
            }
        }
        found
    }

    fn other_index(&self) -> Option<String> {
        let list = |repo: &Sandbox| repo.git(&["ls-files", "-s", "-z"]);
        let (away, home) = (list(&self.away), list(&self.home));
        (away != home).then(|| format!("index: away {away:?}\n       home {home:?}"))
    }

    /// The `GLUE_HOME` of the story.
    pub fn store(&self) -> PathBuf {
        self.home.root().join("glue")
    }

    /// Everything that a capture must leave alone: all but the object database.
    fn sandbox(&self) -> Snapshot {
        let mut all = snapshot(self.away.root());
        all.retain(|path, _| !path.to_str().is_some_and(|path| path.contains(".git/objects")));
        all
    }
}

/// The commits since `base`, oldest first, without what is not the agent's: ids of parents, and who committed when.
pub fn commits(repo: &Sandbox, base: &BString, tip: &str) -> Vec<BString> {
    let ids = repo.git(&["rev-list", "--first-parent", "--reverse", &format!("{base}..{tip}")]);
    let raw = |id: &[u8]| repo.git_with(&["cat-file", "commit", id.to_str().unwrap()], b"");
    ids.lines().map(|id| essence(&raw(id))).collect()
}

fn essence(raw: &BString) -> BString {
    let (header, message) = raw.split_once_str("\n\n").unwrap_or((raw, b""));
    let ours = |line: &&[u8]| [&b"tree "[..], b"author ", b"encoding "].iter().any(|name| line.starts_with(name));
    let mut lines: Vec<&[u8]> = header.lines().filter(ours).collect();
    lines.extend([&b""[..], message]);
    bstr::join("\n", lines).into()
}

/// What differs between two sets of files, in words.
pub fn differences(what: &str, before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut found = Vec::new();
    for (path, (mode, bytes)) in before {
        match after.get(path) {
            None => found.push(format!("{what}: {} is missing", path.display())),
            Some((other, _)) if other != mode => {
                found.push(format!("{what}: {} has mode {other:o}, not {mode:o}", path.display()));
            }
            Some((_, other)) if other != bytes => {
                let (other, bytes) = (shortened(other), shortened(bytes));
                found.push(format!("{what}: {} is {other:?}, not {bytes:?}", path.display()));
            }
            Some(_) => {}
        }
    }
    let more = after.keys().filter(|path| !before.contains_key(*path));
    found.extend(more.map(|path| format!("{what}: {} is too much", path.display())));
    found
}

/// The sidecar that the first mail carries.
fn preamble(mbox: &BString) -> Value {
    let mbox = Mbox::open(std::io::Cursor::new(mbox.as_slice()));
    let capture = mbox.ok().and_then(|mbox| mbox.preamble.capture).unwrap_or_default();
    serde_json::from_slice(&capture).unwrap_or_default()
}

fn shortened(bytes: &BString) -> BString {
    const MOST: usize = 3000;
    if bytes.len() > MOST { [&bytes[..MOST], b"..."].concat().into() } else { bytes.clone() }
}

/// Nothing that differs may go unnoticed, or all the stories tell nothing.
#[test]
fn a_home_that_differs_is_noticed() {
    let story = Story::each(some_files).next().unwrap();
    story.away.write("b.txt", "committed\n");
    story.away.commit("Subject\n\nBody\n");
    story.away.write("b.txt", "uncommitted\n");
    story.away.write("untracked", "untracked\n");
    story.lands_with(&[]);
    let home = &story.home;
    let noticed = |what: &str, bend: &[&str], back: &[&str]| {
        home.run("sh", &["-c", &bend.join(" && ")]);
        assert!(!story.differences().is_empty(), "{what}");
        home.run("sh", &["-c", &back.join(" && ")]);
        assert_eq!(story.differences(), Vec::<String>::new(), "{what}, taken back");
    };
    noticed("a byte", &["printf x >>b.txt"], &["echo uncommitted >b.txt"]);
    noticed("a mode", &["chmod +x untracked"], &["chmod -x untracked"]);
    noticed("a link", &["ln -sf b.txt link"], &["ln -sf a.txt link"]);
    noticed("a file too much", &["touch more"], &["rm more"]);
    noticed("a file missing", &["rm untracked"], &["echo untracked >untracked"]);
    noticed("staged", &["git add b.txt"], &["git reset -q"]);
    noticed("announced", &["git add -N untracked"], &["git reset -q"]);
    let amend = "git -c core.editor=true commit -q --amend --allow-empty --cleanup=verbatim";
    for (what, how) in [("message", "-m Other"), ("author", "--author='Other <o@x>'"), ("date", "--date='@5 +0000'")] {
        noticed(what, &[&format!("{amend} {how}")], &["git reset -q --soft HEAD@{1}"]);
    }
    noticed("a commit too much", &["git commit -q --allow-empty -m More"], &["git reset -q --soft HEAD~1"]);
}
