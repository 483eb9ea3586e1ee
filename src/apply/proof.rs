//! The proof: the trees that came out, held against those that the sandbox had.

use super::{Error, Series};
use crate::git::Repo;
use crate::mbox::Kind;

/// What was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Every entry came out at the very tree that it had in the sandbox: every path, mode and byte is the same.
    Matches {
        /// How many trees were compared.
        trees: usize,
    },
    /// It was applied onto something else than the sandbox began with, so that the trees cannot be the same.
    BaseDiffers {
        /// The first entry, from 1, that came out otherwise; `None` if it stopped before one did.
        first: Option<usize>,
        /// The commit that the sandbox began with, if the capture says so.
        bootstrap: Option<String>,
    },
    /// An entry did not fit as it is, although the base is the same.
    Merged {
        /// Which entry, from 1.
        first: usize,
    },
    /// It stopped, or parts were rejected, before all could be compared.
    Unfinished,
    /// The capture does not name the tree of every entry, or it ends at other trees than it says.
    Unproved,
}

/// Collects what came out, entry by entry.
#[derive(Debug, Default)]
pub struct Comparison {
    compared: usize,
    differs: Option<usize>,
    inexact: Option<usize>,
}

impl Comparison {
    /// Notes the tree that entry `index` (from 0) came out at, and whether it was placed on its very preimages.
    pub fn add(&mut self, series: &Series, index: usize, tree: &str, exact: bool) {
        if !exact && self.inexact.is_none() {
            self.inexact = Some(index);
        }
        if let Some(expected) = &series.entry(index).tree {
            self.compared += 1;
            if expected.as_slice() != tree.as_bytes() && self.differs.is_none() {
                self.differs = Some(index);
            }
        }
    }

    /// What it all proves. A capture whose entries all fitted exactly on the right base, and whose trees still are
    /// others than it says, contradicts itself.
    pub fn conclude(self, repo: &Repo, series: &Series, base_tree: &str) -> Result<Proof, Error> {
        let Some(differs) = self.differs else {
            return Ok(match self.compared == series.len() && ends_as_said(series, base_tree) {
                true => Proof::Matches { trees: self.compared },
                false => Proof::Unproved,
            });
        };
        let bootstrap = series.sidecar.as_ref().and_then(|sidecar| sidecar.bootstrap_sha.clone());
        if bootstrap_tree(repo, series)?.as_deref() != Some(base_tree) {
            return Ok(Proof::BaseDiffers { first: Some(differs + 1), bootstrap });
        }
        match self.inexact {
            Some(first) if first <= differs => Ok(Proof::Merged { first: first + 1 }),
            _ => Err(Error::Corrupt {
                entry: differs + 1,
                subject: series.subject(differs),
                reason: "does not come out at the tree that it names".to_owned(),
            }),
        }
    }
}

/// Whether the last trees are those that the capture says the sandbox ended at, as far as it does.
pub fn ends_as_said(series: &Series, base_tree: &str) -> bool {
    let Some(sidecar) = &series.sidecar else { return true };
    let last = |kinds: &[Kind]| {
        let mut entries = series.entries().rev().filter(|entry| kinds.contains(&entry.kind));
        entries.find_map(|entry| entry.tree.as_ref()).map_or(base_tree.as_bytes(), |tree| tree.as_slice())
    };
    let is = |said: &Option<String>, tree: &[u8]| said.as_ref().is_none_or(|said| said.as_bytes() == tree);
    is(&sidecar.head_tree, last(&[Kind::Commit]))
        && is(&sidecar.index_tree, last(&[Kind::Commit, Kind::Index]))
        && is(&sidecar.worktree_tree, last(&[Kind::Commit, Kind::Index, Kind::Worktree]))
}

/// The tree that the sandbox began with: what the capture says, else what its commit is here.
pub fn bootstrap_tree(repo: &Repo, series: &Series) -> Result<Option<String>, Error> {
    let Some(sidecar) = &series.sidecar else { return Ok(None) };
    if let Some(tree) = sidecar.extra.get("bootstrap_tree").and_then(|tree| tree.as_str()) {
        return Ok(Some(tree.to_owned()));
    }
    match &sidecar.bootstrap_sha {
        Some(commit) => Ok(repo.resolve(&format!("{commit}^{{tree}}"))?),
        None => Ok(None),
    }
}
