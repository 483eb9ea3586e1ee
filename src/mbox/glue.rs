//! Our own headers: what a mail says beyond what `git am` reads, exact to the byte.
//!
//! Names and values in both directions; which mail has which is decided by `write`.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bstr::{BStr, BString, ByteSlice};

use super::header::Fields;
use super::object::is_headers;
use super::{Entry, Identity, Kind, Preamble};
use crate::patch;

pub(super) const ENTRY: &str = "X-Glue-Entry";
pub(super) const COMMIT: &str = "X-Glue-Commit";
pub(super) const TREE: &str = "X-Glue-Tree";
pub(super) const PARENTS: &str = "X-Glue-Parents";
pub(super) const ENCODING: &str = "X-Glue-Encoding";
pub(super) const COMMITTER: &str = "X-Glue-Committer";
pub(super) const HEADERS: &str = "X-Glue-Headers";
pub(super) const AUTHOR: &str = "X-Glue-Author";
pub(super) const MESSAGE: &str = "X-Glue-Message";
/// `none` on a mail that has no diff: a mail without this header and without a diff was cut.
pub(super) const DIFF: &str = "X-Glue-Diff";
pub(super) const VERBATIM: &str = "X-Glue-Verbatim";
pub(super) const INTENT_TO_ADD: &str = "X-Glue-Intent-To-Add";
pub(super) const CAPTURE: &str = "X-Glue-Capture";
pub(super) const OBJECTS: &str = "X-Glue-Objects";

/// The signature's second line starts with this, and the mail is not whole without it.
pub(super) const SIGNATURE: &str = "git-glue ";

/// In bytes; a sidecar with every warning there is stays below.
const LARGEST_SIDECAR: usize = 8 << 20;

/// In bytes; a capture takes along half of that before it is compressed.
const LARGEST_PACK: usize = 32 << 20;

/// The name of a kind in `X-Glue-Entry`; the mail of an empty series has none.
pub(super) fn kind_name(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Commit) => "commit",
        Some(Kind::Index) => "index",
        Some(Kind::Worktree) => "worktree",
        None => "none",
    }
}

/// What our headers say of one mail.
pub(super) struct Exact {
    /// None on the mail of an empty series.
    pub(super) kind: Option<Kind>,
    pub(super) has_diff: bool,
    pub(super) message: Option<BString>,
    pub(super) author: Option<BString>,
    pub(super) fields: Entry,
}

/// Reads our headers. `Ok(None)` on a mail that is not ours; the error says what is wrong with one that is.
pub(super) fn read(fields: &Fields) -> Result<Option<Exact>, &'static str> {
    let Some(kind) = only(fields, ENTRY)? else { return Ok(None) };
    let kinds = [Some(Kind::Commit), Some(Kind::Index), Some(Kind::Worktree), None];
    let kind = kinds.into_iter().find(|known| kind_name(*known).as_bytes() == kind.as_bytes());
    let kind = kind.ok_or("an X-Glue-Entry that is unknown")?;
    let id = |name| match only(fields, name) {
        Ok(Some(id)) if is_id(id) => Ok(Some(id.to_owned())),
        Ok(None) => Ok(None),
        _ => Err("an id that is not hexadecimal"),
    };
    let parents = only(fields, PARENTS)?.unwrap_or_default();
    let parents: Vec<BString> = parents.fields().map(BString::from).collect();
    if !parents.iter().all(|parent| is_id(parent.as_ref())) {
        return Err("an id that is not hexadecimal");
    }
    let headers = decoded(fields, HEADERS)?.map(BString::from);
    if headers.as_ref().is_some_and(|headers| !is_headers(headers.as_bstr())) {
        return Err("an X-Glue-Headers that holds more than headers");
    }
    let committer = only(fields, COMMITTER)?.map(unquoted).transpose()?.map(one_line).transpose()?;
    let entry = Entry {
        committer: committer.map(Identity),
        headers,
        encoding: only(fields, ENCODING)?.map(unquoted).transpose()?.map(one_line).transpose()?,
        commit: id(COMMIT)?,
        tree: id(TREE)?,
        parents,
        verbatim: fields.all(VERBATIM).map(unquoted).collect::<Result<_, _>>()?,
        intent_to_add: fields.all(INTENT_TO_ADD).map(unquoted).collect::<Result<_, _>>()?,
        ..Entry::new(kind.unwrap_or(Kind::Commit), Identity::default(), BString::default())
    };
    Ok(Some(Exact {
        kind,
        has_diff: kind.is_some() && only(fields, DIFF)?.is_none_or(|value| value != "none"),
        message: decoded(fields, MESSAGE)?.map(BString::from),
        author: decoded(fields, AUTHOR)?.map(BString::from).map(one_line).transpose()?,
        fields: entry,
    }))
}

/// Reads what the first mail carries for the whole series.
pub(super) fn read_preamble(fields: &Fields) -> Result<Preamble, &'static str> {
    let capture = decoded(fields, CAPTURE)?;
    if capture.as_ref().is_some_and(|json| json.len() > LARGEST_SIDECAR) {
        return Err("an X-Glue-Capture of more than 8 MiB");
    }
    let objects = decoded(fields, OBJECTS)?;
    if objects.as_ref().is_some_and(|pack| pack.len() > LARGEST_PACK) {
        return Err("an X-Glue-Objects of more than 32 MiB");
    }
    Ok(Preamble { capture, objects })
}

fn only<'a>(fields: &'a Fields, name: &'a str) -> Result<Option<&'a BStr>, &'static str> {
    let mut all = fields.all(name);
    let first = all.next();
    if all.next().is_some() { Err("an X-Glue header that is there twice") } else { Ok(first) }
}

fn unquoted(value: &BStr) -> Result<BString, &'static str> {
    patch::unquote(value).map(|value| value.into_owned()).ok_or("a quoted value that does not close")
}

/// Refuses what would smuggle lines into a commit object's header.
fn one_line(value: BString) -> Result<BString, &'static str> {
    if is_one_line(value.as_ref()) {
        Ok(value)
    } else {
        Err("an author, a committer or an encoding of more than one line")
    }
}

/// Whether a value can stand in a commit object's header.
pub(super) fn is_one_line(value: &BStr) -> bool {
    value.find_byteset(b"\n\0").is_none()
}

fn decoded(fields: &Fields, name: &str) -> Result<Option<Vec<u8>>, &'static str> {
    let Some(value) = only(fields, name)? else { return Ok(None) };
    let text = bstr::concat(value.split(u8::is_ascii_whitespace));
    STANDARD.decode(text).map(Some).map_err(|_| "a header that is not base64")
}

/// Whether this is an object id in hex, of SHA-1 or SHA-256.
pub(super) fn is_id(id: &BStr) -> bool {
    matches!(id.len(), 40 | 64) && id.iter().all(u8::is_ascii_hexdigit)
}

/// Writes bytes as a header of base64, folded at 76 columns.
pub(super) fn write_base64(out: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    /// Three bytes become four characters: 54 of them make lines of 72.
    const PER_LINE: usize = 54;
    const LINES: usize = 1000;
    write!(out, "{name}:")?;
    if bytes.len() > PER_LINE / 2 {
        writeln!(out)?;
    }
    let mut lines = vec![0; bytes.len().div_ceil(PER_LINE).min(LINES) * (PER_LINE / 3 * 4 + 2)];
    for many in bytes.chunks(LINES * PER_LINE) {
        let mut end = 0;
        for one in many.chunks(PER_LINE) {
            let start = end + 1;
            end = start + STANDARD.encode_slice(one, &mut lines[start..]).map_err(io::Error::other)? + 1;
            (lines[start - 1], lines[end - 1]) = (b' ', b'\n');
        }
        out.write_all(&lines[..end])?;
    }
    if bytes.is_empty() { writeln!(out) } else { Ok(()) }
}

/// Writes a path, or another value that could hold anything, with quotes where it needs them.
pub(super) fn write_quoted(out: &mut impl Write, name: &str, value: &BStr) -> io::Result<()> {
    let at_ends = value.is_empty() || value.starts_with(b" ") || value.ends_with(b" ");
    // Long paths stay whole: a header line is not folded where a blank could get lost.
    match at_ends || value.find("=?").is_some() {
        true => writeln!(out, "{name}: {}", patch::quote_always(value)),
        false => writeln!(out, "{name}: {}", patch::quote(value)),
    }
}
