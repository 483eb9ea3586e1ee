//! Rows as they come: a conversation that others write to, and may replace or cut off.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use crate::session::atomic::identity;
use crate::session::{At, Row, Rows, before};

/// Follows one file.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    longest: usize,
    /// Which file it was, and how long, when it was looked at last.
    seen: Option<((u64, u64), u64)>,
    /// Up to where its rows have been handed on, in bytes and in lines.
    offset: u64,
    number: u64,
    /// What is right before that: where it is still there, what comes behind it is new, whatever file it is.
    last: Vec<u8>,
}

/// What has become of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turnover {
    /// It goes on, or there is none yet.
    None,
    /// It has become another one, and was read from its start.
    Replaced,
    /// It has become shorter, and was read from its start.
    Truncated,
}

impl Follower {
    /// Follows the file at `path`, which need not be there yet, from its start. Of longer rows the strings are shortened.
    pub fn new(path: impl Into<PathBuf>, longest: usize) -> Follower {
        Follower { path: path.into(), longest, seen: None, offset: 0, number: 0, last: Vec::new() }
    }

    /// The same for a file whose first `offset` bytes are known already; they have `number` lines.
    ///
    /// # Errors
    /// When nothing can be learned of the file.
    pub fn after(
        path: impl Into<PathBuf>,
        longest: usize,
        file: &File,
        offset: u64,
        number: u64,
    ) -> io::Result<Follower> {
        let seen = Some((identity(&file.metadata()?), offset));
        Ok(Follower { offset, number, seen, last: before(file, offset)?, ..Follower::new(path, longest) })
    }

    /// Hands on the rows that are complete by now. One that has no newline yet comes when it has.
    ///
    /// # Errors
    /// Those of `on_row`, or the file cannot be read.
    pub fn catch_up<E: From<io::Error>>(
        &mut self,
        on_row: &mut dyn FnMut(&Row) -> Result<(), E>,
    ) -> Result<Turnover, E> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Turnover::None),
            Err(error) => return Err(error.into()),
        };
        let about = file.metadata()?;
        let (identity, length) = (identity(&about), about.len());
        if self.seen == Some((identity, length)) {
            return Ok(Turnover::None);
        }
        let turnover = match self.seen {
            _ if length >= self.offset && before(&file, self.offset)? == self.last => Turnover::None,
            Some((known, _)) if known == identity && length < self.offset => Turnover::Truncated,
            _ => Turnover::Replaced,
        };
        if turnover != Turnover::None {
            (self.offset, self.number) = (0, 0);
        }
        self.seen = Some((identity, length));
        let new = At::new(&file, self.offset).take(length - self.offset);
        let mut rows = Rows::new(new, self.offset, self.longest).shortening().after(self.number);
        while let Some(row) = rows.advance()? {
            if !row.is_ended {
                break;
            }
            (self.offset, self.number) = (row.offset + row.length, row.number);
            on_row(&row)?;
        }
        self.last = before(&file, self.offset)?;
        Ok(turnover)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn rows_come_when_they_are_complete_also_from_a_file_that_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        let mut follower = Follower::new(&path, 100);
        let mut step = |content: Option<&str>| {
            if let Some(content) = content {
                fs::write(&path, content).unwrap();
            }
            let mut rows = Vec::new();
            let turnover = follower.catch_up::<io::Error>(&mut |row| {
                rows.push((row.number, String::from_utf8_lossy(row.bytes).into_owned()));
                Ok(())
            });
            (turnover.unwrap(), rows)
        };
        let row = |number: u64, text: &str| (number, text.to_owned());
        assert_eq!(step(None), (Turnover::None, vec![]));
        assert_eq!(step(Some("a\nb")), (Turnover::None, vec![row(1, "a")]));
        assert_eq!(step(Some("a\nbc\n\n")), (Turnover::None, vec![row(2, "bc"), row(3, "")]));
        assert_eq!(step(None), (Turnover::None, vec![]));
        assert_eq!(step(Some("x\n")), (Turnover::Truncated, vec![row(1, "x")]));
        fs::write(folder.path().join("d"), "other\nand more\n").unwrap();
        fs::rename(folder.path().join("d"), folder.path().join("c")).unwrap();
        assert_eq!(step(None), (Turnover::Replaced, vec![row(1, "other"), row(2, "and more")]));
        assert_eq!(
            step(Some("another\nand then more\n")),
            (Turnover::Replaced, vec![row(1, "another"), row(2, "and then more")])
        );
        fs::write(folder.path().join("d"), "another\nand then more\nand more\n").unwrap();
        fs::rename(folder.path().join("d"), folder.path().join("c")).unwrap();
        assert_eq!(step(None), (Turnover::None, vec![row(3, "and more")]));
    }
}
