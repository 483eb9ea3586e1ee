//! A file while hunks are put into it: what is still the preimage's, what is a hunk's, and where the next one goes.
//!
//! The rules are those of `git apply`, found out by asking it. A hunk is looked for in what the hunks before it have
//! made, but never in their lines, not even those of context: hunks do not overlap, though a later one may go before an
//! earlier one. The expected line is the one that the hunk names on its new side; then the nearest that fits, the later
//! of two that are equally near. No table of lines is made: lines are counted only as far as the hunks go.

use std::ops::Range;

use super::contents::{Hunk, LineKind};
use super::old_side::{Finders, OldSide};
use super::place::{Placement, Writer};

/// The file as the hunks so far have made it.
pub(super) struct Image<'a> {
    preimage: &'a [u8],
    hunks: &'a [Hunk<'a>],
    pieces: Vec<Piece>,
    /// The number of the last piece's first line, from 0, where it is known.
    tail: Option<u64>,
    /// Room for a hunk's old side.
    buffer: Vec<u8>,
}

/// A part of the file.
enum Piece {
    /// Whole lines of the preimage that no hunk has touched, at least one; their number, where it is known.
    Kept { bytes: Range<usize>, lines: Option<u64> },
    /// What a hunk has made of some bytes of the preimage; maybe no line at all, but then only at the file's end.
    Put { hunk: usize, old: Range<usize>, lines: u64 },
}

/// Where a hunk fits.
struct Spot {
    /// The piece that holds its old side, or the number of pieces if it goes behind all of them.
    piece: usize,
    /// Its old side in the preimage.
    bytes: Range<usize>,
    /// The lines of the piece before it, where their number is known.
    before: Option<u64>,
}

/// Where a line of the file is.
struct Place {
    /// Its piece, or the number of pieces if it is behind all of them.
    piece: usize,
    /// Its number in its piece, from 0.
    line: u64,
    /// Its first byte in the preimage, if its piece is kept.
    at: usize,
}

impl<'a> Image<'a> {
    pub(super) fn new(hunks: &'a [Hunk<'a>], preimage: &'a [u8]) -> Image<'a> {
        let whole = Piece::Kept { bytes: 0..preimage.len(), lines: None };
        let pieces = if preimage.is_empty() { Vec::new() } else { vec![whole] };
        Image { preimage, hunks, pieces, tail: Some(0), buffer: Vec::new() }
    }

    /// Puts in one hunk; `false` when it does not fit.
    pub(super) fn put(&mut self, number: usize) -> bool {
        let hunk = &self.hunks[number];
        let mut buffer = std::mem::take(&mut self.buffer);
        let spot = OldSide::of(hunk, &mut buffer).and_then(|old| self.find(hunk, &old));
        self.buffer = buffer;
        if let Some(spot) = spot {
            let lines = hunk.lines().filter(|line| line.kind != LineKind::Removed).count() as u64;
            self.replace(spot, number, lines);
            return true;
        }
        false
    }

    /// The file as all hunks have made it.
    pub(super) fn finish(self) -> Placement {
        let growth = self.hunks.iter().map(|hunk| hunk.text.len()).sum();
        let mut writer = Writer::new(self.preimage, growth);
        for piece in &self.pieces {
            if let Piece::Put { hunk, old, .. } = piece {
                writer.hunk(&self.hunks[*hunk], old.clone());
            }
        }
        writer.finish()
    }

    fn find(&self, hunk: &Hunk, old: &OldSide) -> Option<Spot> {
        // What starts a file has no leading context, what ends it no trailing: such hunks go nowhere else.
        let at_start = hunk.old.start <= 1;
        let at_end = !hunk.trailing;
        if at_start || at_end {
            return self.anchored(old, at_start, at_end);
        }
        let place = self.locate(hunk.new.start.saturating_sub(1));
        let stretch = self.stretch(place.piece, place.at);
        if let Some(length) = old.fits(stretch) {
            let bytes = place.at..place.at + length;
            return Some(Spot { piece: place.piece, bytes, before: Some(place.line) });
        }
        self.nearest(&old.finders(), &place)
    }

    /// The one place for a hunk that is bound to the file's start, its end, or both.
    fn anchored(&self, old: &OldSide, at_start: bool, at_end: bool) -> Option<Spot> {
        let last = self.pieces.iter().rposition(|piece| !piece.is_empty());
        if old.is_empty() {
            let end = self.preimage.len();
            let spot = Spot { piece: self.pieces.len(), bytes: end..end, before: None };
            return (!at_start || last.is_none()).then_some(spot);
        }
        let piece = if at_end { last? } else { 0 };
        let stretch = self.stretch(piece, 0);
        let from = if at_end { old.start_at_end_of(stretch)? } else { 0 };
        if at_start && (piece, from) != (0, 0) {
            return None;
        }
        let length = old.fits(&stretch[from..])?;
        let start = self.start(piece) + from;
        Some(Spot { piece, bytes: start..start + length, before: at_start.then_some(0) })
    }

    /// The place nearest to `place` that fits; of two that are equally near, the later.
    fn nearest(&self, old: &Finders, place: &Place) -> Option<Spot> {
        let later = self.later(old, place);
        let earlier = self.earlier(old, place);
        match (later, earlier) {
            (Some(later), Some(earlier)) => Some(if later.0 <= earlier.0 { later.1 } else { earlier.1 }),
            (later, earlier) => later.or(earlier).map(|(_, spot)| spot),
        }
    }

    /// The first place that fits from `place` on, and how many lines it is away.
    fn later(&self, old: &Finders, place: &Place) -> Option<(u64, Spot)> {
        let mut distance = 0;
        for (number, piece) in self.pieces.iter().enumerate().skip(place.piece) {
            let line = if number == place.piece { place.line } else { 0 };
            match piece {
                Piece::Put { lines, .. } => distance += lines - line,
                Piece::Kept { bytes, .. } => {
                    let from = if number == place.piece { place.at } else { bytes.start };
                    let stretch = &self.preimage[from..bytes.end];
                    let Some((at, length)) = old.first_in(stretch) else {
                        distance += count(stretch);
                        continue;
                    };
                    let lines = count(&stretch[..at]);
                    let bytes = from + at..from + at + length;
                    return Some((distance + lines, Spot { piece: number, bytes, before: Some(line + lines) }));
                }
            }
        }
        None
    }

    /// The last place that fits before `place`, and how many lines it is away.
    fn earlier(&self, old: &Finders, place: &Place) -> Option<(u64, Spot)> {
        let mut distance = 0;
        for (number, piece) in self.pieces.iter().enumerate().take(place.piece + 1).rev() {
            match piece {
                Piece::Put { lines, .. } => distance += if number == place.piece { place.line } else { *lines },
                Piece::Kept { bytes, .. } => {
                    let end = if number == place.piece { place.at } else { bytes.end };
                    let stretch = &self.preimage[bytes.clone()];
                    let Some((at, length)) = old.last_in(stretch, end - bytes.start) else {
                        distance += count(&self.preimage[bytes.start..end]);
                        continue;
                    };
                    let start = bytes.start + at;
                    let lines = count(&self.preimage[start..end]);
                    let before = (number == place.piece).then(|| place.line - lines);
                    return Some((distance + lines, Spot { piece: number, bytes: start..start + length, before }));
                }
            }
        }
        None
    }

    /// Where line `line` of the file is, counted from 0; its end, if it has fewer.
    fn locate(&self, line: u64) -> Place {
        let last = self.pieces.len().saturating_sub(1);
        let (first, mut number) = self.tail.filter(|tail| *tail <= line).map_or((0, 0), |tail| (last, tail));
        for (piece, part) in self.pieces.iter().enumerate().skip(first) {
            let wanted = line - number;
            number += match part {
                Piece::Put { lines, .. } if wanted < *lines => return Place { piece, line: wanted, at: 0 },
                Piece::Put { lines, .. } => *lines,
                Piece::Kept { lines: Some(lines), .. } if wanted >= *lines => *lines,
                Piece::Kept { bytes, .. } => match start_of_line(&self.preimage[bytes.clone()], wanted) {
                    Ok(at) => return Place { piece, line: wanted, at: bytes.start + at },
                    Err(lines) => lines,
                },
            };
        }
        Place { piece: self.pieces.len(), line: 0, at: self.preimage.len() }
    }

    /// Gives bytes of the preimage to a hunk.
    fn replace(&mut self, spot: Spot, hunk: usize, lines: u64) {
        let put = Piece::Put { hunk, old: spot.bytes.clone(), lines };
        let Some(Piece::Kept { bytes, .. }) = self.pieces.get(spot.piece) else {
            self.pieces.push(put);
            self.tail = None;
            return;
        };
        let (before, after) = (bytes.start..spot.bytes.start, spot.bytes.end..bytes.end);
        let is_tail = spot.piece + 1 == self.pieces.len() && !after.is_empty();
        let start = self.tail.filter(|_| is_tail);
        self.tail = start.zip(spot.before).map(|(start, before)| start + before + lines);
        let kept = |bytes: Range<usize>, lines| (!bytes.is_empty()).then_some(Piece::Kept { bytes, lines });
        let parts = [kept(before, spot.before), Some(put), kept(after, None)];
        self.pieces.splice(spot.piece..=spot.piece, parts.into_iter().flatten());
    }

    /// The bytes of a kept piece, from byte `at` of the preimage if that is in it; nothing if it is not kept.
    fn stretch(&self, piece: usize, at: usize) -> &'a [u8] {
        match self.pieces.get(piece) {
            Some(Piece::Kept { bytes, .. }) => &self.preimage[at.max(bytes.start)..bytes.end],
            _ => &[],
        }
    }

    fn start(&self, piece: usize) -> usize {
        match self.pieces.get(piece) {
            Some(Piece::Kept { bytes, .. }) => bytes.start,
            _ => self.preimage.len(),
        }
    }
}

impl Piece {
    fn is_empty(&self) -> bool {
        matches!(self, Piece::Put { lines: 0, .. })
    }
}

/// The number of lines, of which the last may lack its newline.
fn count(bytes: &[u8]) -> u64 {
    let unterminated = bytes.last().is_some_and(|last| *last != b'\n');
    memchr::memchr_iter(b'\n', bytes).count() as u64 + u64::from(unterminated)
}

/// Where line `line` starts, counted from 0; the number of lines, if there are fewer.
fn start_of_line(bytes: &[u8], line: u64) -> Result<usize, u64> {
    /// Counting newlines is far cheaper than finding each of them; a block holds few enough to find.
    const BLOCK: usize = 1024;
    let mut left = line;
    for (block, part) in bytes.chunks(BLOCK).enumerate() {
        let newlines = memchr::memchr_iter(b'\n', part).count() as u64;
        if newlines < left {
            left -= newlines;
            continue;
        }
        let newline = usize::try_from(left).unwrap_or_default().checked_sub(1);
        let at = newline.and_then(|nth| memchr::memchr_iter(b'\n', part).nth(nth)).map_or(0, |newline| newline + 1);
        let start = block * BLOCK + at;
        return if start < bytes.len() { Ok(start) } else { Err(line) };
    }
    Err(count(bytes))
}
