//! Mails of several parts (RFC 2046), as `git format-patch --attach` and `--inline` write them: where each part lies.
//!
//! One level only. What the parts say is left to `read`.

use std::io::{Read, Seek};

use bstr::{BStr, BString, ByteSlice};

use super::header::Fields;
use super::mailinfo::MailInfo;
use super::transfer::Body;
use super::{Error, Inside};
use crate::patch::Lines;

/// A mail of more parts is none.
const MOST_PARTS: usize = 100;

/// A boundary has at most 70 characters; a line is longer only by its dashes and what transport adds.
const LONGEST_BOUNDARY: usize = 200;

/// Locates the parts. The first one's charset becomes the text's.
pub(super) fn parts(
    source: &mut (impl Read + Seek),
    mail: u64,
    whole: &Body,
    boundary: &BStr,
    info: &mut MailInfo,
) -> Result<Vec<Body>, Error> {
    let delimiter = BString::from(bstr::concat([b"--", boundary.as_bytes()]));
    let mut lines = Lines::new(whole.plain().open(source, 0)?);
    let mut parts: Vec<Body> = Vec::new();
    let mut open = false;
    while lines.advance(LONGEST_BOUNDARY)? {
        let Some(rest) = lines.line().strip_prefix(delimiter.as_bytes()) else { continue };
        let last = rest.starts_with(b"--");
        if open && let Some(part) = parts.last_mut() {
            part.end = whole.start + lines.start();
        }
        if last {
            return Ok(parts);
        }
        if parts.len() == MOST_PARTS {
            let reason = "a body of more than 100 parts";
            return Err(Error::Malformed { mail, offset: whole.start + lines.start(), reason });
        }
        let fields = Fields::read(&mut lines, mail, whole.start)?;
        if parts.is_empty() {
            info.set_charset(fields.content_type("charset").unwrap_or_default());
        }
        let start = whole.start + lines.position();
        parts.push(Body { start, end: whole.end, transfer: fields.transfer(), crlf: whole.crlf });
        open = true;
    }
    Err(Error::Truncated { mail, offset: whole.end, inside: Inside::Body })
}
