//! A file read from its start to its end through a window, so that no more than the window is in memory.

use std::fs::File;
use std::io::{self, Read, Seek};

/// The part of a file that is in memory.
pub(super) struct Window<'f> {
    file: &'f File,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and is not behind yet.
    start: usize,
    end: usize,
}

/// Bytes: little enough to stay in the processor's cache from being read to being looked at.
pub(super) const SIZE: usize = 1 << 17;

impl<'f> Window<'f> {
    /// At the start of the file.
    pub(super) fn over(file: &'f File) -> io::Result<Window<'f>> {
        (&mut &*file).rewind()?;
        let mut window = Window { file, buffer: vec![0; SIZE], start: 0, end: 0 };
        window.more()?;
        Ok(window)
    }

    /// What it shows.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Goes on by so many bytes of what it shows.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.start = self.end.min(self.start + bytes);
    }

    /// Shows more of the file beside what it shows already; whether there was more.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        loop {
            match self.file.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(bytes) => {
                    self.end += bytes;
                    return Ok(bytes > 0);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What it shows and all that follows.
    pub(super) fn rest(mut self) -> io::Result<Vec<u8>> {
        let mut rest = self.bytes().to_vec();
        self.file.read_to_end(&mut rest)?;
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn everything_is_shown_once_whatever_is_needed_at_once() {
        let content: Vec<u8> = (0..3 * SIZE + 17).map(|at| (at % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        for step in [1000, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE + 5, content.len()] {
            let (mut window, mut shown) = (Window::over(&file).unwrap(), Vec::new());
            while content.len() - shown.len() >= step {
                while window.bytes().len() < step {
                    assert!(window.more().unwrap());
                }
                shown.extend_from_slice(&window.bytes()[..step]);
                window.advance(step);
            }
            shown.extend(window.rest().unwrap());
            assert!(shown == content, "in steps of {step}");
        }
        let mut window = Window::over(&file).unwrap();
        while window.more().unwrap() {}
        assert!(window.bytes() == content);
    }
}
