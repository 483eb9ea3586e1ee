//! The object database in-process, through gix: read and write objects by id.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;

use super::{Error, TreeItem};

/// An open object database.
pub struct Objects {
    repo: gix::Repository,
}

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

impl Objects {
    /// Opens the git directory `git_dir` without looking at any configuration but its own.
    pub fn open(git_dir: &Path) -> Result<Objects, Error> {
        let failed = |reason: String| Error::Object { id: git_dir.display().to_string(), reason };
        let options = gix::open::Options::isolated().open_path_as_is(true);
        let repo = gix::open_opts(git_dir, options).map_err(|error| failed(error.to_string()))?;
        Ok(Objects { repo })
    }

    /// Whether the object is there.
    pub fn has(&self, id: &str) -> bool {
        parse(id).is_ok_and(|id| self.repo.has_object(id))
    }

    /// The bytes of a blob.
    pub fn blob(&self, id: &str) -> Result<Vec<u8>, Error> {
        let object = self.find(id, gix::object::Kind::Blob)?;
        Ok(object.detach().data)
    }

    /// The size of an object in bytes, without reading its content where the database allows it.
    pub fn size(&self, id: &str) -> Result<u64, Error> {
        let header = self.repo.find_header(parse(id)?).map_err(|error| missing(id, error))?;
        Ok(header.size())
    }

    /// The id that these bytes have as a blob; nothing is written.
    pub fn blob_id(&self, bytes: &[u8]) -> Result<String, Error> {
        let kind = gix::object::Kind::Blob;
        let id = gix::objs::compute_hash(self.repo.object_hash(), kind, bytes);
        Ok(id.map_err(|error| missing("new blob", error))?.to_string())
    }

    /// What a tree says of a path below it; `None` when the path is not there.
    pub fn entry(&self, tree: &str, path: &BStr) -> Result<Option<TreeItem>, Error> {
        let mut item: Option<TreeItem> = None;
        for name in path.split(|&byte| byte == b'/') {
            let folder = match &item {
                None => tree,
                // Nothing is below a file, nor, in this repository, below a submodule.
                Some(item) if !item.is_tree() => return Ok(None),
                Some(item) => &item.id,
            };
            let found = self.repo.find_tree(parse(folder)?).map_err(|error| missing(folder, error))?;
            let entry = found.lookup_entry([name]).map_err(|error| missing(folder, error))?;
            let Some(entry) = entry else { return Ok(None) };
            item = Some(TreeItem { mode: u32::from(entry.mode().value()), id: entry.object_id().to_string() });
        }
        Ok(item)
    }

    /// A commit's parts.
    pub fn commit(&self, id: &str) -> Result<Commit, Error> {
        let object = self.find(id, gix::object::Kind::Commit)?;
        Commit::parse(&object.data)
            .ok_or_else(|| Error::Object { id: id.to_owned(), reason: "is not a well-formed commit".into() })
    }

    /// The bytes of a commit's object.
    pub fn commit_object(&self, id: &str) -> Result<Vec<u8>, Error> {
        Ok(self.find(id, gix::object::Kind::Commit)?.detach().data)
    }

    /// Writes a commit; its hex id.
    pub fn write_commit(&self, commit: &Commit) -> Result<String, Error> {
        self.write(gix::object::Kind::Commit, &commit.to_bytes())
    }

    /// Writes the bytes of a commit's object; its hex id.
    pub fn write_commit_object(&self, object: &[u8]) -> Result<String, Error> {
        self.write(gix::object::Kind::Commit, object)
    }

    /// Writes a blob; its hex id.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<String, Error> {
        self.write(gix::object::Kind::Blob, bytes)
    }

    fn write(&self, kind: gix::object::Kind, bytes: &[u8]) -> Result<String, Error> {
        let failed = |reason: String| Error::Object { id: format!("new {kind}"), reason };
        let id = gix::prelude::Write::write_buf(&self.repo.objects, kind, bytes)
            .map_err(|error| failed(error.to_string()))?;
        Ok(id.to_string())
    }

    fn find(&self, id: &str, kind: gix::object::Kind) -> Result<gix::Object<'_>, Error> {
        let object = self.repo.find_object(parse(id)?).map_err(|error| missing(id, error))?;
        if object.kind != kind {
            return Err(Error::Object { id: id.to_owned(), reason: format!("is a {}, not a {kind}", object.kind) });
        }
        Ok(object)
    }
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
    fn to_bytes(&self) -> Vec<u8> {
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

fn parse(id: &str) -> Result<ObjectId, Error> {
    ObjectId::from_hex(id.as_bytes()).map_err(|error| missing(id, error))
}

fn missing(id: &str, error: impl std::fmt::Display) -> Error {
    Error::Object { id: id.to_owned(), reason: error.to_string() }
}
