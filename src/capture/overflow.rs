//! A capture over its cap: what made it so, and how to capture without that.

use std::collections::BTreeMap;
use std::ffi::OsString;

use bstr::{BString, ByteSlice, ByteVec};

use super::survey::is_plain;
use super::{Destination, Options, Survey};

/// A content and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Large {
    /// The path, from the top of the work tree.
    pub path: BString,
    /// Bytes.
    pub size: u64,
}

/// Why a capture is over its cap, and what to do.
#[derive(Debug, Clone)]
pub struct Overflow {
    /// The cap, in bytes.
    pub cap: u64,
    /// The paths with the most content, all their versions added up, largest first; at most ten.
    pub largest: Vec<Large>,
    /// The sum of all contents, in bytes.
    pub total: u64,
    /// The arguments of the `git glue-capture` that leaves the largest out.
    pub arguments: Vec<OsString>,
}

const NAMED: usize = 10;
/// How many `--exclude` one command should have.
const EXCLUDED: usize = 5;

impl Overflow {
    /// What the survey says about a capture that did not fit.
    pub(super) fn of(options: &Options, session_id: &str, survey: &Survey) -> Overflow {
        let total = survey.contents.iter().map(|content| content.size).sum();
        let mut arguments = same_again(options, session_id);
        let files = by_path(&survey.contents);
        arguments.extend(less(options.cap, &files, total));
        let largest = files.into_iter().take(NAMED).collect();
        Overflow { cap: options.cap, largest, total, arguments }
    }
}

/// The contents that each path had, added up; largest first.
fn by_path(contents: &[Large]) -> Vec<Large> {
    let mut sums: BTreeMap<&BString, u64> = BTreeMap::new();
    for content in contents {
        *sums.entry(&content.path).or_default() += content.size;
    }
    let mut files: Vec<Large> = sums.into_iter().map(|(path, size)| Large { path: path.clone(), size }).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.size));
    files
}

/// The options that were given, but for those that say what belongs to the capture.
fn same_again(options: &Options, session_id: &str) -> Vec<OsString> {
    let mut arguments = vec![OsString::from(format!("--session={session_id}"))];
    let mut option = |name: &str, value: &std::ffi::OsStr| {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value);
        arguments.push(argument);
    };
    for (name, value) in [
        ("base", &options.base),
        ("title", &options.title),
        ("runtime", &options.runtime),
        ("sandbox-id", &options.sandbox_id),
    ] {
        if let Some(value) = value {
            option(name, value.as_ref());
        }
    }
    for value in &options.include_ignored {
        option("include-ignored", value);
    }
    for value in &options.exclude {
        option("exclude", value);
    }
    match &options.destination {
        Destination::Store => {}
        Destination::File(path) => option("output", path.as_os_str()),
        Destination::Stream => option("output", "-".as_ref()),
    }
    arguments
}

/// What to add so that it fits: the largest files, else the largest directories, else a greater cap. A patch is taken to be
/// as large as the contents, and a third on top for its encoding.
fn less(cap: u64, contents: &[Large], total: u64) -> Vec<OsString> {
    let most = cap / 4 * 3;
    let files = contents.iter().map(|content| (content.path.clone(), content.size)).collect();
    if let Some(excluded) = fewest(files, total, most) {
        return excluded;
    }
    for depth in 1..4 {
        let mut directories: BTreeMap<BString, u64> = BTreeMap::new();
        for content in contents {
            if let Some(directory) = directory(&content.path, depth) {
                *directories.entry(directory).or_default() += content.size;
            }
        }
        let mut directories: Vec<(BString, u64)> = directories.into_iter().collect();
        directories.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        if let Some(excluded) = fewest(directories, total, most) {
            return excluded;
        }
    }
    vec![OsString::from(format!("--cap={}", total.saturating_mul(3) / 2 + (1 << 20)))]
}

/// The first few of `candidates`, largest first, without which the rest fits.
fn fewest(candidates: Vec<(BString, u64)>, total: u64, most: u64) -> Option<Vec<OsString>> {
    let mut rest = total;
    let mut excluded = Vec::new();
    for (path, size) in candidates.into_iter().take(EXCLUDED) {
        if rest <= most && !excluded.is_empty() {
            break;
        }
        rest -= size;
        let mut argument = BString::from(if is_plain(&path) { "--exclude=" } else { "--exclude=:(literal)" });
        argument.push_str(&path);
        excluded.push(argument.to_os_str_lossy().into_owned());
    }
    (rest <= most && !excluded.is_empty()).then_some(excluded)
}

/// The directory of a path, `depth` levels down.
fn directory(path: &BString, depth: usize) -> Option<BString> {
    let (end, _) = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').nth(depth - 1)?;
    Some(path[..end].into())
}
