//! Whether the configuration leaves a work tree to be written without git: as git writes it where nothing is set.

use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::Error;
use crate::git::Repo;

/// What the configuration says that counts on our lane.
#[derive(Debug)]
pub struct Usual {
    /// Whether the index gets no hash.
    pub unhashed: bool,
    /// Whether the index is written through to the disk.
    pub synced: bool,
    /// Files of attributes that count beside those in the work tree.
    pub attributes: Vec<PathBuf>,
}

/// Yes-or-no settings, and what each must be, if it is set at all, for git to do nothing that we do not.
const FLAGS: [(&str, bool); 9] = [
    ("core.fileMode", true),
    ("core.symlinks", true),
    ("core.trustctime", true),
    ("core.ignoreCase", false),
    ("core.precomposeUnicode", false),
    ("core.sparseCheckout", false),
    ("core.splitIndex", false),
    ("index.sparse", false),
    ("feature.manyFiles", false),
];

/// Settings of other kinds, and the values that change nothing.
const WORDS: [(&str, &[&str]); 7] = [
    ("core.autocrlf", &["false", "no", "off", "0"]),
    ("core.eol", &["lf", "native"]),
    ("core.fsmonitor", &["false", "no", "off", "0"]),
    ("core.untrackedCache", &["false", "no", "off", "0", "keep"]),
    ("core.checkStat", &["default"]),
    ("attr.tree", &[""]),
    ("glue.checkout", &["auto"]),
];

impl Usual {
    /// `None` when something is set for which git must do it.
    pub fn read(repo: &Repo) -> Result<Option<Usual>, Error> {
        for (key, usual) in FLAGS {
            if repo.config_bool(key)?.is_some_and(|value| value != usual) {
                return Ok(None);
            }
        }
        for (key, usual) in WORDS {
            if let Some(value) = repo.config(key)?
                && !usual.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
            {
                return Ok(None);
            }
        }
        if std::env::var_os("GIT_ATTR_SOURCE").is_some() {
            return Ok(None);
        }
        let Some(attributes) = attributes(repo)? else { return Ok(None) };
        let synced = repo.config("core.fsync")?.is_some_and(|parts| names_index(&parts));
        let unhashed = repo.config_bool("index.skipHash")?.unwrap_or(false);
        Ok(Some(Usual { unhashed, synced, attributes }))
    }
}

/// Whether `core.fsync` asks for the index, by name or among others.
fn names_index(parts: &BString) -> bool {
    parts.split(|&byte| byte == b',').any(|part| matches!(part.trim(), b"index" | b"added" | b"all"))
}

/// Files of attributes of the repository, the person and the system; `None` when one is named as only git understands it.
fn attributes(repo: &Repo) -> Result<Option<Vec<PathBuf>>, Error> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let mut files = vec![repo.common_dir.join("info/attributes")];
    match repo.config("core.attributesFile")? {
        Some(path) => match expanded(&path, home.as_deref()) {
            Some(path) => files.push(path),
            None => return Ok(None),
        },
        None => {
            let xdg = std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
            files.extend(xdg.or_else(|| Some(home?.join(".config"))).map(|folder| folder.join("git/attributes")));
        }
    }
    if std::env::var_os("GIT_ATTR_NOSYSTEM").is_none() {
        files.extend(SYSTEM.map(PathBuf::from));
    }
    Ok(Some(files))
}

/// Where the gits that are around keep the system's attributes.
const SYSTEM: [&str; 4] =
    ["/etc/gitattributes", "/usr/local/etc/gitattributes", "/opt/homebrew/etc/gitattributes", "/usr/etc/gitattributes"];

/// A path of the configuration, absolute or in the person's home.
fn expanded(path: &BString, home: Option<&Path>) -> Option<PathBuf> {
    match path.strip_prefix(b"~/") {
        Some(below) => Some(home?.join(below.to_path().ok()?)),
        None => Some(path.to_path().ok()?.to_owned()).filter(|path| path.is_absolute()),
    }
}
