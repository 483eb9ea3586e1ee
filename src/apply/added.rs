//! The lines that a series adds, entry by entry: also a secret that a later commit takes out again stays in the history.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use bstr::{BString, ByteSlice};

use super::Error;
use crate::audit::{Scanner, Secret};
use crate::git::{Error as GitError, Isolated};
use crate::patch;

/// What of a line is looked at, in bytes: minified files have lines of many megabytes.
const LONGEST: usize = 64 * 1024;

/// The search for secrets ends at so many: more of them tell nobody more.
pub const MOST: usize = 1000;

/// The secrets in lines that are added on the way along `trees`, each reported once, and the first thousand only.
pub fn secrets(isolated: &Isolated, trees: &[String]) -> Result<Vec<Secret>, Error> {
    let pairs: String = trees.windows(2).map(|pair| format!("{} {}\n", pair[0], pair[1])).collect();
    let Ok(scanner) = Scanner::new() else { return Ok(Vec::new()) };
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let diff = isolated.git("diff-tree").args(["--stdin", "-r", "-p", "-U0", "--no-renames", "--no-prefix"]);
    let mut running = diff.input(pairs).spawn()?;
    scan(&scanner, &mut running, b"", &mut found)?;
    if found.len() < MOST {
        running.done()?;
    }
    Ok(found)
}

/// Adds the secrets in lines that the diff in a file, as captures hold it, would add.
pub fn secrets_of(diff: &Path, found: &mut Vec<Secret>) -> Result<(), Error> {
    let Ok(scanner) = Scanner::new() else { return Ok(()) };
    let file = File::open(diff).map_err(GitError::io("cannot read", diff))?;
    scan(&scanner, file, b"b/", found)
}

/// Adds the secrets in lines that a diff adds, each once. `prefix` is what its new paths begin with.
fn scan(scanner: &Scanner, diff: impl Read, prefix: &[u8], found: &mut Vec<Secret>) -> Result<(), Error> {
    let mut known: HashSet<Secret> = found.iter().cloned().collect();
    let mut lines = Lines { from: BufReader::new(diff), line: Vec::new() };
    let mut path = BString::default();
    while found.len() < MOST && lines.next()? {
        if let Some(name) = lines.line.strip_prefix(b"+++ ") {
            let name = unquoted(name);
            path = name.strip_prefix(prefix).unwrap_or(&name).into();
        } else if let Some((mut removed, mut number, mut added)) = hunk(&lines.line) {
            while (removed > 0 || added > 0) && found.len() < MOST && lines.next()? {
                // An empty line is context that lost its blank; `\ No newline at end of file` is no line.
                let sign = lines.line.first().copied().unwrap_or(b' ');
                if sign == b'\\' {
                    continue;
                }
                if sign == b'+' {
                    let secrets = scanner.line(path.as_bstr(), number, &lines.line[1..]);
                    let new = secrets.into_iter().filter(|secret| known.insert(secret.clone()));
                    found.extend(new.take(MOST - found.len()));
                }
                if sign != b'+' {
                    removed = removed.saturating_sub(1);
                }
                if sign != b'-' {
                    added = added.saturating_sub(1);
                    number = number.saturating_add(1);
                }
            }
        }
    }
    Ok(())
}

/// Lines of bounded length.
struct Lines<R> {
    from: BufReader<R>,
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// Reads the next line, without its newline; false at the end.
    fn next(&mut self) -> Result<bool, Error> {
        let failed = GitError::NotStarted;
        self.line.clear();
        let read = (&mut self.from).take(LONGEST as u64).read_until(b'\n', &mut self.line).map_err(failed)?;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if read == LONGEST {
            self.from.skip_until(b'\n').map_err(failed)?;
        }
        Ok(read > 0)
    }
}

fn unquoted(name: &[u8]) -> BString {
    // git ends a name that holds blanks with a tab.
    let name = name.strip_suffix(b"\t").unwrap_or(name);
    patch::unquote(name.as_bstr()).map_or_else(|| name.into(), |name| name.into_owned())
}

/// `@@ -1,2 +3,4 @@` as (lines removed, first line added, lines added).
fn hunk(line: &[u8]) -> Option<(u64, u64, u64)> {
    let text = line.strip_prefix(b"@@ -")?.to_str_lossy();
    let mut words = text.split(' ');
    let (old, new) = (words.next()?, words.next()?.strip_prefix('+')?);
    let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    let start = new.split(',').next()?.parse().ok()?;
    Some((count(old)?, start, count(new)?))
}
