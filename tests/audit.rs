//! Paths: what git's index refuses, the audit refuses, and little else.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use bstr::{BString, ByteSlice};
use git_glue::audit::{PathProblem, path_problem};

/// The gits of this machine: the one that `PATH` finds, and the system's where that is another.
fn gits() -> Vec<&'static str> {
    ["git", "/usr/bin/git"].into_iter().filter(|git| *git == "git" || Path::new(git).exists()).collect()
}

/// Whether `git update-index` refuses to have `path` in an index, with the file systems of all systems protected.
fn git_refuses(git: &str, dir: &Path, mode: u32, path: &BString) -> bool {
    let index = dir.join("index");
    let _ = std::fs::remove_file(&index);
    let mut info = format!("{mode:o},e69de29bb2d1d6434b8b29ae775ad8c2e48c5391,").into_bytes();
    info.extend_from_slice(path);
    let status = Command::new(git)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_INDEX_FILE", &index)
        .args(["-c", "core.protectHFS=true", "-c", "core.protectNTFS=true"])
        .args(["update-index", "--add", "--cacheinfo"])
        .arg(OsStr::from_bytes(&info))
        .current_dir(dir)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    !status.success()
}

/// Spellings of the names that git guards and of the separators around them, and plain names that must pass.
fn spellings() -> Vec<BString> {
    let names: [&[u8]; 36] = [
        b".git",
        b".GiT",
        b"git~1",
        b"GIT~1",
        b"git~2",
        b".git.",
        b".git ",
        b".git . .",
        b".git:",
        b".git::$INDEX_ALLOCATION",
        b".git:x:y",
        b".git.x",
        b".g\xe2\x80\x8cit",
        b"\xef\xbb\xbf.git",
        b".git\xe2\x80\xae",
        b".git\xff",
        b".git\xff.x",
        b".\xffgit",
        b".git\xef\xbf\xbe",
        b".git\xed\xa0\x80",
        b".gi",
        b".gitx",
        b"..",
        b".",
        b"...",
        b". .",
        b"",
        b"a",
        b"a b",
        b"caf\xe9",
        b"con",
        b"a\\b",
        b"\xe2\x80\x8c.g\xe2\x80\x8dit ",
        b"gi7eba~1",
        b".gitmodules\xff",
        b".gitmodules.x",
    ];
    let guarded: [&[u8]; 8] = [
        b".gitmodules",
        b".GITMODULES",
        b".gitmodules ",
        b".gitmodules:x",
        b"gitmod~1",
        b"gitmod~4.",
        b"gi7eba~9",
        b".git\xe2\x80\x8dmodules",
    ];
    let mut paths = Vec::new();
    for name in names.iter().chain(&guarded) {
        for (before, after) in
            [("", ""), ("a/", ""), ("", "/x"), ("a/b/", "/c"), ("a\\", ""), ("", "\\x"), ("a/b\\", "/c")]
        {
            paths.push(BString::from([before.as_bytes(), name, after.as_bytes()].concat()));
        }
    }
    paths
}

#[test]
fn what_git_refuses_is_refused() {
    for git in gits() {
        let dir = tempfile::tempdir().unwrap();
        let init = Command::new(git).args(["init", "-q"]).arg(dir.path()).status().unwrap();
        assert!(init.success());
        let mut differing = Vec::new();
        for path in spellings() {
            for mode in [0o100644, 0o120000] {
                let ours = path_problem(path.as_bstr(), Some(mode));
                let by_git = git_refuses(git, dir.path(), mode, &path);
                if ours.is_some() != by_git && !(ours.is_some() && is_beyond_git(&path, ours)) {
                    differing.push(format!("{path:?} {mode:o}: git {by_git}, ours {ours:?}"));
                }
            }
        }
        assert!(differing.is_empty(), "{git}:\n{}", differing.join("\n"));
    }
}

/// Where we are stricter than git on this system: what is absolute on Windows, the names that only macOS folds behind a backslash, and a
/// link in a directory that only Windows takes for `.gitmodules`.
fn is_beyond_git(path: &[u8], ours: Option<PathProblem>) -> bool {
    let in_directory = ours == Some(PathProblem::SymlinkedGitModules) && path.contains(&b'/');
    let absolute = matches!(ours, Some(PathProblem::Absolute | PathProblem::DriveLetter));
    absolute || in_directory || path.contains(&b'\\')
}
