//! Trees and commits as loose objects, written without a process.

use std::path::Path;

use gix::ObjectId;
use gix::objs::{Kind, Write};

use crate::world::{Item, Tree};

/// The objects of one repository.
pub struct Objects(gix::odb::loose::Store);

impl Objects {
    /// Those of the git directory.
    pub fn of(git_dir: &Path) -> Objects {
        Objects(gix::odb::loose::Store::at(git_dir.join("objects"), gix::hash::Kind::Sha1))
    }

    /// Writes a tree and everything in it.
    pub fn tree(&self, tree: &Tree) -> ObjectId {
        self.folder(&tree.iter().map(|(path, item)| (&path[..], item)).collect::<Vec<_>>())
    }

    /// Writes a commit; its clock is `time`, in seconds.
    pub fn commit(&self, tree: ObjectId, parent: Option<ObjectId>, message: &[u8], time: u64) -> ObjectId {
        let parent = parent.map(|id| format!("parent {id}\n")).unwrap_or_default();
        let who = format!("Ann Author <ann@example.org> {time} +0100");
        let head = format!("tree {tree}\n{parent}author {who}\ncommitter {who}\n\n");
        self.write(Kind::Commit, &[head.as_bytes(), message].concat())
    }

    fn folder(&self, mut rest: &[(&[u8], &Item)]) -> ObjectId {
        let mut entries: Vec<(Vec<u8>, &str, ObjectId)> = Vec::new();
        while let Some((path, item)) = rest.first() {
            let Some(end) = path.iter().position(|&byte| byte == b'/') else {
                entries.push((path.to_vec(), mode(item), self.item(item)));
                rest = &rest[1..];
                continue;
            };
            let folder = &path[..=end];
            let count = rest.iter().take_while(|(path, _)| path.starts_with(folder)).count();
            let inside: Vec<_> = rest[..count].iter().map(|(path, item)| (&path[end + 1..], *item)).collect();
            entries.push((folder.to_vec(), "40000", self.folder(&inside)));
            rest = &rest[count..];
        }
        // With its slash a folder stands where git's order has it.
        entries.sort();
        let mut bytes = Vec::new();
        for (name, mode, id) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name.strip_suffix(b"/").unwrap_or(&name));
            bytes.push(0);
            bytes.extend_from_slice(id.as_slice());
        }
        self.write(Kind::Tree, &bytes)
    }

    fn item(&self, item: &Item) -> ObjectId {
        match item {
            Item::File { bytes, .. } | Item::Link(bytes) => self.write(Kind::Blob, bytes),
            Item::Gitlink(id) => ObjectId::from_bytes_or_panic(id),
        }
    }

    fn write(&self, kind: Kind, bytes: &[u8]) -> ObjectId {
        self.0.write_buf(kind, bytes).unwrap()
    }
}

fn mode(item: &Item) -> &'static str {
    match item {
        Item::File { executable: false, .. } => "100644",
        Item::File { executable: true, .. } => "100755",
        Item::Link(_) => "120000",
        Item::Gitlink(_) => "160000",
    }
}
