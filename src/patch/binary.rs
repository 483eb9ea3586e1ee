//! How large the result of a binary patch gets, without making it.
//!
//! A `literal N` says it itself. A `delta N` counts its own instructions only; what they make is in the delta's first
//! bytes (gitformat-pack(5), "Deltified representation"), behind base 85 and zlib.

use gix::zlib::{Decompress, FlushDecompress};

/// Far more than zlib can need before it gives out its first bytes, and less than matters.
const ENOUGH: usize = 4096;

/// The start of a delta, as far as it is needed for its sizes.
#[derive(Default)]
pub(super) struct DeltaStart {
    deflated: Vec<u8>,
}

impl DeltaStart {
    /// Takes one line of base 85 that holds `bytes` bytes, without its first letter.
    pub(super) fn line(&mut self, digits: &[u8], bytes: u64) {
        let length = self.deflated.len() + usize::try_from(bytes).unwrap_or_default();
        if length > ENOUGH {
            return;
        }
        for group in digits.chunks_exact(5) {
            let value = group.iter().map(|&digit| value_of(digit)).fold(0_u64, |value, digit| value * 85 + digit);
            self.deflated.extend(value.to_be_bytes().into_iter().skip(4));
        }
        self.deflated.truncate(length);
    }

    /// The size of what the delta makes, in bytes. `None` when it does not begin as one.
    pub(super) fn result_size(&self) -> Option<u64> {
        let mut start = [0; 24];
        let mut zlib = Decompress::new();
        zlib.decompress(&self.deflated, &mut start, FlushDecompress::None).ok()?;
        let start = start.get(..usize::try_from(zlib.total_out()).ok()?)?;
        let (_, rest) = varint(start)?;
        varint(rest).map(|(size, _)| size)
    }
}

/// Seven bits a byte, the lowest first; the eighth says that there are more.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).filter(|end| *end < 9)?;
    let (number, rest) = bytes.split_at(end + 1);
    Some((number.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f)), rest))
}

/// What a digit of git's base 85 is worth; one that is none counts nothing, since git refuses it anyway.
fn value_of(digit: u8) -> u64 {
    const DIGITS: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    DIGITS.iter().position(|&known| known == digit).unwrap_or_default() as u64
}
