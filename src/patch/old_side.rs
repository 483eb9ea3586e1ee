//! The lines that a hunk expects in the preimage, and where bytes hold them.

use bstr::ByteSlice;
use memchr::memmem::{Finder, FinderRev};

use super::contents::{Hunk, LineKind};

/// The old side of a hunk: its context and what it removes.
pub(super) struct OldSide<'a> {
    /// Its bytes, and a newline before them.
    after_newline: &'a [u8],
    /// Where its last line starts, if that one lacks its newline.
    unterminated: Option<usize>,
}

impl<'a> OldSide<'a> {
    /// Puts it together in `buffer`. `None` when a line before the last lacks its newline: no file has such a line.
    pub(super) fn of(hunk: &Hunk, buffer: &'a mut Vec<u8>) -> Option<OldSide<'a>> {
        buffer.clear();
        buffer.push(b'\n');
        let mut unterminated = None;
        for line in hunk.lines().filter(|line| line.kind != LineKind::Added) {
            if unterminated.is_some() {
                return None;
            }
            if !line.content.ends_with(b"\n") {
                unterminated = Some(buffer.len() - 1);
            }
            buffer.extend_from_slice(line.content);
        }
        Some(OldSide { after_newline: buffer, unterminated })
    }

    /// Whether it has no lines.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes().is_empty() && self.unterminated.is_none()
    }

    /// The length of what it covers at the start of `stretch`, which is a line's start. `None` when it does not fit.
    ///
    /// A last line without newline also covers a line that goes on with nothing but blanks and a newline: git compares
    /// lines without their blanks first, and then no more bytes than the hunk has.
    pub(super) fn fits(&self, stretch: &[u8]) -> Option<usize> {
        let bytes = self.bytes();
        if !stretch.starts_with(bytes) {
            return None;
        }
        let Some(start) = self.unterminated else { return (!bytes.is_empty()).then_some(bytes.len()) };
        let end = stretch[start..].find_byte(b'\n').map_or(stretch.len(), |newline| start + newline + 1);
        let rest = &stretch[bytes.len()..end];
        let same = start < end && rest.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        same.then_some(end)
    }

    /// Where it would start to end with `stretch`, if a line starts there.
    pub(super) fn start_at_end_of(&self, stretch: &[u8]) -> Option<usize> {
        let start = stretch.len().checked_sub(self.bytes().len())?;
        (start == 0 || stretch[start - 1] == b'\n').then_some(start)
    }

    /// What finds it in long stretches.
    pub(super) fn finders(&self) -> Finders<'_> {
        Finders { old: self, forward: Finder::new(self.after_newline), backward: FinderRev::new(self.after_newline) }
    }

    fn bytes(&self) -> &[u8] {
        &self.after_newline[1..]
    }
}

/// Finds an old side in stretches of whole lines, in time linear in their length.
pub(super) struct Finders<'a> {
    old: &'a OldSide<'a>,
    forward: Finder<'a>,
    backward: FinderRev<'a>,
}

impl Finders<'_> {
    /// The first place in `stretch` that it fits, and the length of what it covers there.
    pub(super) fn first_in(&self, stretch: &[u8]) -> Option<(usize, usize)> {
        if let Some(length) = self.old.fits(stretch) {
            return Some((0, length));
        }
        let mut from = 0;
        loop {
            let at = from + self.forward.find(&stretch[from..])? + 1;
            if let Some(length) = self.old.fits(&stretch[at..]) {
                return Some((at, length));
            }
            from = at;
        }
    }

    /// The last place in `stretch` that it fits and that is before byte `end`.
    pub(super) fn last_in(&self, stretch: &[u8], end: usize) -> Option<(usize, usize)> {
        let needle = self.old.after_newline.len();
        let mut limit = end;
        while limit >= 2 {
            let part = &stretch[..stretch.len().min(limit - 2 + needle)];
            let Some(newline) = self.backward.rfind(part) else { break };
            let at = newline + 1;
            if let Some(length) = self.old.fits(&stretch[at..]) {
                return Some((at, length));
            }
            limit = at;
        }
        let length = self.old.fits(stretch).filter(|_| end > 0)?;
        Some((0, length))
    }
}
