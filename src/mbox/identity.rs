//! An identity and its time, taken apart but never changed. Whether a mail can carry it is left to `author`.

use bstr::{BStr, BString, ByteSlice};

/// An identity and time exactly as in a commit object's author line: `Name <mail> 1700000000 +0100`.
///
/// The bytes may be anything: no part has to be there, nor to be UTF-8. Every accessor takes what it finds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity(pub BString);

impl Identity {
    /// The name: what stands before the address, without the blank between them.
    pub fn name(&self) -> &BStr {
        let end = self.0.find_byte(b'<').unwrap_or(self.0.len());
        let name = &self.0[..end];
        name.strip_suffix(b" ").unwrap_or(name).as_bstr()
    }

    /// The address, without its angle brackets.
    pub fn email(&self) -> &BStr {
        let Some(start) = self.0.find_byte(b'<') else { return b"".as_bstr() };
        let rest = &self.0[start + 1..];
        rest[..rest.find_byte(b'>').unwrap_or(rest.len())].as_bstr()
    }

    /// The time, in seconds since 1970 UTC.
    pub fn seconds(&self) -> Option<i64> {
        self.time().0.to_str().ok()?.parse().ok()
    }

    /// The author's offset from UTC as it is written, such as `+0100`; empty when there is none.
    pub fn offset(&self) -> &BStr {
        self.time().1
    }

    fn time(&self) -> (&BStr, &BStr) {
        let after = self.0.rfind_byte(b'>').map_or(self.0.len(), |at| at + 1);
        let rest = self.0[after..].trim_start();
        let (seconds, offset) = rest.split_once_str(" ").unwrap_or((rest, b""));
        (seconds.as_bstr(), offset.as_bstr())
    }
}
