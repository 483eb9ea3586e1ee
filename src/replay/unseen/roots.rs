//! Which file of the repository a name of the log means. What the top of the work tree is called is found out once for all
//! of a session; then a name is that of one file, or of none.

use std::collections::BTreeMap;

use bstr::BString;

/// Where the repository lies, by the names of the log.
#[derive(Debug)]
pub(super) struct Roots {
    /// Where the session worked; empty where that is not known.
    cwd: String,
    /// Without slashes at their ends. More than one where the log names files by places in and outside of a sandbox.
    roots: Vec<String>,
}

impl Roots {
    /// By what the capture says is the `top` of the work tree. If the log knows of no such place, by the directory below
    /// which most of its files are in the capture.
    pub(super) fn find<'n>(
        top: &str,
        cwd: &str,
        names: impl Iterator<Item = &'n str> + Clone,
        is_captured: impl Fn(&str) -> bool,
    ) -> Roots {
        let cwd = cwd.trim_end_matches('/').to_owned();
        let mut roots: Vec<_> =
            top.starts_with('/').then(|| top.trim_end_matches('/').to_owned()).into_iter().collect();
        let is_known = |root: &String| match cwd.is_empty() {
            true => names.clone().any(|name| below(name, root).is_some()),
            false => below(&cwd, root).is_some() || below(root, &cwd).is_some(),
        };
        if roots.iter().any(is_known) {
            return Roots { cwd, roots };
        }
        let mut votes = BTreeMap::<String, usize>::new();
        for name in names.filter_map(|name| absolute(&cwd, name)) {
            for (slash, _) in name.match_indices('/').filter(|(slash, _)| is_captured(&name[slash + 1..])) {
                *votes.entry(name[..slash].to_owned()).or_default() += 1;
            }
        }
        // Of directories with as many files in the capture, the last is the nearest to where the session worked.
        let most = votes.iter().filter(|(root, _)| !cwd.is_empty() && below(&cwd, root).is_some());
        if let Some((root, _)) = most.max_by_key(|(_, votes)| **votes) {
            roots.push(root.clone());
            return Roots { cwd, roots };
        }
        // A directory in the session's is not the root: the names would agree by chance. Elsewhere, of directories with as
        // many files in the capture, the first has the longest names in it.
        let most = votes.iter().rev().filter(|(root, _)| cwd.is_empty() || below(root, &cwd).is_none());
        roots.extend(most.max_by_key(|(_, votes)| **votes).map(|(root, _)| root.clone()));
        roots.extend(Some(cwd.clone()).filter(|cwd| !cwd.is_empty()));
        Roots { cwd, roots }
    }

    /// The path of a file from the root of the repository; none of one that no capture would have.
    pub(super) fn place(&self, name: &str) -> Option<BString> {
        let path = match absolute(&self.cwd, name) {
            Some(path) => self.roots.iter().find_map(|root| below(&path, root).map(str::to_owned))?,
            None => name.to_owned(),
        };
        let is_outside = path.is_empty() || path == ".git" || path.starts_with("../") || path.starts_with(".git/");
        (!is_outside).then(|| path.into())
    }
}

/// The whole name of a file; none where that is not known.
fn absolute(cwd: &str, name: &str) -> Option<String> {
    match name.starts_with('/') {
        true => Some(name.to_owned()),
        false => Some(format!("{cwd}/{name}")).filter(|_| !cwd.is_empty() && !name.is_empty()),
    }
}

/// A path from a directory on; empty when it is the directory.
fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(directory)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_file_of_the_repository() {
        for (top, cwd, names, captured, wanted) in [
            // Where the session worked in the work tree, or above it.
            ("/r", "/r", &["app/u", "/r/x", "/tmp/x"][..], &["vendor/app/u"][..], &["app/u", "x", ""][..]),
            ("/r", "/r/sub", &["a", "/r/a", "/r/new"], &["a", "sub/a"], &["sub/a", "a", "new"]),
            ("/home/r/", "/home/", &["r/a", "a"], &["a"], &["a", ""]),
            ("/r", "", &["/r/a", "a"], &["a"], &["a", "a"]),
            // The capture was made where that is called otherwise.
            ("/box", "", &["/s/r/src/a", "/s/r/b"], &["src/a"], &["src/a", "b"]),
            ("/box", "/w", &["src/a", "/box/b", "a"], &["src/a"], &["src/a", "b", "a"]),
            ("", "/s/r/sub", &["a", "/s/r/new"], &["sub/a"], &["sub/a", "new"]),
            ("", "/w", &["/s/r/src/a", "b"], &["src/a"], &["src/a", "b"]),
            ("", "/w", &["a"], &["a", "w/a"], &["a"]),
            ("", "", &["/s/r/src/a"], &["a", "src/a"], &["src/a"]),
            // Nothing is known but names.
            ("", "/w", &["src/a"], &["a"], &["src/a"]),
            ("", "", &["a", "../a", ".git/a", ".github/a", ""], &["src/a"], &["a", "", "", ".github/a", ""]),
            ("", "", &["/a"], &["b"], &[""]),
        ] {
            let is_captured = |path: &str| captured.contains(&path);
            let roots = Roots::find(top, cwd, names.iter().copied(), is_captured);
            let places = names.iter().map(|name| roots.place(name).unwrap_or_default());
            assert!(places.eq(wanted.iter().copied()), "{names:?} in {cwd}, {roots:?}");
        }
    }
}
