//! git is the judge: sections of diffs, put together at random, are placed by `git apply --cached` and here.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::apply::place::tree_id;
use crate::git::{Isolated, Outside, Repo};

/// A repository with one of each, and its tree.
struct Ground {
    folder: tempfile::TempDir,
    tree: String,
}

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let mut ground = Ground { folder, tree: String::new() };
        ground.git(&["init", "-q", "."], b"");
        let blob = |text: &str| ground.git(&["hash-object", "-w", "--stdin"], text.as_bytes());
        let (lines, other, empty) = (blob(LINES), blob("x\ny\n"), blob(""));
        let (target, binary) = (blob("f"), blob("\0binary\0"));
        let commit = "1234567890123456789012345678901234567890";
        let listing = [
            ("100644", &lines, "f"),
            ("100755", &lines, "x"),
            ("100644", &empty, "e"),
            ("100644", &other, "d/f"),
            ("100644", &other, "d/deep/f"),
            ("100644", &other, "d.x"),
            ("120000", &target, "l"),
            ("100644", &binary, "bin"),
            ("160000", &commit.to_owned(), "sub"),
        ];
        let listing: String = listing.iter().map(|(mode, id, path)| format!("{mode} {id}\t{path}\n")).collect();
        ground.git(&["update-index", "--add", "--index-info"], listing.as_bytes());
        ground.tree = ground.git(&["write-tree"], b"");
        ground
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, args: &[&str], input: &[u8]) -> (bool, String) {
        let mut git = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
            git.env_remove(name);
        }
        git.args(args).current_dir(self.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", self.path());
        let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
    }

    fn git(&self, args: &[&str], input: &[u8]) -> String {
        let (ok, text) = self.run(args, input);
        assert!(ok, "git {args:?}: {text}");
        text
    }

    /// The tree that `git apply --cached` makes, or why it does not.
    fn by_git(&self, diff: &[u8]) -> Result<String, String> {
        self.git(&["read-tree", &self.tree], b"");
        match self.run(&["apply", "--cached", "--whitespace=nowarn"], diff) {
            (true, _) => Ok(self.git(&["write-tree"], b"")),
            (false, why) => Err(why),
        }
    }

    /// The tree that comes out here.
    fn by_us(&self, diff: &[u8]) -> Option<String> {
        let repo = Repo::discover_at(self.path()).unwrap().unwrap();
        let isolated = Isolated::over(&repo, Outside::Nothing, None).unwrap();
        let objects = isolated.objects().unwrap();
        let files = crate::patch::read(diff).ok()?;
        let patch = Patch { index: 0, subject: BString::default(), diff, files, preimages: Default::default() };
        let mut overlay = Overlay::on(tree_id(&self.tree).unwrap());
        let fitted = fit(objects, &mut overlay, &patch, &mut Search::off()).unwrap()?;
        let tree = overlay.edit(objects, &fitted.edits).unwrap().to_string();
        // What was read on the way must not be another tree than what a second look sees.
        for (path, item) in &fitted.edits {
            let again = Overlay::on(tree_id(&tree).unwrap()).item(objects, path.as_bstr()).unwrap();
            assert_eq!(again.filter(|item| item.mode != FOLDER), *item, "{path}");
        }
        Some(tree)
    }

    #[track_caller]
    fn judge(&self, diff: &str) {
        // Ours first: git writes what comes out into the repository, where a binary patch would find it.
        let (ours, gits) = (self.by_us(diff.as_bytes()), self.by_git(diff.as_bytes()));
        assert_eq!(ours, gits.clone().ok(), "{diff}\ngit: {gits:?}");
    }
}

/// Sections that say sensible and odd things about a few paths.
fn section(random: &mut fastrand::Rng) -> String {
    let paths =
        ["f", "x", "e", "d/f", "d/deep/f", "d.x", "l", "bin", "sub", "new", "d", "d/deep", "l/new", "new/f", "f/new"];
    let path = |random: &mut fastrand::Rng| *random.choice(paths.iter()).unwrap();
    let (a, b) = (path(random), path(random));
    let mode = *random.choice(["100644", "100755", "120000", "160000", "100664", "100600"].iter()).unwrap();
    let edit = "@@ -2,5 +2,5 @@\n 2\n 3\n-4\n+four\n 5\n 6\n";
    let whole = match a {
        "f" | "x" => "@@ -1,9 +0,0 @@\n-1\n-2\n-3\n-4\n-5\n-6\n-7\n-8\n-9\n",
        "l" => "@@ -1 +0,0 @@\n-f\n\\ No newline at end of file\n",
        "sub" => "@@ -1 +0,0 @@\n-Subproject commit 1234567890123456789012345678901234567890\n",
        "e" => "",
        _ => "@@ -1,2 +0,0 @@\n-x\n-y\n",
    };
    let names = format!("--- a/{a}\n+++ b/{a}\n");
    let git = |rest: String| format!("diff --git a/{a} b/{a}\n{rest}");
    match random.u8(0..16) {
        0 => git(format!("{names}{edit}")),
        1 => git(format!("index 1234567..89abcde {mode}\n{names}{edit}")),
        2 => git(format!("{names}@@ -1,2 +1,2 @@\n x\n-y\n+z\n")),
        3 => git(format!("new file mode {mode}\n--- /dev/null\n+++ b/{a}\n@@ -0,0 +1 @@\n+new\n")),
        4 => git(format!("new file mode {mode}\n")),
        5 | 6 if whole.is_empty() => git(format!("deleted file mode {mode}\n")),
        5 => git(format!("deleted file mode {mode}\n--- a/{a}\n+++ /dev/null\n{whole}")),
        6 => {
            let mode = match a {
                "l" => "120000",
                "sub" => "160000",
                "x" => "100755",
                _ => "100644",
            };
            git(format!("deleted file mode {mode}\n--- a/{a}\n+++ /dev/null\n{whole}"))
        }
        7 => format!("diff --git a/{a} b/{b}\nsimilarity index 100%\nrename from {a}\nrename to {b}\n"),
        8 => format!("diff --git a/{a} b/{b}\nsimilarity index 100%\ncopy from {a}\ncopy to {b}\n"),
        9 => format!(
            "diff --git a/{a} b/{b}\nsimilarity index 90%\nrename from {a}\nrename to {b}\n--- a/{a}\n+++ b/{b}\n{edit}"
        ),
        10 => format!(
            "diff --git a/{a} b/{b}\nold mode 100644\nnew mode {}\nsimilarity index 90%\ncopy from {a}\ncopy to {b}\n--- a/{a}\n+++ b/{b}\n{edit}",
            random.choice(["100755", "120000"].iter()).unwrap()
        ),
        11 => git(format!("old mode 100644\nnew mode {mode}\n")),
        12 => format!("A plain diff:\n{names}{edit}"),
        13 => format!("A plain diff:\n{names}@@ -0,0 +1 @@\n+new\n"),
        14 => format!("A plain diff:\n--- a/{a}\n+++ b/{b}\n{edit}"),
        _ => git(format!("index 1234567..89abcde {mode}\n{names}@@ -1 +1 @@\n-f\n\\ No newline at end of file\n+g\n")),
    }
}

#[test]
fn random_sections_fit_as_git_says() {
    let ground = Ground::new();
    let cases = std::env::var("GLUE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150);
    for seed in 0..cases {
        let mut random = fastrand::Rng::with_seed(seed);
        let diff: String = (0..random.usize(1..4)).map(|_| section(&mut random)).collect();
        ground.judge(&diff);
    }
}
