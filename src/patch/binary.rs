//! Binary patches: what they make of a file, and how large that gets without making it.
//!
//! A `literal N` holds the new contents, a `delta N` instructions to copy and to insert (gitformat-pack(5), "Deltified
//! representation"), both deflated and in base 85. N counts the inflated bytes; what a delta makes is in its first ones.

use bstr::ByteSlice;
use gix::zlib::{Decompress, FlushDecompress, Status};

/// One direction of a binary patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binary<'a> {
    /// Whether it is a delta on the preimage, and not the whole contents.
    pub is_delta: bool,
    /// How many bytes it inflates to, by its own words: for a literal the contents, for a delta its instructions.
    pub size: u64,
    /// Its lines of base 85.
    pub lines: &'a [u8],
}

/// Why a binary patch cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    /// It is not what git writes.
    #[error("the binary patch is damaged: {0}")]
    Damaged(&'static str),
    /// It is a delta on other contents.
    #[error("the binary patch is a delta on a file of {expected} bytes, not of {actual}")]
    OtherPreimage {
        /// The size that it is made for, in bytes.
        expected: u64,
        /// The size that the file has.
        actual: u64,
    },
    /// It makes more than is allowed.
    #[error("the binary patch makes a file of {size} bytes, more than the {most} that are allowed")]
    TooLarge {
        /// What it makes by its own words, in bytes.
        size: u64,
        /// The bound that was given.
        most: u64,
    },
}

impl Binary<'_> {
    /// What it makes of `preimage`: at most `most` bytes, and never more in memory on the way.
    ///
    /// As git does, it counts on the caller to have compared the ids of the preimage and of what comes out: a literal
    /// takes the place of any contents, a delta that of any of the right size.
    ///
    /// # Errors
    /// When it is damaged, made for other contents, or makes too much.
    pub fn apply(&self, preimage: &[u8], most: u64) -> Result<Vec<u8>, BinaryError> {
        if self.size > most {
            return Err(BinaryError::TooLarge { size: self.size, most });
        }
        let inflated = self.inflate()?;
        if self.is_delta { apply_delta(&inflated, preimage, most) } else { Ok(inflated) }
    }

    /// Exactly the bytes that the patch says it has.
    fn inflate(&self) -> Result<Vec<u8>, BinaryError> {
        /// Room that the words of the patch are trusted with; more is made as bytes come.
        const ROOM: usize = 1 << 20;
        let wrong_size = BinaryError::Damaged("it does not inflate to the size that it names");
        let damaged = BinaryError::Damaged("it does not inflate");
        let size = usize::try_from(self.size).ok().filter(|size| *size < usize::MAX).ok_or(wrong_size)?;
        // One byte more than there may be, so that zlib can come to its end, and what is too long shows.
        let mut inflated = vec![0; size.min(ROOM) + 1];
        let mut zlib = Decompress::new();
        let (mut made, mut ended) = (0, false);
        for line in self.lines.lines().take_while(|line| !line.is_empty()) {
            let (bytes, length) = decoded(line).ok_or(BinaryError::Damaged("a line is not base 85"))?;
            let mut rest = &bytes[..length];
            while !rest.is_empty() && !ended {
                if made == inflated.len() {
                    inflated.resize(made.saturating_mul(2).min(size + 1), 0);
                }
                let before = zlib.total_in();
                let status = zlib.decompress(rest, &mut inflated[made..], FlushDecompress::None);
                ended = status.map_err(|_| damaged)? == Status::StreamEnd;
                let (taken, now) = ((zlib.total_in() - before) as usize, zlib.total_out() as usize);
                if now > size {
                    return Err(wrong_size);
                }
                if taken == 0 && now == made && !ended {
                    return Err(damaged);
                }
                made = now;
                rest = &rest[taken..];
            }
        }
        inflated.truncate(made);
        if ended && made == size { Ok(inflated) } else { Err(wrong_size) }
    }
}

/// What a delta makes of `base`; `most` bytes are allowed.
pub fn apply_delta(delta: &[u8], base: &[u8], most: u64) -> Result<Vec<u8>, BinaryError> {
    let damaged = BinaryError::Damaged("its delta is not one");
    let (expected, rest) = varint(delta).ok_or(damaged)?;
    let (size, mut rest) = varint(rest).ok_or(damaged)?;
    if expected != base.len() as u64 {
        return Err(BinaryError::OtherPreimage { expected, actual: base.len() as u64 });
    }
    if size > most {
        return Err(BinaryError::TooLarge { size, most });
    }
    let size = usize::try_from(size).map_err(|_| damaged)?;
    let mut made = Vec::new();
    while let Some((&opcode, after)) = rest.split_first() {
        let (part, after) = match opcode {
            0 => return Err(damaged),
            1..=0x7f => after.split_at_checked(usize::from(opcode)).ok_or(damaged)?,
            _ => copy(opcode, after, base).ok_or(damaged)?,
        };
        if part.len() > size - made.len() {
            return Err(damaged);
        }
        made.extend_from_slice(part);
        rest = after;
    }
    if made.len() == size { Ok(made) } else { Err(damaged) }
}

/// The part of `base` that a copy instruction names, and what follows the instruction: four bits of its first byte tell
/// which bytes of the offset follow, three which of the length.
fn copy<'a>(opcode: u8, after: &'a [u8], base: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut bytes = after.iter();
    let mut number = |bits: std::ops::Range<u32>| {
        bits.clone()
            .filter(|bit| opcode & (1 << bit) != 0)
            .try_fold(0_usize, |number, bit| Some(number | usize::from(*bytes.next()?) << (8 * (bit - bits.start))))
    };
    let offset = number(0..4)?;
    let length = match number(4..7)? {
        0 => 0x10000,
        length => length,
    };
    Some((base.get(offset..offset.checked_add(length)?)?, bytes.as_slice()))
}

/// Far more than zlib can need before it gives out its first bytes, and less than matters.
const ENOUGH: usize = 4096;

/// The start of a delta, as far as it is needed for its sizes.
#[derive(Default)]
pub(super) struct DeltaStart {
    deflated: Vec<u8>,
}

impl DeltaStart {
    /// Takes one line of base 85.
    pub(super) fn line(&mut self, line: &[u8]) {
        if let Some((bytes, length)) = decoded(line).filter(|(_, length)| self.deflated.len() + length <= ENOUGH) {
            self.deflated.extend_from_slice(&bytes[..length]);
        }
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

/// The most bytes that a line holds.
const LINE: usize = 52;

/// How many bytes a line holds, by its first letter.
pub(super) fn line_length(letter: u8) -> Option<usize> {
    match letter {
        b'A'..=b'Z' => Some(usize::from(letter - b'A') + 1),
        b'a'..=b'z' => Some(usize::from(letter - b'a') + 27),
        _ => None,
    }
}

/// The bytes of one line, and their number: a letter for the number, then five digits for every four bytes. `None` when
/// it is not one.
fn decoded(line: &[u8]) -> Option<([u8; LINE], usize)> {
    let (letter, digits) = line.split_first()?;
    let length = line_length(*letter)?;
    let mut bytes = [0; LINE];
    for (group, four) in digits.chunks_exact(5).zip(bytes.chunks_exact_mut(4)).take(length.div_ceil(4)) {
        let value = group.iter().try_fold(0_u64, |value, digit| {
            let digit = u64::from(VALUES[usize::from(*digit)]);
            (digit < 85).then_some(value * 85 + digit)
        })?;
        four.copy_from_slice(&u32::try_from(value).ok()?.to_be_bytes());
    }
    (digits.len() >= length.div_ceil(4) * 5).then_some((bytes, length))
}

/// What each digit of git's base 85 is worth; 255 for what is none.
const VALUES: [u8; 256] = {
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < digits.len() {
        values[digits[value] as usize] = value as u8;
        value += 1;
    }
    values
};
