//! Where the project lies here and where it lay for the session, so that a path of the one is a path of the other.

use std::path::{Component, Path, PathBuf};

/// The project's directory, here and in the session.
pub(super) struct Places {
    /// Absolute, without links.
    root: PathBuf,
    /// The same as it was given, absolute.
    given: PathBuf,
    /// The session's working directory, if it is known: below `root`, or a place in a sandbox that stands for `root`.
    cwd: Option<PathBuf>,
}

impl Places {
    /// For the directory `root`, and a session that worked in `cwd`; empty where that is not known.
    pub(super) fn new(root: &Path, cwd: &str) -> Places {
        let given = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let root = root.canonicalize().unwrap_or_else(|_| given.clone());
        let cwd = Path::new(cwd);
        let is_place = cwd.is_absolute() && cwd.file_name().is_some();
        Places { root, given, cwd: is_place.then(|| cwd.to_owned()) }
    }

    /// The top of the repository.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The part of the repository that the session worked in.
    pub(super) fn project(&self) -> PathBuf {
        let inner = self.cwd.as_deref().and_then(|cwd| self.below_root(cwd)).and_then(plain);
        inner.map_or_else(|| self.root.clone(), |inner| self.root.join(inner))
    }

    /// A path that a tool was given, from the root. `None` when it lies elsewhere.
    pub(super) fn relative(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        let cwd = self.cwd.as_deref();
        let inner = match path.is_absolute() {
            true => self.below_root(path).or_else(|| path.strip_prefix(cwd?).ok())?.to_owned(),
            false => cwd.and_then(|cwd| self.below_root(cwd)).map_or_else(|| path.to_owned(), |inner| inner.join(path)),
        };
        plain(&inner)
    }

    fn below_root<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        [&self.root, &self.given].into_iter().find_map(|root| path.strip_prefix(root).ok())
    }
}

/// A relative path without detours, written with slashes. `None` for the directory itself and for what lies outside.
fn plain(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_the_root() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().canonicalize().unwrap();
        let inside = real.join("web").display().to_string();
        let at_root = real.display().to_string();
        for (cwd, path, relative) in [
            ("/workspace", "src/a.rs", Some("src/a.rs")),
            ("/workspace", "./src//b/../a.rs", Some("src/a.rs")),
            ("/workspace", "/workspace/src/a.rs", Some("src/a.rs")),
            ("/workspace", "/workspace-2/a.rs", None),
            ("/workspace", "../a.rs", None),
            ("/workspace", "/workspace", None),
            ("/workspace", "/etc/hosts", None),
            ("/", "/etc/hosts", None),
            ("", "a.rs", Some("a.rs")),
            ("", "/a.rs", None),
            (&inside, "a.ts", Some("web/a.ts")),
            (&inside, "../a.rs", Some("a.rs")),
            (&inside, "../../a.rs", None),
            (&at_root, "a.rs", Some("a.rs")),
        ] {
            let places = Places::new(root.path(), cwd);
            assert_eq!(places.relative(path).as_deref(), relative, "{cwd} {path}");
        }
        let below = Places::new(root.path(), &inside);
        assert_eq!(below.relative(&format!("{at_root}/b.rs")).as_deref(), Some("b.rs"));
        assert_eq!(below.project(), real.join("web"));
        assert_eq!(Places::new(root.path(), "/workspace").project(), real);
        assert_eq!(Places::new(root.path(), &at_root).project(), real);
    }
}
