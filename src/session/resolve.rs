//! Which session or capture is meant by what a user typed as `<id>`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::capture_files::NAMES;
use super::newest::nearest;
use super::{CONVERSATION, Error, Session, Store, dir_name, minted_at};

/// Where a capture comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A session, in the store or elsewhere.
    Session(Session),
    /// An mbox file, with or without a sidecar beside it.
    Path(PathBuf),
    /// A pipe.
    Stdin,
}

/// What `latest` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latest {
    /// The newest session.
    Session,
    /// The newest session that has a capture with something in it; if none has, the newest that has a capture.
    WithCapture,
    /// The newest session that has a conversation.
    WithConversation,
}

impl Store {
    /// What `spec` means, the first that fits: `-` (stdin), `latest`, a full id, a path (what has a separator in it),
    /// a unique prefix of an id, a file or session directory in the current directory.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] (bad usage), [`Error::NotFound`], [`Error::NoFile`], [`Error::NothingYet`], or the store cannot be read.
    pub fn resolve(&self, spec: &OsStr, latest: Latest) -> Result<Source, Error> {
        let text = spec.to_string_lossy();
        match &*text {
            "-" => return Ok(Source::Stdin),
            "latest" => return self.latest(latest).map(Source::Session),
            "" => return Err(self.not_found(&text, &[])),
            _ => {}
        }
        let has_separator = spec.as_encoded_bytes().iter().any(|&b| std::path::is_separator(char::from(b)));
        if !has_separator {
            if let Some(session) = self.session(&text) {
                return Ok(Source::Session(session));
            }
        } else {
            return path(Path::new(spec)).ok_or_else(|| self.no_session_at(Path::new(spec)));
        }
        let names = self.newest()?.names();
        let prefix = dir_name(&text);
        let mut candidates: Vec<_> = names.iter().filter(|name| name.starts_with(&prefix)).cloned().collect();
        match candidates.len() {
            0 => path(Path::new(spec)).ok_or_else(|| match text.ends_with(".mbox") {
                true => self.no_session_at(Path::new(spec)),
                false => self.not_found(&text, &names),
            }),
            1 => Ok(Source::Session(Session::at(self.sessions().join(&candidates[0])))),
            _ => {
                candidates.sort_by_cached_key(|name| std::cmp::Reverse((minted_at(name), name.clone())));
                Err(Error::Ambiguous { spec: text.into_owned(), candidates })
            }
        }
    }

    fn latest(&self, latest: Latest) -> Result<Session, Error> {
        let mut empty = None;
        for session in self.newest()? {
            match latest {
                Latest::Session => return Ok(session),
                Latest::WithConversation if session.path(CONVERSATION).is_file() => return Ok(session),
                Latest::WithCapture if session.capture_file().is_some() => {
                    match session.sidecar().and_then(|sidecar| sidecar.entries) {
                        Some(0) => empty = empty.or(Some(session)),
                        _ => return Ok(session),
                    }
                }
                Latest::WithCapture | Latest::WithConversation => {}
            }
        }
        empty.ok_or_else(|| Error::NothingYet { latest, sessions: self.sessions() })
    }

    /// A path is not looked for among the ids.
    fn no_session_at(&self, path: &Path) -> Error {
        match path.exists() {
            true => self.not_found(&path.to_string_lossy(), &[]),
            false => Error::NoFile { path: path.to_owned() },
        }
    }

    fn not_found(&self, spec: &str, names: &[String]) -> Error {
        let mut near = nearest(names.iter().cloned(), spec, 3);
        if near.is_empty() && edits(spec, "latest") <= 2 {
            near.push("latest".into());
        }
        Error::NotFound { spec: spec.to_owned(), near, sessions: self.sessions() }
    }
}

/// A session's directory is one that looks like it.
fn path(path: &Path) -> Option<Source> {
    let kind = fs::metadata(path).ok()?;
    if !kind.is_dir() {
        return Some(Source::Path(path.to_owned()));
    }
    let looks_like_it = ["meta.json", CONVERSATION].iter().chain(&NAMES).any(|name| path.join(name).exists());
    looks_like_it.then(|| Source::Session(Session::at(path)))
}

/// How many characters have to be put in, left out or replaced to make one of the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (number, typed) in from.chars().enumerate() {
        let mut above_left = std::mem::replace(&mut row[0], number + 1);
        for (column, meant) in to.chars().enumerate() {
            let replaced = above_left + usize::from(typed != meant);
            above_left = row[column + 1];
            row[column + 1] = replaced.min(above_left + 1).min(row[column] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::edits;

    #[test]
    fn words_are_as_far_apart_as_the_slips_between_them() {
        assert_eq!(["latest", "latst", "lastest", "last", ""].map(|typed| edits(typed, "latest")), [0, 1, 1, 2, 6]);
    }
}
