//! Puts hunks into a file, exactly where `git apply` puts them, and tells what came of it.
//!
//! Which place that is, is `image`'s to find.

use std::ops::Range;

use bstr::ByteSlice;

use super::contents::{Hunk, LineKind};
use super::image::Image;

/// A file after its hunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Its contents.
    pub postimage: Vec<u8>,
    /// What changed: bytes of the preimage, and the bytes of the postimage that took their place. In order; what lies
    /// between them is the same on both sides.
    pub edits: Vec<(Range<usize>, Range<usize>)>,
}

impl Placement {
    /// The lines that the hunks add, without their newline, each with its number in the postimage, counted from 1.
    pub fn added_lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut counted = 0;
        let mut number = 1;
        self.edits.iter().flat_map(move |(_, new)| {
            number += newlines(self.postimage.get(counted..new.start).unwrap_or_default());
            let added = self.postimage.get(new.clone()).unwrap_or_default();
            let first = number;
            number += newlines(added);
            counted = new.end;
            (first..)
                .zip(added.lines_with_terminator())
                .map(|(number, line)| (number, line.strip_suffix(b"\n").unwrap_or(line)))
        })
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// A hunk does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hunk {} does not fit", hunk + 1)]
pub struct Misfit {
    /// The first that does not, counted from 0.
    pub hunk: usize,
}

/// Puts `hunks` into `preimage`, which is empty for a new file, as `git apply` does.
///
/// What git checks beyond the hunks is left to the caller: that a new file is not there yet, and that nothing is left
/// of a deleted one.
///
/// # Errors
/// The first hunk that fits nowhere.
pub fn place(hunks: &[Hunk], preimage: &[u8]) -> Result<Placement, Misfit> {
    let mut image = Image::new(hunks, preimage);
    match (0..hunks.len()).find(|&hunk| !image.put(hunk)) {
        Some(hunk) => Err(Misfit { hunk }),
        None => Ok(image.finish()),
    }
}

/// Puts those of `hunks` that fit into `preimage`, as `git apply --reject` does; the others' numbers, counted from 0.
pub fn place_what_fits(hunks: &[Hunk], preimage: &[u8]) -> (Placement, Vec<usize>) {
    let mut image = Image::new(hunks, preimage);
    let rejected = (0..hunks.len()).filter(|&hunk| !image.put(hunk)).collect();
    (image.finish(), rejected)
}

/// Writes the postimage from its first byte to its last.
pub(super) struct Writer<'a> {
    preimage: &'a [u8],
    /// The bytes of the preimage that are copied or replaced.
    done: usize,
    placement: Placement,
}

impl<'a> Writer<'a> {
    pub(super) fn new(preimage: &'a [u8], growth: usize) -> Writer<'a> {
        let mut placement = Placement::default();
        placement.postimage.reserve_exact(preimage.len() + growth);
        Writer { preimage, done: 0, placement }
    }

    /// Writes one hunk, which takes the place of `old` in the preimage.
    pub(super) fn hunk(&mut self, hunk: &Hunk, old: Range<usize>) {
        let length: usize =
            hunk.lines().filter(|line| line.kind != LineKind::Added).map(|line| line.content.len()).sum();
        if length != old.len() {
            return self.whole_hunk(hunk, old);
        }
        let mut at = old.start;
        let mut changed = None;
        for line in hunk.lines() {
            if line.kind == LineKind::Context {
                self.close(&mut changed, at);
            } else if changed.is_none() {
                self.copy_to(at);
                changed = Some((at, self.placement.postimage.len()));
            }
            match line.kind {
                LineKind::Added => self.placement.postimage.extend_from_slice(line.content),
                LineKind::Context | LineKind::Removed => at += line.content.len(),
            }
        }
        self.close(&mut changed, at);
    }

    /// Ends a run of changed lines, if there is one: its old side goes up to `at`.
    fn close(&mut self, changed: &mut Option<(usize, usize)>, at: usize) {
        if let Some((old, new)) = changed.take() {
            self.placement.edits.push((old..at, new..self.placement.postimage.len()));
            self.done = at;
        }
    }

    /// Writes a hunk whose lines of context are not the preimage's byte for byte: they differ in the last newline.
    fn whole_hunk(&mut self, hunk: &Hunk, old: Range<usize>) {
        self.copy_to(old.start);
        let mut changed = Some((old.start, self.placement.postimage.len()));
        for line in hunk.lines().filter(|line| line.kind != LineKind::Removed) {
            self.placement.postimage.extend_from_slice(line.content);
        }
        self.close(&mut changed, old.end);
    }

    fn copy_to(&mut self, end: usize) {
        self.placement.postimage.extend_from_slice(self.preimage.get(self.done..end).unwrap_or_default());
        self.done = end;
    }

    pub(super) fn finish(mut self) -> Placement {
        self.copy_to(self.preimage.len());
        self.placement
    }
}
