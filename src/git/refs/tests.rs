//! What revisions and refs name, here and by git.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;
use std::process::Command;

use bstr::ByteSlice;

use super::super::Repo;
use super::is_ref_name;

struct Place(tempfile::TempDir);

impl Place {
    fn new(options: &[&str]) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.path("repo")).unwrap();
        place.git(&[&["init", "-q", "-b", "main"], options].concat());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn output(&self, args: &[&str]) -> std::process::Output {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        Command::new("git").args(identity).args(args).current_dir(self.path("repo")).output().unwrap()
    }

    fn git(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(output.status.success(), "{args:?}: {}", output.stderr.to_str_lossy());
        output.stdout.trim().to_str().unwrap().to_owned()
    }

    fn repo(&self, directory: &str) -> Repo {
        Repo::discover(&self.path(directory)).unwrap().unwrap()
    }

    /// Resolved without git to what git resolves it to.
    #[track_caller]
    fn same(&self, revision: &str) {
        let ours = self.repo("repo").resolve_here(revision).unwrap().expect("no git is needed");
        let theirs = self.output(&["rev-parse", "--verify", "--quiet", revision]);
        let theirs = theirs.status.success().then(|| theirs.stdout.trim().to_str().unwrap().to_owned());
        assert_eq!(ours.map(|id| id.to_string()), theirs, "{revision}");
    }

    #[track_caller]
    fn same_refs(&self, name: &str) {
        let ours = self.repo("repo").refs_at_here(name).expect("no git is needed");
        let ours: Vec<String> = ours.into_iter().map(|(name, id)| format!("{id} {name}")).collect();
        assert_eq!(ours.join("\n"), self.git(&["for-each-ref", "--format=%(objectname) %(refname)", name]));
    }
}

#[test]
fn revisions_that_are_spelled_out_name_what_git_says() {
    for options in [&[][..], &["--object-format=sha256"]] {
        let place = Place::new(options);
        place.same("HEAD");
        assert_eq!(place.repo("repo").head_branch().unwrap().as_deref(), Some("refs/heads/main"));
        place.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
        place.git(&["tag", "-a", "-m", "tag", "t"]);
        place.git(&["tag", "-a", "-m", "tag of a tag", "tt", "t"]);
        place.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
        place.git(&["symbolic-ref", "refs/heads/link", "refs/heads/main"]);
        place.git(&["symbolic-ref", "refs/heads/dangling", "refs/heads/none"]);
        let id = place.git(&["rev-parse", "HEAD"]);
        for packed in [false, true] {
            for name in
                ["HEAD", "refs/heads/main", "refs/tags/t", "refs/tags/tt", "refs/heads/link", &id, &id.to_uppercase()]
            {
                for peel in ["", "^{commit}", "^{tree}"] {
                    place.same(&format!("{name}{peel}"));
                }
            }
            for name in ["refs/heads/none", "refs/heads/dangling", "refs/heads/main/below", "refs/heads", "refs/none"] {
                place.same(name);
                place.same(&format!("{name}^{{commit}}"));
            }
            for folder in ["refs/heads", "refs/tags", "refs/heads/main", "refs/none", "refs"] {
                place.same_refs(folder);
            }
            if !packed {
                place.git(&["pack-refs", "--all"]);
                place.git(&["gc", "-q"]);
                place.git(&["branch", "deep/er"]);
            }
        }
        place.git(&["checkout", "-q", "--detach"]);
        place.same("HEAD");
        assert_eq!(place.repo("repo").head_branch().unwrap(), None);
        for left in
            ["main", "HEAD~1", "HEAD^", "@", &id[..7], "refs/heads/main~1", "HEAD^{blob}", "refs/heads/a..b", ":/one"]
        {
            assert!(place.repo("repo").resolve_here(left).unwrap().is_none(), "{left} is left to git");
        }
        assert_eq!(place.repo("repo").resolve("main~1").unwrap().unwrap(), place.git(&["rev-parse", "main~1"]));
    }
}

#[test]
fn a_repository_that_is_packed_meanwhile_is_read_on() {
    let place = Place::new(&[]);
    place.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let repo = place.repo("repo");
    let resolved = |name: &str| repo.resolve_here(name).unwrap().flatten().map(|id| id.to_string());
    let first = place.git(&["rev-parse", "HEAD"]);
    for (message, take) in [("two", false), ("three", true)] {
        assert!(resolved("HEAD^{tree}").is_some());
        // Whoever applies takes over what is open.
        let objects = take.then(|| super::super::Objects::open(&repo, &[]));
        std::fs::write(place.path("repo/file"), message).unwrap();
        place.git(&["add", "."]);
        place.git(&["commit", "-q", "-m", message]);
        place.git(&["gc", "-q", "--prune=now"]);
        let (tip, tree) = (place.git(&["rev-parse", "HEAD"]), place.git(&["rev-parse", "HEAD^{tree}"]));
        assert_eq!(resolved("HEAD^{commit}").as_ref(), Some(&tip));
        assert_eq!(resolved("HEAD^{tree}").as_ref(), Some(&tree));
        assert_eq!(resolved(&format!("{first}^{{commit}}")).as_ref(), Some(&first));
        if let Some(objects) = objects {
            assert_eq!(objects.commit(&tip).unwrap().tree.to_string(), tree);
            assert!(objects.commit(&first).is_ok());
        }
    }
}

#[test]
fn what_others_may_know_better_is_left_to_git() {
    let place = Place::new(&[]);
    place.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    place.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    let missing = "1234567890123456789012345678901234567890^{commit}";
    assert!(place.repo("repo").resolve_here(missing).unwrap().is_none());
    assert_eq!(place.repo("repo").resolve(missing).unwrap(), None);
    place.git(&["replace", "HEAD", "HEAD~1"]);
    assert!(place.repo("repo").resolve_here("HEAD^{tree}").unwrap().is_none());
    place.git(&["pack-refs", "--all"]);
    assert!(place.repo("repo").resolve_here("HEAD^{tree}").unwrap().is_none());
    let real = place.path("repo/.git/refs/heads/real");
    std::os::unix::fs::symlink("main", &real).unwrap();
    assert!(place.repo("repo").resolve_here("refs/heads/real").unwrap().is_none());
    std::fs::write(place.path("repo/.git/refs/heads/broken"), "nonsense\n").unwrap();
    assert!(place.repo("repo").resolve_here("refs/heads/broken").unwrap().is_none());
}

#[test]
fn refs_of_other_kinds_of_repositories_are_gits() {
    let place = Place(tempfile::tempdir().unwrap());
    std::fs::create_dir(place.path("repo")).unwrap();
    if !place.output(&["init", "-q", "-b", "main", "--ref-format=reftable"]).status.success() {
        // A git that knows no such format.
        return;
    }
    place.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let repo = place.repo("repo");
    assert_eq!(repo.head_branch().unwrap().as_deref(), Some("refs/heads/main"));
    let id = place.git(&["rev-parse", "HEAD"]);
    assert_eq!(repo.resolve("HEAD").unwrap().as_deref(), Some(id.as_str()));
    assert_eq!(repo.resolve("refs/heads/main^{commit}").unwrap().as_deref(), Some(id.as_str()));
    assert_eq!(repo.refs_at("refs/heads").unwrap(), [("refs/heads/main".to_owned(), id.clone())]);
    let made = super::super::RefMove::Create { name: "refs/heads/new".into(), to: id.clone() };
    repo.move_refs(&[made], "made", true).unwrap();
    repo.point_head("refs/heads/new", "on new").unwrap();
    assert_eq!(repo.head_branch().unwrap().as_deref(), Some("refs/heads/new"));
}

#[test]
fn linked_work_trees_and_submodules_have_heads_of_their_own() {
    let place = Place::new(&[]);
    place.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    place.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
    place.git(&["update-ref", "refs/bisect/bad", "HEAD"]);
    assert_eq!(place.repo("linked").head_branch().unwrap().as_deref(), Some("refs/heads/side"));
    assert_eq!(place.repo("linked").resolve_here("refs/bisect/bad").unwrap(), Some(None));
    assert!(place.repo("repo").resolve_here("refs/bisect/bad").unwrap().unwrap().is_some());
}

#[test]
fn names_of_refs_are_what_git_takes() {
    let place = Place::new(&[]);
    let parts = [
        "a", "A-b", ".a", "a.", "a..b", "a.lock", "a.lock/b", "@", "a@{b", "-a", "a b", "a~", "a^", "a:", "a?", "a*",
        "a[", "a\\", "", "a/", "/a", "a//b", "é", "a\u{7f}", "a\tb", "a.b", "a@", "@{", "..", "x.LOCK",
    ];
    for part in parts {
        for name in [format!("refs/heads/{part}"), part.to_owned(), format!("refs/{part}")] {
            let theirs = place.output(&["check-ref-format", &name]).status.success();
            if name.starts_with("refs/") {
                assert_eq!(is_ref_name(&name), theirs, "{name:?}");
            }
        }
    }
}
