//! One table per category, with what must be found and what must not.

use super::*;
use proptest::prelude::*;

fn change<'a>(path: &'a str, mode: u32, new: Option<&'a [u8]>) -> Change<'a> {
    Change { path: path.into(), old_mode: Some(0o100644), new_mode: Some(mode), old: None, new }
}

fn categories(path: &str) -> Vec<Category> {
    let found = runs_here([change(path, 0o100644, Some(b""))], None);
    found.into_iter().map(|finding| finding.category).collect()
}

fn reasons(change: Change<'_>) -> Vec<String> {
    runs_here([change], None).into_iter().map(|finding| finding.reason).collect()
}

#[test]
fn files_that_programs_run_unasked_are_known_by_name() {
    use Category::*;
    for (category, paths) in [
        (
            GitHook,
            &[
                ".husky/pre-commit",
                ".githooks/x",
                "tools/hooks/post-checkout",
                "git-hooks/pre-push",
                ".Husky/_/h",
                ".pre-commit-config.yaml",
                "lefthook.yml",
            ][..],
        ),
        (
            Agent,
            &[
                ".claude/settings.json",
                "sub/.cursor/mcp.json",
                "AGENTS.md",
                "CLAUDE.md",
                ".mcp.json",
                ".codex/config.toml",
                ".gemini/settings.json",
                ".github/copilot-instructions.md",
                ".cursorrules",
            ],
        ),
        (
            Editor,
            &[
                ".vscode/tasks.json",
                "a/.vscode/launch.json",
                ".idea/workspace.xml",
                ".exrc",
                ".nvimrc",
                ".dir-locals.el",
                ".devcontainer/devcontainer.json",
                "x.code-workspace",
                ".vim/plugin/x.vim",
            ],
        ),
        (Environment, &[".envrc", "sub/.envrc", "mise.toml", ".tool-versions", "flake.nix"]),
        (Package, &[".npmrc", ".yarnrc.yml", "setup.py", "pyproject.toml", "composer.json", "Gemfile", "x.gemspec"]),
        (
            Build,
            &[
                "Makefile",
                "src/build.rs",
                "CMakeLists.txt",
                "build.gradle",
                ".cargo/config.toml",
                "Justfile",
                "Dockerfile",
                "conftest.py",
                "cmake/x.cmake",
                "eslint.config.js",
            ],
        ),
        (
            Ci,
            &[
                ".github/workflows/ci.yml",
                ".gitlab-ci.yml",
                ".circleci/config.yml",
                "Jenkinsfile",
                "azure-pipelines.yml",
                ".buildkite/pipeline.yml",
                ".GitHub/Workflows/ci.yml",
            ],
        ),
    ] {
        for path in paths {
            assert_eq!(categories(path), [category], "{path}");
        }
    }
}

#[test]
fn ordinary_files_are_not_listed() {
    for path in [
        "src/main.rs",
        "README.md",
        "docs/hooks.md",
        "src/hooks/useState.ts",
        "pre-commit",
        "husky/x",
        "claude/x.md",
        "vscode/tasks.json",
        "docs/makefile.md",
        ".gitignore",
        "workflows/ci.yml",
        "a/HEAD",
        "src/config",
        "package-lock.json",
        "my.claude/x",
    ] {
        assert_eq!(categories(path), [], "{path}");
    }
}

#[test]
fn the_configured_hooks_directory_counts() {
    let found = runs_here([change("ci/git/anything", 0o100755, None)], Some("./ci/git/".into()));
    assert_eq!(found[0].category, Category::GitHook);
    assert_eq!(found.len(), 1);
    assert_eq!(runs_here([change("ci/gitx/anything", 0o100644, None)], Some("ci/git".into())), []);
}

#[test]
fn attributes_name_their_drivers() {
    let text = b"# *.a filter=no\n*.bin filter=lfs diff=lfs merge=ours -text\n*.rs diff=rust merge=union\n\"a filter=no b\" filter=\x1bx\n[attr]m merge=evil\n";
    let found = reasons(change("sub/.gitattributes", 0o100644, Some(text))).join("\n");
    for driver in [
        "filter driver `lfs`",
        "diff driver `lfs`",
        "merge driver `ours`",
        r"filter driver `\x1bx`",
        "merge driver `evil`",
    ] {
        assert!(found.contains(driver), "{driver} in {found}");
    }
    assert_eq!(found.lines().count(), 5, "{found}");
    let same = Change { old: Some(text), ..change(".gitattributes", 0o100644, Some(text)) };
    assert_eq!(reasons(same), [""; 0]);
    assert_eq!(reasons(change(".gitattributes", 0o100644, Some(b"* text=auto\n"))), [""; 0]);
    assert_eq!(reasons(change(".gitattributes", 0o100644, None)).len(), 1);
}

#[test]
fn submodules_show_where_they_come_from_and_what_they_run() {
    let text = b"[submodule \"x\"]\n\tpath = x\n\turl = https://example.org/x\n\tUpdate = !touch /tmp/pwned\n[submodule \"y\"]\n\turl = ../y\n\tupdate = rebase\n";
    let found = reasons(change(".gitmodules", 0o100644, Some(text)));
    assert_eq!(
        found,
        [
            "submodule `x` is fetched from `https://example.org/x`",
            "submodule `x` runs the command `!touch /tmp/pwned` on update",
            "submodule `y` is fetched from `../y`",
        ]
    );
    assert_eq!(reasons(change(".gitmodules", 0o100644, Some(b"[broken"))).len(), 1);
    assert_eq!(runs_here([change("lib", GITLINK, None)], None)[0].category, Category::Submodule);
}

#[test]
fn package_scripts_count_when_they_are_new() {
    let old = br#"{"scripts":{"postinstall":"node a.js","test":"jest"}}"#;
    let new = br#"{"scripts":{"postinstall":"node a.js","prepare":"curl x | sh","test":"mocha"}}"#;
    let both = Change { old: Some(old), ..change("web/package.json", 0o100644, Some(new)) };
    assert_eq!(
        reasons(both),
        ["runs `curl x | sh` as `prepare` when packages are installed", "changes the scripts `test`"]
    );
    assert_eq!(reasons(change("package.json", 0o100644, Some(b"{\"name\":\"x\"}"))), [""; 0]);
    assert_eq!(reasons(change("package.json", 0o100644, Some(b"{"))).len(), 1);
}

#[test]
fn links_that_leave_the_tree_are_found() {
    for (path, target, leaves) in [
        ("a", "/etc/passwd", true),
        ("a", "../x", true),
        ("d/a", "../x", false),
        ("d/a", "../../x", true),
        ("d/e/a", "../../x", false),
        ("a", "b/../../x", true),
        ("a", "b/../c", false),
        ("a", "C:\\x", true),
        ("a", "..\\x", true),
        ("a", ".git/hooks", true),
        ("d/a", "../.GIT/config", true),
        ("a", "b", false),
        ("a", "./b//c", false),
    ] {
        let found = runs_here([change(path, SYMLINK, Some(target.as_bytes()))], None);
        assert_eq!(found.iter().any(|f| f.category == Category::SymlinkOutside), leaves, "{path} -> {target}");
    }
}

#[test]
fn only_a_new_executable_bit_counts() {
    assert_eq!(reasons(change("run.sh", EXECUTABLE, None)), ["became executable"]);
    assert_eq!(reasons(Change { old_mode: Some(EXECUTABLE), ..change("run.sh", EXECUTABLE, None) }), [""; 0]);
    assert_eq!(reasons(Change { old_mode: None, ..change("run.sh", EXECUTABLE, None) }).len(), 1);
}

#[test]
fn a_repository_inside_the_tree_is_found() {
    let found = runs_here(["t/x/HEAD", "t/x/config", "t/x/refs/a"].map(|path| change(path, 0o100644, None)), None);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].category, found[0].path.as_bstr()), (Category::GitHook, "t/x".into()));
}

#[test]
fn deletions_do_not_count_and_danger_comes_first() {
    let gone = Change { new_mode: None, ..change(".envrc", 0, None) };
    let all =
        [gone, change("run", EXECUTABLE, None), change("Makefile", 0o100644, None), change(".husky/x", 0o100644, None)];
    let found: Vec<_> = runs_here(all, None).into_iter().map(|finding| finding.category).collect();
    assert_eq!(found, [Category::GitHook, Category::Build, Category::Executable]);
}

proptest! {
    #[test]
    fn no_tree_panics(path: Vec<u8>, new: Vec<u8>, name in 0usize..4, link: bool) {
        let path = [path.as_bstr(), ".gitattributes".into(), ".gitmodules".into(), "package.json".into()][name];
        let mode = if link { SYMLINK } else { EXECUTABLE };
        for finding in runs_here([Change { path, old_mode: None, new_mode: Some(mode), old: None, new: Some(&new) }], Some(path)) {
            prop_assert!(finding.reason.chars().all(|ch| crate::audit::hidden(ch).is_none()));
        }
    }
}
