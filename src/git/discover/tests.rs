//! What is found here is what git finds; the rest is left to it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::ffi::OsString;
use std::path::Path;

use super::super::Repo;
use super::super::place::Place;

impl Place {
    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Found without git, and as git finds it.
    #[track_caller]
    fn usual(&self, directory: &str) -> Repo {
        let directory = self.path(directory);
        let found = super::usual(&directory, &|name| std::env::var_os(name), false).expect("of the usual kind");
        let ours = Repo::usual(found, &directory, true);
        let theirs = Repo::ask(&directory, true, &[]).unwrap().unwrap();
        let parts = |repo: &Repo| {
            let Repo { git_dir, common_dir, work_tree, format, objects, index, .. } = repo.clone();
            (git_dir, common_dir, work_tree, format, objects, index)
        };
        assert_eq!(parts(&ours), parts(&theirs));
        ours
    }

    /// Left to git.
    #[track_caller]
    fn left(&self, directory: &str) {
        self.left_with(directory, &|name| std::env::var_os(name));
    }

    #[track_caller]
    fn left_with(&self, directory: &str, variable: &dyn Fn(&str) -> Option<OsString>) {
        assert!(super::usual(&self.path(directory), variable, false).is_none(), "left to git");
    }
}

#[test]
fn the_usual_kinds_are_found_without_git() {
    let place = Place::new();
    place.usual("main");
    place.write("main/a/b/file", "");
    place.usual("main/a/b");
    std::os::unix::fs::symlink(place.path("main/a"), place.path("link")).unwrap();
    place.usual("link/b");
    place.git("main", &["worktree", "add", "-q", "../linked"]);
    assert!(place.usual("linked").is_linked());
    place.git("main", &["worktree", "add", "-q", "-b", "inner", "a/inner"]);
    place.usual("main/a/inner");
    place.git("main", &["submodule", "--quiet", "add", "../main/.git", "sub"]);
    place.usual("main/sub");
    place.git(".", &["init", "-q", "--object-format=sha256", "wide"]);
    place.usual("wide");
    place.git(".", &["init", "-q", "--separate-git-dir", "apart.git", "apart"]);
    place.usual("apart");
    place.git("main", &["config", "extensions.worktreeConfig", "true"]);
    place.usual("main");
    place.usual("linked");
    place.git("main", &["config", "--worktree", "core.bare", "false"]);
    place.usual("main");
    place.git(".", &["clone", "-q", "--bare", "main", "bare.git"]);
    place.git("bare.git", &["worktree", "add", "-q", "../of-bare"]);
    place.usual("of-bare");
    place.git("main", &["checkout", "-q", "--detach"]);
    place.usual("main");
}

#[test]
fn other_kinds_are_left_to_git() {
    let place = Place::new();
    place.write("nothing/here", "");
    place.left("nothing");
    place.left("main/.git");
    place.left("main/.git/refs");
    place.git(".", &["clone", "-q", "--bare", "main", "bare.git"]);
    place.left("bare.git");
    place.git(".", &["clone", "-q", "main", "elsewhere"]);
    place.write("other/file", "");
    place.git("elsewhere", &["config", "core.worktree", "../../elsewhere"]);
    place.usual("elsewhere");
    place.git("elsewhere", &["config", "core.worktree", "../../other"]);
    place.left("elsewhere");
    place.git(".", &["clone", "-q", "main", "as-bare"]);
    place.git("as-bare", &["config", "core.bare", "yes"]);
    place.left("as-bare");
    std::fs::create_dir(place.path("linked-git")).unwrap();
    std::os::unix::fs::symlink(place.path("main/.git"), place.path("linked-git/.git")).unwrap();
    place.left("linked-git");
    let extension = |name: &str| format!("[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\t{name}\n");
    place.write("main/.git/config", &extension("refStorage = reftable"));
    place.left("main");
    place.write("main/.git/config", &extension("fancy"));
    place.left("main");
    place.write("main/.git/config", &extension("refStorage = files"));
    place.usual("main");
    place.write("main/.git/config", "[core\n");
    place.left("main");
    place.write("main/.git/config", "[core]\n\trepositoryformatversion = 2\n");
    place.left("main");
    place.write("main/.git/config", "[extensions]\n\tobjectFormat = sha256\n");
    place.left("main");
    std::fs::remove_file(place.path("main/.git/config")).unwrap();
    place.usual("main");
    place.write("main/.git/HEAD", "nonsense\n");
    place.left("main");
}

#[test]
fn a_word_of_the_environment_is_for_git_to_hear() {
    let place = Place::new();
    for name in super::DECIDING {
        let variable = |asked: &str| (asked == name).then(|| OsString::from("/"));
        place.left_with("main", &variable);
    }
}

#[test]
fn what_belongs_to_somebody_else_is_left_to_git() {
    let place = Place::new();
    let somebody = Some(rustix::fs::Uid::from_raw(12345));
    // Only root can give files away.
    if rustix::fs::chown(Path::new(&place.path("main/.git")), somebody, None).is_ok() {
        place.left("main");
        let found = super::usual(&place.path("main"), &|name| std::env::var_os(name), true);
        assert!(found.is_some(), "anybody's is found where that is asked for");
    }
}
