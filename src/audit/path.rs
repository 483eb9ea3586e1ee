//! Paths that must never land, and paths that cannot be had everywhere.
//!
//! A path is judged by its name and mode alone; whether it leads through a symlink of the tree is for the code that builds the tree to see.
//! The rules are those of git's index (`core.protectHFS` and `core.protectNTFS` both on, whatever this machine's file system is:
//! the branch will travel), component by component through gix's validation.

use bstr::{BStr, ByteSlice};
use gix::validate::path::component;

/// Git's mode of a symbolic link.
pub(super) const SYMLINK: u32 = 0o120000;

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PathProblem {
    /// No path at all, or one with a doubled or trailing slash.
    #[error("has an empty component")]
    Empty,
    /// Starts with a slash, or on Windows with a backslash.
    #[error("is absolute")]
    Absolute,
    /// Starts with `C:/`, `C:\` or is `C:`, which is absolute on Windows and a name like any other elsewhere.
    #[error("starts with a drive letter")]
    DriveLetter,
    /// Has a component `.` or `..`.
    #[error("has a `.` or `..` component")]
    Relative,
    /// Holds a NUL byte, which no tree and no file system can.
    #[error("holds a NUL byte")]
    Nul,
    /// Leads into a `.git` directory, in any spelling that Windows or macOS take for it.
    #[error("leads into a .git directory")]
    DotGit,
    /// A symbolic link named `.gitmodules`, in any such spelling.
    #[error("is a .gitmodules file that is a symbolic link")]
    SymlinkedGitModules,
    /// A device name (`NUL`, `com1.txt`).
    #[error("is a device name on Windows")]
    WindowsDevice,
    /// A character or a last character that Windows forbids.
    #[error("cannot exist on Windows")]
    WindowsForbidden,
    /// A backslash: a separator on Windows.
    #[error("holds a backslash, which separates directories on Windows")]
    Backslash,
    /// A component over 255 bytes or a path over 4095: most file systems refuse it.
    #[error("is longer than file systems allow")]
    TooLong,
}

/// Why a path must not land: git itself would refuse it, or it would leave the tree. The path is relative to the top of the
/// tree and separated by slashes. `mode` is the git mode that it shall have, where that is known; it matters for symbolic
/// links only.
pub fn path_problem(path: &BStr, mode: Option<u32>) -> Option<PathProblem> {
    if path.contains(&0) {
        return Some(PathProblem::Nul);
    }
    if path.starts_with(b"/") || cfg!(windows) && path.starts_with(b"\\") {
        return Some(PathProblem::Absolute);
    }
    if cfg!(windows) && has_drive(path) {
        return Some(PathProblem::DriveLetter);
    }
    let link = (mode == Some(SYMLINK)).then_some(component::Mode::Symlink);
    path.split_str("/").find_map(|name| refused_component(name.as_bstr(), link))
}

fn refused_component(name: &BStr, link: Option<component::Mode>) -> Option<PathProblem> {
    match component(name, link, GIT_RULES) {
        Err(component::Error::Empty) => return Some(PathProblem::Empty),
        Err(component::Error::Relative) => return Some(PathProblem::Relative),
        _ => {}
    }
    // Git looks behind every backslash too, and takes a name to end at the first byte that is not UTF-8.
    let mut pieces = name.split_str("\\").flat_map(|piece| [piece, well_formed_start(piece)]);
    pieces.find_map(|piece| match component(piece.as_bstr(), link, GIT_RULES) {
        Err(component::Error::DotGitDir) => Some(PathProblem::DotGit),
        Err(component::Error::SymlinkedGitModules) => Some(PathProblem::SymlinkedGitModules),
        _ => None,
    })
}

const GIT_RULES: component::Options =
    component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };

fn has_drive(path: &BStr) -> bool {
    matches!(path.as_bytes(), [letter, b':'] | [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// `name` up to the first byte that is not UTF-8 or the first character that git does not count as such (U+FFFE, U+FFFF and their like).
fn well_formed_start(name: &[u8]) -> &[u8] {
    let end =
        name.char_indices().find(|(_, _, ch)| *ch == char::REPLACEMENT_CHARACTER || u32::from(*ch) & 0xfffe == 0xfffe);
    end.map_or(name, |(start, _, _)| &name[..start])
}

/// Why a path that may land here makes trouble on other systems. Of a path that must not land at all it may say anything.
pub fn path_warning(path: &BStr) -> Option<PathProblem> {
    if path.len() > 4095 {
        return Some(PathProblem::TooLong);
    }
    if has_drive(path) {
        return Some(PathProblem::DriveLetter);
    }
    path.split_str("/").find_map(|name| {
        if name.len() > 255 {
            return Some(PathProblem::TooLong);
        }
        match component(name.as_bstr(), None, component::Options::default()) {
            Err(component::Error::PathSeparator) => Some(PathProblem::Backslash),
            Err(component::Error::WindowsReservedName) => Some(PathProblem::WindowsDevice),
            Err(_) => Some(PathProblem::WindowsForbidden),
            Ok(_) => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use PathProblem::*;
    use proptest::prelude::*;

    fn problem(path: &str) -> Option<PathProblem> {
        path_problem(path.into(), Some(0o100644))
    }

    fn warning(path: &str) -> Option<PathProblem> {
        path_warning(path.into())
    }

    #[test]
    fn ordinary_paths_are_fine() {
        for path in [
            "a",
            "src/lib.rs",
            ".gitignore",
            ".github/x",
            "a/.gitattributes",
            "..a",
            "a..",
            ".git-x",
            "git",
            "git~2",
            "x/.gitx",
            "a b/c",
            "ünï/cödé",
            "console.txt",
            "com/x",
            ".gi",
            "...",
            "C",
            "nul_/a",
        ] {
            assert_eq!(problem(path), None, "{path}");
            assert_eq!(warning(path), path.ends_with('.').then_some(WindowsForbidden), "{path}");
        }
        let latin = b"caf\xe9/\xff".as_bstr();
        assert_eq!((path_problem(latin, None), path_warning(latin)), (None, None));
    }

    #[test]
    fn what_must_never_land_is_refused() {
        for (path, expected) in [
            ("", Empty),
            ("a//b", Empty),
            ("a/", Empty),
            ("/etc/passwd", Absolute),
            ("C:/../x", Relative),
            ("\\.git\\x", DotGit),
            ("..", Relative),
            ("a/../b", Relative),
            ("./a", Relative),
            ("a/.", Relative),
            ("a\0b", Nul),
            (".git", DotGit),
            ("a/.GIT/config", DotGit),
            (".git./x", DotGit),
            (".git ", DotGit),
            (".git . ", DotGit),
            ("git~1/hooks/x", DotGit),
            ("GIT~1", DotGit),
            (".git::$INDEX_ALLOCATION/config", DotGit),
            (".git:x", DotGit),
            (".g\u{200c}it/config", DotGit),
            ("\u{feff}.git", DotGit),
            ("a\\.git\\config", DotGit),
            (".git\\config", DotGit),
            ("a\\git~1", DotGit),
        ] {
            assert_eq!(problem(path), Some(expected), "{path:?}");
        }
    }

    #[test]
    fn what_is_absolute_on_windows_is_refused_only_there() {
        for path in ["\\\\host\\x", "\\x", "C:/x", "c:\\x", "C:"] {
            assert_eq!(problem(path).is_some(), cfg!(windows), "{path:?}");
            assert!(warning(path).is_some(), "{path:?}");
        }
    }

    #[test]
    fn what_windows_refuses_is_a_warning() {
        for (path, expected) in [
            ("a/NUL.txt", WindowsDevice),
            ("con", WindowsDevice),
            ("COM1", WindowsDevice),
            ("lpt9.log", WindowsDevice),
            ("a/b.", WindowsForbidden),
            ("a ", WindowsForbidden),
            ("a?b", WindowsForbidden),
            ("a:b", WindowsForbidden),
            ("tab\there", WindowsForbidden),
            ("a\\b", Backslash),
            (&"x".repeat(256), TooLong),
        ] {
            assert_eq!((problem(path), warning(path)), (None, Some(expected)), "{path:?}");
        }
    }

    #[test]
    fn git_files_must_not_be_links() {
        let link = |path: &str| path_problem(path.into(), Some(SYMLINK));
        for path in [
            ".gitmodules",
            ".GITMODULES",
            "a/.gitmodules",
            ".gitmodules .",
            "gitmod~1",
            "GI7EBA~1",
            ".gitmodul\u{200d}es",
        ] {
            assert_eq!(link(path), Some(SymlinkedGitModules), "{path:?}");
        }
        assert_eq!(link("README"), None);
        assert_eq!(problem(".gitmodules"), None);
    }

    proptest! {
        #[test]
        fn no_path_panics(path: Vec<u8>, mode: Option<u32>) {
            path_problem(path.as_bstr(), mode);
            path_warning(path.as_bstr());
        }
    }
}
