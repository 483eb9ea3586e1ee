//! What a capture does to each file, from before its first entry to behind its last.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};

use bstr::{BString, ByteSlice};

use super::{Difference, Error, UnseenFile};
use crate::mbox::Mbox;
use crate::patch::{self, ChangeKind, FileChange};
use crate::session::Capture;

/// The files of a capture, by their paths from the root of the repository.
#[derive(Debug, Default)]
pub(super) struct Captured {
    pub(super) files: BTreeMap<BString, Net>,
}

/// A file, with all that the entries do to it taken together.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) file: UnseenFile,
    pub(super) end: End,
    /// Nothing happened to it but that it got another name.
    pub(super) is_source: bool,
    mode_before: Option<u32>,
    mode: Option<u32>,
}

/// What a file is in the end.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// It is not there.
    Gone,
    /// This blob, in hex; as abbreviated as the diff has it.
    Blob(BString),
    /// Its content is what it was at first.
    AsItWas,
    /// The diffs do not tell.
    Unknown,
}

/// What the log has no word for: a file is made as a plain one.
const PLAIN: u32 = 0o100_644;

impl Captured {
    /// Of a capture that is cut off, what is before the file in which it ends.
    pub(super) fn read(mut capture: Capture) -> Result<Captured, Error> {
        if !capture.truncated {
            return Captured::of(capture.file);
        }
        let mut mbox = Vec::new();
        capture.file.read_to_end(&mut mbox)?;
        Captured::of(Cursor::new(&mbox))
            .or_else(|error| Captured::of(Cursor::new(without_last(mbox))).map_err(|_| error))
    }

    fn of(mbox: impl Read + Seek) -> Result<Captured, Error> {
        let mut mbox = Mbox::open(mbox)?;
        let mut captured = Captured::default();
        for index in 0..mbox.entries.len() {
            let changes = patch::changes(BufReader::new(mbox.diff(index)?)).collect::<Result<Vec<_>, _>>()?;
            let mut diff = mbox.diff(index)?;
            for (number, change) in changes.iter().enumerate() {
                let length = changes.get(number + 1).map_or(u64::MAX, |next| next.offset - change.offset);
                captured.take(change, part(&mut diff, length)?);
            }
        }
        Ok(captured)
    }

    fn take(&mut self, change: &FileChange, (diff, left_out): (Vec<u8>, u64)) {
        let Some(path) = change.new_path.as_ref().or(change.old_path.as_ref()) else { return };
        let mut end = self.end(path, change);
        if let (ChangeKind::Renamed { .. } | ChangeKind::Copied { .. }, Some(old)) = (change.kind, &change.old_path) {
            if let (End::Unknown, Some(source)) = (&end, self.files.get(old)) {
                end = source.end.clone();
            }
            if matches!(change.kind, ChangeKind::Renamed { .. }) {
                let source = self.net(old, change.old_mode);
                source.end = End::Gone;
                source.file.take(&diff, left_out);
            }
        }
        let net = self.net(path, if change.kind == ChangeKind::Added { Some(PLAIN) } else { change.old_mode });
        (net.end, net.is_source) = (end, false);
        net.mode = change.new_mode.or(net.mode);
        net.file.added += change.added;
        net.file.removed += change.removed;
        net.file.take(&diff, left_out);
    }

    /// What a file is after a change.
    fn end(&self, path: &BString, change: &FileChange) -> End {
        match (change.kind, &change.new_id) {
            (ChangeKind::Deleted, _) => End::Gone,
            (_, Some(id)) => End::Blob(id.clone()),
            // Without a blob only the mode was changed.
            (ChangeKind::Modified | ChangeKind::ModeChanged, None) if !change.binary => {
                self.files.get(path).map_or(End::AsItWas, |net| net.end.clone())
            }
            _ => End::Unknown,
        }
    }

    fn net(&mut self, path: &BString, mode: Option<u32>) -> &mut Net {
        self.files.entry(path.clone()).or_insert_with(|| Net {
            file: UnseenFile::new(path.clone(), Difference::Unlogged),
            end: End::Unknown,
            is_source: true,
            mode_before: mode,
            mode,
        })
    }
}

impl Net {
    /// Whether the file's mode is not what it was, or not what a new file's is.
    pub(super) fn is_mode_changed(&self) -> bool {
        !matches!(self.end, End::Gone) && self.mode != self.mode_before && self.mode_before.is_some()
    }
}

/// An mbox without the last file of its last mail, or without that mail if no file begins there.
fn without_last(mut mbox: Vec<u8>) -> Vec<u8> {
    let begins = |mark: &str| mbox.rfind(mark).map_or(0, |newline| newline + 1);
    let (mail, file) = (begins("\nFrom "), begins("\ndiff --git "));
    mbox.truncate(mail.max(file));
    if file > mail {
        // Without its end a mail of ours would not be taken for a whole one.
        mbox.extend_from_slice(b"-- \ngit-glue \n\n");
    }
    mbox
}

/// The next `length` bytes, or as many lines of them as are kept; and how many lines are not.
fn part(diff: &mut impl Read, length: u64) -> io::Result<(Vec<u8>, u64)> {
    const KEPT: u64 = 64 << 10;
    let mut part = Vec::new();
    diff.by_ref().take(length.min(KEPT)).read_to_end(&mut part)?;
    let mut rest = BufReader::new(diff.take(length.saturating_sub(KEPT)));
    if rest.fill_buf()?.is_empty() {
        return Ok((part, 0));
    }
    let cut = part.split_off(part.rfind_byte(b'\n').map_or(0, |newline| newline + 1));
    let (mut lines, mut is_ended) = (0, cut.is_empty());
    loop {
        let read = rest.fill_buf()?;
        let Some(last) = read.last() else { break };
        lines += read.find_iter(b"\n").count() as u64;
        is_ended = *last == b'\n';
        let length = read.len();
        rest.consume(length);
    }
    Ok((part, lines + u64::from(!is_ended)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_diff_is_cut_at_a_line() {
        for (text, length, kept, lines) in [
            ("+a\n".repeat(10), u64::MAX, 30, 0),
            ("+a\n".repeat(10), 6, 6, 0),
            ("+abcdef\n".repeat(8192), u64::MAX, 65536, 0),
            ("+abcdef\n".repeat(8193), u64::MAX, 65536, 1),
            ("+abcde\n".repeat(9363), u64::MAX, 65534, 1),
            ("+abcde\n".repeat(10000) + "+a", u64::MAX, 65534, 639),
            ("x".repeat(70000), u64::MAX, 0, 1),
        ] {
            let (part, left_out) = part(&mut text.as_bytes(), length).unwrap();
            assert_eq!((part.len(), left_out), (kept, lines), "{:.20}", text);
        }
    }
}
