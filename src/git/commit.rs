//! A commit object's bytes and its parts.

use bstr::{BString, ByteSlice};

/// A commit's parts, exactly as they are in the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Hex id of the tree.
    pub tree: String,
    /// Hex ids of the parents.
    pub parents: Vec<String>,
    /// The author line without its keyword: `Name <mail> seconds offset`.
    pub author: BString,
    /// The committer line without its keyword.
    pub committer: BString,
    /// The `encoding` header.
    pub encoding: Option<BString>,
    /// Everything after the blank line.
    pub message: BString,
}

impl Commit {
    /// Takes a commit object's bytes apart. Headers that we do not carry (signatures, merge tags) are passed over.
    pub fn parse(bytes: &[u8]) -> Option<Commit> {
        let (head, message) = match bytes.find(b"\n\n") {
            Some(at) => (&bytes[..at], &bytes[at + 2..]),
            None => (bytes.strip_suffix(b"\n").unwrap_or(bytes), &b""[..]),
        };
        let mut commit = Commit {
            tree: String::new(),
            parents: Vec::new(),
            author: BString::default(),
            committer: BString::default(),
            encoding: None,
            message: message.into(),
        };
        for line in head.split(|&byte| byte == b'\n') {
            let (key, value) = line.split_once_str(" ").unwrap_or((line, b""));
            match key {
                b"tree" => commit.tree = value.to_str().ok()?.to_owned(),
                b"parent" => commit.parents.push(value.to_str().ok()?.to_owned()),
                b"author" => commit.author = value.into(),
                b"committer" => commit.committer = value.into(),
                b"encoding" => commit.encoding = Some(value.into()),
                _ => {}
            }
        }
        (!commit.tree.is_empty()).then_some(commit)
    }

    /// The object's bytes, in git's order of headers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("tree {}\n", self.tree).into_bytes();
        for parent in &self.parents {
            bytes.extend_from_slice(format!("parent {parent}\n").as_bytes());
        }
        for (key, value) in
            [("author", Some(&self.author)), ("committer", Some(&self.committer)), ("encoding", self.encoding.as_ref())]
        {
            if let Some(value) = value {
                bytes.extend_from_slice(key.as_bytes());
                bytes.push(b' ');
                bytes.extend_from_slice(value);
                bytes.push(b'\n');
            }
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.message);
        bytes
    }
}
