//! zlib streams, with one state for many of them: making one costs more than a small object.

use gix::error::Result;
use gix::zlib::stream::deflate::{Compress, FlushCompress};
use gix::zlib::{Compression, Status};

/// A reusable deflate state.
pub(super) struct Deflater {
    state: Compress,
    buffer: Vec<u8>,
}

impl Deflater {
    pub(super) fn new(level: Compression) -> Deflater {
        Deflater { state: Compress::new(level), buffer: vec![0; 32 << 10] }
    }

    /// Appends the zlib stream of `parts`, one after another, to `out`.
    pub(super) fn deflate(&mut self, parts: &[&[u8]], out: &mut Vec<u8>) -> Result<()> {
        self.state.reset();
        for part in parts {
            self.feed(part, FlushCompress::None, out)?;
        }
        self.feed(&[], FlushCompress::Finish, out)
    }

    fn feed(&mut self, mut input: &[u8], flush: FlushCompress, out: &mut Vec<u8>) -> Result<()> {
        let finish = matches!(flush, FlushCompress::Finish);
        while finish || !input.is_empty() {
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self.state.compress(input, &mut self.buffer, flush)?;
            let (read, written) = (self.state.total_in() - read, self.state.total_out() - written);
            // Neither can be more than what was handed over.
            input = input.get(usize::try_from(read).unwrap_or(usize::MAX)..).unwrap_or_default();
            out.extend_from_slice(
                self.buffer.get(..usize::try_from(written).unwrap_or(usize::MAX)).unwrap_or_default(),
            );
            if status == Status::StreamEnd {
                break;
            }
        }
        Ok(())
    }
}
