//! Which files git would take as they are: what the attributes in the work tree say of line ends, encodings and filters
//! (gitattributes(5)). In the private git directory no configuration adds to that.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use gix_attributes::StateRef;
use gix_attributes::search::{MetadataCollection, Outcome};
use gix_ignore::glob::pattern::Case;
use rustix::fd::OwnedFd;

use super::Unusual;
use super::ignore::plain_file;

/// The attributes of files.
pub(super) struct Attributes<'a> {
    top: &'a OwnedFd,
    /// Folders whose rules were looked for.
    read: HashSet<BString>,
    /// The rules that are there: by folder, so that those of the deepest count most.
    rules: BTreeMap<BString, Vec<u8>>,
    lookup: Option<Lookup>,
}

struct Lookup {
    search: gix_attributes::Search,
    outcome: Outcome,
}

/// The name of a folder's rules.
const NAME: &str = ".gitattributes";
/// What changes bytes.
const ASKED: [&str; 6] = ["text", "eol", "crlf", "ident", "filter", "working-tree-encoding"];

impl<'a> Attributes<'a> {
    pub(super) fn below(top: &'a OwnedFd) -> Attributes<'a> {
        Attributes { top, read: HashSet::new(), rules: BTreeMap::new(), lookup: None }
    }

    /// Whether git would take a file with these bytes as it is, and write it so again.
    pub(super) fn leave(&mut self, path: &BStr, bytes: &[u8]) -> Result<bool, Unusual> {
        self.read(path)?;
        if self.rules.is_empty() {
            return Ok(true);
        }
        if self.lookup.is_none() {
            self.lookup = Some(Lookup::new(&self.rules)?);
        }
        Ok(self.lookup.as_mut().is_some_and(|lookup| lookup.leave(path, bytes)))
    }

    /// Reads the rules of all folders on the way to a path.
    fn read(&mut self, path: &BStr) -> Result<(), Unusual> {
        let ends = std::iter::once(0).chain(path.find_iter(b"/").map(|at| at + 1));
        // From below: above a folder that was seen, all were.
        for end in ends.collect::<Vec<_>>().into_iter().rev() {
            let folder = BString::from(&path[..end]);
            if self.read.contains(&folder) {
                break;
            }
            if let Some(bytes) = plain_file(self.top, &folder.to_path_lossy().join(NAME))? {
                if bytes.lines().any(|line| line.len() > LONGEST_LINE) {
                    return Err(Unusual("a line of attributes that git passes over"));
                }
                self.rules.insert(folder.clone(), bytes);
                self.lookup = None;
            }
            self.read.insert(folder);
        }
        Ok(())
    }
}

/// git takes no longer lines of attributes, in bytes.
const LONGEST_LINE: usize = 2048;

impl Lookup {
    fn new(rules: &BTreeMap<BString, Vec<u8>>) -> Result<Lookup, Unusual> {
        let unusual = |_| Unusual("attributes in a folder of an unusual name");
        let mut collection = MetadataCollection::default();
        let mut search =
            gix_attributes::Search::new_globals(std::iter::empty::<&Path>(), &mut Vec::new(), &mut collection)
                .map_err(unusual)?;
        for (folder, bytes) in rules {
            let source = folder.to_path_lossy().join(NAME);
            let root = Some(Path::new(""));
            search.add_patterns_buffer(bytes, source, root, &mut collection, folder.is_empty()).map_err(unusual)?;
        }
        let mut outcome = Outcome::default();
        outcome.initialize_with_selection(&collection, ASKED);
        Ok(Lookup { search, outcome })
    }

    fn leave(&mut self, path: &BStr, bytes: &[u8]) -> bool {
        self.outcome.reset();
        self.search.pattern_matching_relative_path(path, Case::Sensitive, Some(false), &mut self.outcome);
        let (mut is_text, mut is_binary, mut is_plain) = (false, false, true);
        for found in self.outcome.iter_selected() {
            match (found.assignment.name.as_str(), found.assignment.state) {
                (_, StateRef::Unspecified) => {}
                ("text", StateRef::Unset) => is_binary = true,
                ("text", _) => is_text = true,
                ("eol", StateRef::Value(value)) if value.as_bstr() == "lf" => is_text = true,
                ("ident" | "filter" | "working-tree-encoding", StateRef::Unset) => {}
                _ => is_plain = false,
            }
        }
        // Text without a carriage return goes in and comes out as it is.
        is_plain && (is_binary || !is_text || !bytes.contains(&b'\r'))
    }
}
