//! One random change of a tree, of every kind that a commit can hold.

use fastrand::Rng;

use crate::content::{content, edit};
use crate::world::{Item, Tree, any, item, link, name, put};

/// Changes the tree at a place or several, as one commit would.
pub fn commit(random: &mut Rng, tree: &mut Tree) {
    for _ in 0..random.usize(1..5) {
        step(random, tree);
    }
}

/// One change. Whatever cannot be done is not done.
pub fn step(random: &mut Rng, tree: &mut Tree) {
    let Some(path) = any(random, tree) else { return put(tree, &name(random), item(random)) };
    let other = name(random);
    match random.u8(..32) {
        0..2 => drop(tree.remove(&path)),
        2..5 => put(tree, &other, item(random)),
        5..8 => {
            let moved = tree.remove(&path).unwrap();
            put(tree, &other, moved);
            if random.bool() {
                change(random, tree, &other);
            }
        }
        8..11 => {
            let copy = tree[&path].clone();
            put(tree, &other, copy);
            if random.bool() {
                change(random, tree, &other);
            }
            if random.u8(..3) == 0 {
                change(random, tree, &path);
            }
        }
        11 | 12 => flip(tree, &path),
        13 => kind(random, tree, &path),
        14 => {
            let below = [&path[..], b"/below"].concat();
            put(tree, &below, item(random));
        }
        15 => swap(random, tree, path),
        16 => rewrite(random, tree, &path),
        _ => change(random, tree, &path),
    }
}

fn change(random: &mut Rng, tree: &mut Tree, path: &[u8]) {
    match tree.get_mut(path) {
        Some(Item::File { bytes, .. }) => *bytes = edit(random, bytes),
        Some(Item::Link(target)) => *target = link(random),
        Some(Item::Gitlink(commit)) => commit[0] = random.u8(..),
        None => {}
    }
}

fn rewrite(random: &mut Rng, tree: &mut Tree, path: &[u8]) {
    if let Some(Item::File { bytes, .. }) = tree.get_mut(path) {
        *bytes = if random.u8(..3) == 0 { Vec::new() } else { content(random) };
    }
}

fn flip(tree: &mut Tree, path: &[u8]) {
    if let Some(Item::File { executable, .. }) = tree.get_mut(path) {
        *executable = !*executable;
    }
}

/// A file becomes a link, a link a file.
fn kind(random: &mut Rng, tree: &mut Tree, path: &[u8]) {
    let new = match tree.get(path) {
        Some(Item::File { bytes, .. }) if random.bool() && bytes.len() < 50 && !bytes.is_empty() => {
            Item::Link(bytes.iter().map(|&byte| byte.max(1)).collect())
        }
        Some(Item::File { .. }) => Item::Link(link(random)),
        _ => Item::File { bytes: content(random), executable: false },
    };
    tree.insert(path.to_owned(), new);
}

fn swap(random: &mut Rng, tree: &mut Tree, path: Vec<u8>) {
    let Some(other) = any(random, tree) else { return };
    let (one, two) = (tree[&path].clone(), tree[&other].clone());
    tree.insert(path, two);
    tree.insert(other, one);
}
