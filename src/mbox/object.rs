//! A commit entry as the object that it was in the sandbox, to the byte: what of it the other fields cannot say, and how it
//! is put together again. Whether the bytes have the id that the entry names is for those to say who can hash.

use bstr::{BStr, BString, ByteSlice, ByteVec};

use super::{Entry, Identity};

/// What a head starts with that is carried whole.
const WHOLE: &[u8] = b"tree ";

impl Entry {
    /// Notes what of a commit's object is not in the other fields, in the smallest form from which [`Entry::object`] makes
    /// the same bytes again. Nothing of one that git would not have written so (no `committer`, no end to its headers), nor
    /// where the entry has another tree than the commit.
    pub fn carry(&mut self, object: &[u8], previous: Option<&BStr>) {
        let head = object.find(b"\n\n").map_or(&b""[..], |end| &object[..=end]);
        let line = |name: &[u8]| head.lines().find_map(|line| line.strip_prefix(name));
        let Some(committer) = line(b"committer ").map(|value| Identity(value.into())) else { return };
        if line(WHOLE) != self.tree.as_ref().map(|tree| tree.as_slice()) {
            return;
        }
        let after = head.find(b"\ncommitter ").map_or(head, |at| &head[at + 1..]);
        let after = after.split_once_str("\n").map_or(&b""[..], |(_, after)| after);
        let forms = [(Some(committer.clone()), None), (Some(committer), Some(after)), (None, Some(head))];
        for (committer, headers) in forms {
            self.committer = committer;
            self.headers = headers.map(BString::from).filter(|headers| is_headers(headers.as_bstr()));
            if self.object(previous).is_some_and(|made| made == object) {
                return;
            }
        }
        (self.committer, self.headers) = (None, None);
    }

    /// The bytes of the commit's object, made of all that the entry carries; `previous` is the commit before it. `None` where
    /// the capture does not carry them.
    pub fn object(&self, previous: Option<&BStr>) -> Option<Vec<u8>> {
        let mut bytes = match (&self.headers, &self.committer) {
            (Some(head), None) if head.starts_with(WHOLE) => head.to_vec(),
            (headers, Some(committer)) => self.head(previous, committer, headers.as_ref())?,
            _ => return None,
        };
        bytes.push_byte(b'\n');
        bytes.push_str(&self.message);
        Some(bytes)
    }

    fn head(&self, previous: Option<&BStr>, committer: &Identity, headers: Option<&BString>) -> Option<Vec<u8>> {
        let mut head = Vec::new();
        let mut line = |name: &str, value: &[u8]| head.extend([name.as_bytes(), b" ", value, b"\n"].concat());
        line("tree", self.tree.as_ref()?);
        let previous = previous.filter(|_| self.parents.is_empty());
        for parent in self.parents.iter().map(|parent| parent.as_bstr()).chain(previous) {
            line("parent", parent);
        }
        line("author", &self.author.0);
        line("committer", &committer.0);
        match (headers, &self.encoding) {
            (Some(headers), _) => head.extend_from_slice(headers),
            (None, Some(encoding)) => line("encoding", encoding),
            (None, None) => {}
        }
        Some(head)
    }
}

/// Whether bytes can stand among the headers of an object: whole lines, none of them empty.
pub(super) fn is_headers(bytes: &BStr) -> bool {
    bytes.ends_with(b"\n") && !bytes.starts_with(b"\n") && bytes.find(b"\n\n").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mbox::Kind;

    const HEAD: &str = "tree aaaa\nparent bbbb\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0100\n";

    /// As a capture takes a commit apart.
    fn entry(parents: &[&str], encoding: Option<&str>) -> Entry {
        let parents = parents.iter().map(|parent| BString::from(*parent)).collect();
        Entry {
            tree: Some("aaaa".into()),
            encoding: encoding.map(BString::from),
            parents,
            ..Entry::new(Kind::Commit, Identity("A <a> 1 +0000".into()), "message\n".into())
        }
    }

    #[test]
    fn every_commit_that_git_writes_is_carried_in_the_smallest_form() {
        let signed = format!("{HEAD}gpgsig -----BEGIN\n \n x\nodd\n\nmessage\n");
        let cases = [
            (format!("{HEAD}\nmessage\n"), entry(&[], None), None),
            (format!("{HEAD}encoding x\n\nmessage\n"), entry(&[], Some("x")), None),
            (signed, entry(&[], None), Some("gpgsig -----BEGIN\n \n x\nodd\n")),
            (format!("{HEAD}a b\nencoding x\n\nmessage\n"), entry(&[], Some("x")), Some("a b\nencoding x\n")),
            (HEAD.replace("committer", "parent cccc\ncommitter") + "\nmessage\n", entry(&[], None), Some("tree ")),
            (HEAD.replace("parent bbbb\n", "") + "\nmessage\n", entry(&[], None), Some("tree ")),
            (format!("{HEAD}\nmessage\n"), entry(&["bbbb"], None), None),
        ];
        for (object, mut entry, headers) in cases {
            entry.carry(object.as_bytes(), Some("bbbb".into()));
            assert_eq!(entry.object(Some("bbbb".into())).unwrap().as_bstr(), object);
            let carried = entry.headers.as_ref().map(|headers| headers.to_str().unwrap());
            assert!(carried.map(|text| &text[..text.len().min(headers.unwrap_or("").len())]) == headers, "{carried:?}");
        }
    }

    #[test]
    fn what_cannot_be_made_again_is_not_carried() {
        let mut other_tree = Entry { tree: Some("cccc".into()), ..entry(&[], None) };
        other_tree.carry(format!("{HEAD}\nmessage\n").as_bytes(), Some("bbbb".into()));
        assert_eq!(other_tree.object(None), None);
        for object in [HEAD.to_owned(), "tree aaaa\n\nmessage\n".to_owned(), String::new(), "\n\n".to_owned()] {
            let mut entry = entry(&[], None);
            entry.carry(object.as_bytes(), Some("bbbb".into()));
            assert_eq!(entry.object(Some("bbbb".into())), None, "{object}");
        }
    }
}
