//! Files that git would convert on their way in: line ends, encodings, `$Id$`.
//!
//! What the attributes in the work tree say counts, since it travels with the work tree. A file whose bytes git could not
//! give back goes in as it is, and is listed, so that the other side writes it without a conversion as well.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use bstr::{BString, ByteSlice};

use super::Workspace;
use super::worktree::NO_NAME;
use crate::git::{Error, TreeItem, is_executable_file};
use crate::patch::quote;

/// The attributes of one path that change its bytes, with their values.
pub(super) type Attributes = BTreeMap<BString, Vec<(BString, BString)>>;

const ASKED: [&str; 6] = ["text", "eol", "working-tree-encoding", "ident", "crlf", "filter"];

/// The paths for which an attribute says something about their bytes, and what.
pub(super) fn attributes(workspace: &Workspace, paths: &[BString]) -> Result<Attributes, Error> {
    let mut found = Attributes::new();
    if paths.is_empty() {
        return Ok(found);
    }
    let input = bstr::join("\0", paths);
    let bytes = workspace.desk.git("check-attr").args(["-z", "--stdin"]).args(ASKED).input(input).output()?;
    let fields: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
    for triple in fields.chunks_exact(3) {
        let (path, name, value) = (triple[0], triple[1], triple[2]);
        if !matches!(value, b"unspecified" | b"unset") {
            found.entry(path.into()).or_default().push((name.into(), value.into()));
        }
    }
    Ok(found)
}

/// Checks each of `paths` that git converted: when writing it out again would not give the file's bytes, the bytes
/// themselves replace it in the private index. Those paths. What git `refused` only because of the conversion (an encoding
/// that nobody knows, bytes that are not of it) is taken off that list.
pub(super) fn keep_bytes(
    workspace: &Workspace,
    paths: &[BString],
    attributes: &Attributes,
    refused: &mut Vec<(BString, String)>,
) -> Result<Vec<BString>, Error> {
    let is_file = |path: &&BString| workspace.file(path.as_bstr()).symlink_metadata().is_ok_and(|m| m.is_file());
    let converted: Vec<&BString> = paths
        .iter()
        .filter(|path| attributes.get(*path).is_some_and(|found| changes_bytes(found)))
        .filter(is_file)
        .collect();
    if converted.is_empty() {
        return Ok(Vec::new());
    }
    let place = tempfile::tempdir_in(workspace.desk.path()?)
        .map_err(Error::io("cannot make a directory in", workspace.desk.path()?))?;
    let mut prefix = std::ffi::OsString::from("--prefix=");
    prefix.push(place.path());
    prefix.push("/");
    // A path that cannot be written out does not come back as it was.
    let input = bstr::join("\0", &converted);
    workspace.desk.git("checkout-index").args(["-q", "-f", "-z", "--stdin"]).arg(prefix).input(input).finish()?;
    let mut verbatim = Vec::new();
    for path in converted {
        let written = place.path().join(path.to_path_lossy());
        if !is_same(&written, &workspace.file(path.as_bstr())).unwrap_or(false) {
            verbatim.push(path.clone());
        }
    }
    refused.retain(|(path, why)| why == NO_NAME || !verbatim.contains(path));
    verbatim.retain(|path| refused.iter().all(|(other, _)| other != path));
    put_raw(workspace, &verbatim)?;
    Ok(verbatim)
}

/// `filter` has no program in the private git directory, so it changes nothing there.
fn changes_bytes(attributes: &[(BString, BString)]) -> bool {
    attributes.iter().any(|(name, _)| name != "filter")
}

fn is_same(one: &Path, other: &Path) -> std::io::Result<bool> {
    if fs::symlink_metadata(one)?.len() != fs::metadata(other)?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(File::open(one)?), BufReader::new(File::open(other)?));
    let (mut left, mut right) = ([0; 8192], [0; 8192]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(other.read(&mut right)? == 0);
        }
        other.read_exact(&mut right[..count])?;
        if left[..count] != right[..count] {
            return Ok(false);
        }
    }
}

/// Puts the bytes of these files into the private index, with the modes that are there.
fn put_raw(workspace: &Workspace, paths: &[BString]) -> Result<(), Error> {
    if paths.is_empty() {
        return Ok(());
    }
    let mut input = Vec::new();
    for path in paths {
        input.extend_from_slice(&quote(path.as_bstr()));
        input.push(b'\n');
    }
    let ids = workspace.desk.git("hash-object").args(["-w", "--no-filters", "--stdin-paths"]).input(input).output()?;
    let mut items = Vec::new();
    for (path, id) in paths.iter().zip(ids.lines()) {
        let metadata = fs::metadata(workspace.file(path.as_bstr()));
        let mode = if metadata.is_ok_and(|metadata| is_executable_file(&metadata)) { 0o100755 } else { 0o100644 };
        items.push((path, TreeItem { mode, id: id.to_str_lossy().into_owned() }));
    }
    workspace.desk.set_entries(items.iter().map(|(path, item)| (path.as_bstr(), Some(item))))
}
