//! A tree as a map, and the small world of names that trees are made of, so that random work meets itself again.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use fastrand::Rng;

use crate::content;

/// Files by their paths. Folders are there because of what is in them.
pub type Tree = BTreeMap<Vec<u8>, Item>;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    File {
        bytes: Vec<u8>,
        executable: bool,
    },
    Link(Vec<u8>),
    /// A submodule's commit.
    Gitlink([u8; 20]),
}

const NAMES: [&[u8]; 26] = [
    b"a",
    b"b.txt",
    b"c/d",
    b"c/e",
    b"c/f/g.c",
    b"c/f/h.c",
    b"d",
    b"d/e",
    b"d.x",
    b"d-x",
    b"src/main.rs",
    b"src/lib.rs",
    b"src/deep/er/still/x",
    b"h i",
    b" lead",
    b"trail ",
    b"h\tj",
    "\u{e9}/\u{e8}".as_bytes(),
    b"\xff\xfe",
    b"k\"l",
    b"-m",
    b"n\\o",
    b"new\nline",
    b"a/b",
    b"a.b",
    b"zz => top",
];

/// A path, one that is there or not.
pub fn name(random: &mut Rng) -> Vec<u8> {
    if random.u8(..12) == 0 {
        return format!("src/n{}/f{}.c", random.u8(..3), random.u8(..9)).into_bytes();
    }
    NAMES[random.usize(..NAMES.len())].to_owned()
}

/// A path of the tree; none when it is empty.
pub fn any(random: &mut Rng, tree: &Tree) -> Option<Vec<u8>> {
    if tree.is_empty() {
        return None;
    }
    tree.keys().nth(random.usize(..tree.len())).cloned()
}

/// Puts something at a path; what cannot be beside it goes.
pub fn put(tree: &mut Tree, path: &[u8], item: Item) {
    let folders: Vec<usize> = path.find_iter("/").collect();
    folders.into_iter().for_each(|end| drop(tree.remove(&path[..end])));
    tree.retain(|other, _| other.strip_prefix(path).is_none_or(|rest| !rest.starts_with(b"/")));
    tree.insert(path.to_owned(), item);
}

/// Something to put somewhere, mostly a file.
pub fn item(random: &mut Rng) -> Item {
    match random.u8(..40) {
        0..3 => Item::Link(link(random)),
        3 => Item::Gitlink(std::array::from_fn(|_| random.u8(..))),
        _ => Item::File { bytes: content::content(random), executable: random.u8(..8) == 0 },
    }
}

/// Where a symbolic link points. Nothing below it is ever named, so it may point anywhere.
pub fn link(random: &mut Rng) -> Vec<u8> {
    match random.u8(..4) {
        0 => b"nowhere/at all".to_vec(),
        1 => b"../up".to_vec(),
        _ => name(random),
    }
}

/// A tree to begin with.
pub fn tree(random: &mut Rng) -> Tree {
    let mut tree = Tree::new();
    for _ in 0..random.usize(1..14) {
        let (path, item) = (name(random), item(random));
        put(&mut tree, &path, item);
    }
    tree
}
