//! The git bundle of a capture (gitformat-bundle(5)), taken into the private directory: the sandbox's commits, where a mail
//! cannot carry all that their ids are made of.
//!
//! It is as hostile as the rest. Its size is measured before git unpacks anything; git checks that every object is sound and
//! that what they name is there; and each commit that is used is held against the entry that was shown and proved.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use bstr::{BString, ByteSlice};

use super::exact::Refusal;
use super::pack::{self, BLOB, COMMIT, Flaw, NAMED_DELTA, OFFSET_DELTA, TREE};
use super::{Error, Series};
use crate::git::{Isolated, Objects, Repo};

/// Takes the bundle in, if there is one and the commits cannot be made without it.
pub fn take_if_needed(repo: &Repo, isolated: &Isolated, series: &Series) -> Result<(), Error> {
    if is_needed(isolated.objects()?, series) { take(repo, isolated, series) } else { Ok(()) }
}

/// Takes the bundle in, if there is one.
pub fn take(repo: &Repo, isolated: &Isolated, series: &Series) -> Result<(), Error> {
    let objects = isolated.objects()?;
    let Some(mut file) = series.bundle()? else { return Ok(()) };
    let start = head(&mut file, repo, objects).map_err(|error| error.into_error(repo))?;
    let io = |source| Error::Io { what: "cannot read", path: "the bundle".into(), source };
    file.seek(SeekFrom::Start(start)).map_err(io)?;
    let kinds = [COMMIT, TREE, BLOB, OFFSET_DELTA, NAMED_DELTA];
    let id_length = repo.format.zero().len() as u64 / 2;
    pack::measure(&mut BufReader::new(&file), &kinds, id_length, series.max_inflated).map_err(|flaw| {
        Problem::Other(match flaw {
            Flaw::Damaged => "its pack is damaged".to_owned(),
            Flaw::Foreign => "it holds more than commits, folders and files".to_owned(),
            Flaw::TooLarge => format!("it inflates to more than {} bytes", series.max_inflated),
        })
        .into_error(repo)
    })?;
    file.seek(SeekFrom::Start(start)).map_err(io)?;
    let index = isolated.git("index-pack").args(["--stdin", "--strict", "--fix-thin"]).input_file(file).finish()?;
    match index.code {
        Some(0) => Ok(()),
        _ => Err(Problem::Other(index.stderr.trim().to_owned()).into_error(repo)),
    }
}

/// Whether something that the commits are made of is neither here nor in the mails.
fn is_needed(objects: &Objects, series: &Series) -> bool {
    let entries = || series.commits().map(|index| series.entry(index));
    let own: HashSet<&BString> = entries().filter_map(|entry| entry.commit.as_ref()).collect();
    let is_here = |parent: &BString| own.contains(parent) || objects.has(&parent.to_string());
    entries().any(|entry| entry.object(None).is_none() || !entry.parents.iter().all(is_here))
}

/// Why a bundle is not taken.
enum Problem {
    /// It builds on this commit.
    Needs(String),
    Other(String),
}

impl Problem {
    fn into_error(self, repo: &Repo) -> Error {
        match self {
            Problem::Needs(commit) => Refusal::NoPrerequisite { commit, shallow: super::exact::is_shallow(repo) },
            Problem::Other(reason) => Refusal::Bundle { reason },
        }
        .into()
    }
}

/// Reads to the end of the head, and checks what it says; where the pack starts.
fn head(file: &mut File, repo: &Repo, objects: &Objects) -> Result<u64, Problem> {
    const LONGEST: u64 = 1 << 20;
    let damaged = |reason: &str| Problem::Other(format!("its head {reason}"));
    let mut lines = BufReader::new(file.take(LONGEST));
    let mut start = 0;
    let mut format = "sha1";
    let mut line = Vec::new();
    for number in 0.. {
        line.clear();
        let read = lines.read_until(b'\n', &mut line).map_err(|error| damaged(&error.to_string()))?;
        start += read as u64;
        let text = line.strip_suffix(b"\n").ok_or_else(|| damaged("does not end"))?;
        match text {
            b"# v2 git bundle" | b"# v3 git bundle" if number == 0 => {}
            _ if number == 0 => return Err(damaged("is not one of a git bundle")),
            b"" => break,
            b"@object-format=sha256" => format = "sha256",
            b"@object-format=sha1" => {}
            [b'@', ..] => return Err(damaged("asks for what is not known here")),
            [b'-', rest @ ..] => {
                let id = rest.split(|byte| *byte == b' ').next().unwrap_or_default().to_str_lossy().into_owned();
                if objects.commit_object(&id).is_err() {
                    return Err(Problem::Needs(id));
                }
            }
            _ => {}
        }
    }
    if format == repo.format.name() { Ok(start) } else { Err(damaged("is one of another object format")) }
}
