//! What a repository holds: its branch, its index to the last byte that counts, its files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bstr::{BString, ByteSlice};

use crate::host::Host;

/// Files and links below a folder; of a file whether it may be executed.
pub type Files = BTreeMap<BString, (char, BString)>;

/// Everything that two runs are compared by.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    pub head: String,
    pub index: Vec<String>,
    pub files: Files,
}

impl State {
    /// Of a repository as it is now.
    pub fn of(host: &Host) -> State {
        let head = host.file("refs/heads/main");
        State { head: head.trim().to_str_lossy().into_owned(), index: index(host), files: files(&host.dir) }
    }

    /// In words, where the other one differs; empty when it does not.
    pub fn differs(&self, other: &State, names: (&str, &str)) -> String {
        let (one, two) = names;
        let mut text = String::new();
        if self.head != other.head {
            text += &format!("HEAD is {} with {one}, {} with {two}\n", self.head, other.head);
        }
        for (name, own, others) in [(one, &self.index, &other.index), (two, &other.index, &self.index)] {
            for line in own.iter().filter(|line| !others.contains(line)) {
                text += &format!("only in the index of {name}: {line}\n");
            }
        }
        for (name, own, others) in [(one, &self.files, &other.files), (two, &other.files, &self.files)] {
            for (path, (kind, bytes)) in own.iter().filter(|(path, file)| others.get(*path) != Some(file)) {
                let bytes = &bytes[..bytes.len().min(700)];
                text += &format!("only with {name}: {kind} {path:?}\n{}\n", bytes.as_bstr());
            }
        }
        text
    }
}

/// The index as `git ls-files --stage` tells it.
pub fn index(host: &Host) -> Vec<String> {
    let list = host.git(&["ls-files", "-z", "--stage"]);
    list.split(|&byte| byte == 0).filter(|line| !line.is_empty()).map(|line| format!("{:?}", line.as_bstr())).collect()
}

/// All files and links of a work tree.
pub fn files(dir: &Path) -> Files {
    let mut all = Files::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let value = if metadata.is_dir() {
                if path != dir.join(".git") {
                    waiting.push(path);
                }
                continue;
            } else if metadata.is_symlink() {
                ('l', fs::read_link(&path).unwrap().as_os_str().as_bytes().into())
            } else {
                let kind = if metadata.permissions().mode() & 0o100 == 0 { 'f' } else { 'x' };
                (kind, fs::read(&path).unwrap().into())
            };
            all.insert(path.strip_prefix(dir).unwrap().as_os_str().as_bytes().into(), value);
        }
    }
    all
}

/// The same, with what stands after conflict markers taken away: git names the commit there as it likes.
pub fn without_labels(files: &Files) -> Files {
    let bare = |bytes: &BString| -> BString {
        let lines = bytes.lines_with_terminator().map(|line| match line.starts_with(b">>>>>>> ") {
            true => b">>>>>>> \n",
            false => line,
        });
        lines.collect::<Vec<_>>().concat().into()
    };
    files.iter().map(|(path, (kind, bytes))| (path.clone(), (*kind, bare(bytes)))).collect()
}
