//! Whether a capture is here already, told from content: the record of an earlier apply, or a branch whose commits have
//! the very trees that the capture names.

use bstr::ByteSlice;

use super::record::Record;
use super::{Error, Options, Series, Target};
use crate::git::Repo;
use crate::mbox::Kind;

/// How far back a branch is searched for the capture's commits: work may have gone on since.
const LOOK_BACK: usize = 1000;

/// The short name of the branch that holds all of the capture already.
pub fn already(repo: &Repo, series: &Series, target: &Target, options: &Options) -> Result<Option<String>, Error> {
    if options.rest {
        return Ok(None);
    }
    let Some(branch) = &target.branch else { return Ok(None) };
    if repo.resolve(branch)?.is_none() {
        return Ok(None);
    }
    let record = Record::read(repo, &series.id)?
        .filter(|record| record.fingerprint == series.fingerprint && record.branch.as_deref() == Some(branch));
    if let Some(record) = record {
        // After a conflict, commits on top of the record's tip are the person's resolution.
        let went_on = repo.resolve(branch)?.as_deref() != Some(record.tip.as_str()) && repo.in_progress().is_none();
        let left_over = (record.next..series.len()).any(|index| series.entry(index).kind != Kind::Commit);
        if record.complete || (went_on && !left_over) {
            return Ok(Some(target.branch_name().to_owned()));
        }
        return Err(Error::Begun { branch: target.branch_name().to_owned(), id: series.id.clone() });
    }
    // Without a record nobody knows whether work that is not committed came along.
    let held = !series.has_uncommitted() && holds(repo, series, branch)?;
    Ok(held.then(|| target.branch_name().to_owned()))
}

/// Whether the first-parent history of `branch` has the capture's trees one after the other.
fn holds(repo: &Repo, series: &Series, branch: &str) -> Result<bool, Error> {
    let wanted: Option<Vec<_>> = series.commits().map(|index| series.entry(index).tree.clone()).collect();
    let Some(mut wanted) = wanted.filter(|wanted| !wanted.is_empty()) else { return Ok(false) };
    wanted.reverse();
    let count = (wanted.len() + LOOK_BACK).to_string();
    let log =
        repo.git("log").args(["--first-parent", "--format=%T", "-n", &count, "--end-of-options", branch]).output()?;
    let trees: Vec<&[u8]> = log.lines().collect();
    Ok(trees
        .windows(wanted.len())
        .any(|window| window.iter().zip(&wanted).all(|(tree, wanted)| *tree == wanted.as_slice())))
}
