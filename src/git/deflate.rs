//! zlib streams, with one state for many of them: making one costs more than a small object.

use gix::error::Result;
use gix::zlib::stream::deflate::{Compress, FlushCompress};
use gix::zlib::{Compression, Status};

/// Up to this many bytes are stored as they are, where that is asked for.
const STORED: usize = 320;

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

    /// As [`Deflater::deflate`]. What is so short that it would hardly get shorter is stored as it is, which spares making
    /// the state anew.
    pub(super) fn deflate_small(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match u16::try_from(bytes.len()) {
            Ok(length) if bytes.len() <= STORED => {
                // RFC 1950: deflate, 32 KiB window, fastest. RFC 1951: the last block, stored.
                out.extend_from_slice(&[0x78, 0x01, 0x01]);
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(&(!length).to_le_bytes());
                out.extend_from_slice(bytes);
                out.extend_from_slice(&adler32(bytes).to_be_bytes());
                Ok(())
            }
            _ => self.deflate(&[bytes], out),
        }
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

/// The checksum at the end of a zlib stream, of so few bytes that no sum gets too large before the end.
fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    for &byte in bytes {
        low += u32::from(byte);
        high += low;
    }
    ((high % 65521) << 16) | (low % 65521)
}
