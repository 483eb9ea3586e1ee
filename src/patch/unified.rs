//! Writes what differs between two texts as hunks, in git's form: three lines of context, git's way to slide a hunk to where
//! people expect it, the function that a hunk may be in behind its numbers.

use std::ops::Range;

use imara_diff::sources::byte_lines;
use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};

/// Lines around what changed.
const CONTEXT: u32 = 3;
/// The most of a line that says where a hunk is, in bytes.
const LONGEST_PLACE: usize = 80;

/// What differs between two texts, line by line.
pub struct Hunks<'a> {
    input: InternedInput<&'a [u8]>,
    hunks: Vec<Hunk>,
}

impl<'a> Hunks<'a> {
    /// Compares two texts. Which of many equal lines are said to have changed may differ from what git says.
    pub fn of(before: &'a [u8], after: &'a [u8]) -> Hunks<'a> {
        let mut input = InternedInput::default();
        input.update_before(byte_lines(before));
        input.update_after(byte_lines(after));
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        let hunks = diff.hunks().collect();
        Hunks { input, hunks }
    }

    /// Whether the hunks are all that differs: a capture must not depend on somebody else's arithmetic.
    pub fn are_whole(&self) -> bool {
        let (before, after) = (&self.input.before, &self.input.after);
        let (mut old, mut new) = (0, 0);
        let end = Hunk { before: length(before)..length(before), after: length(after)..length(after) };
        self.hunks.iter().chain([&end]).all(|hunk| {
            let same = before.get(old as usize..hunk.before.start as usize);
            let is_same = same.is_some() && same == after.get(new as usize..hunk.after.start as usize);
            (old, new) = (hunk.before.end, hunk.after.end);
            is_same
        })
    }

    /// The hunks as text: empty where nothing differs.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut place = Place { searched: 0, line: None };
        for group in self.hunks.chunk_by(|one, other| other.before.start - one.before.end <= 2 * CONTEXT) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let lead = first.before.start.min(CONTEXT);
            let trail = (length(&self.input.before) - last.before.end).min(CONTEXT);
            let before = first.before.start - lead..last.before.end + trail;
            let after = first.after.start - lead..last.after.end + trail;
            out.extend_from_slice(format!("@@ -{} +{} @@", Extent(&before), Extent(&after)).as_bytes());
            self.place(&mut place, before.start, &mut out);
            out.push(b'\n');
            let mut at = before.start;
            for hunk in group {
                self.before(at..hunk.before.start, b' ', &mut out);
                self.before(hunk.before.clone(), b'-', &mut out);
                for number in hunk.after.clone() {
                    self.line(b'+', self.input.after[number as usize], &mut out);
                }
                at = hunk.before.end;
            }
            self.before(at..before.end, b' ', &mut out);
        }
        out
    }

    fn before(&self, lines: Range<u32>, mark: u8, out: &mut Vec<u8>) {
        for number in lines {
            self.line(mark, self.input.before[number as usize], out);
        }
    }

    fn line(&self, mark: u8, token: Token, out: &mut Vec<u8>) {
        let line = self.input.interner[token];
        out.push(mark);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }

    /// Says after a hunk's numbers which function it may be in: the last line above it that begins like a name.
    fn place(&self, place: &mut Place, start: u32, out: &mut Vec<u8>) {
        let line = |number: u32| self.input.interner[self.input.before[number as usize]];
        let is_name = |first: &u8| first.is_ascii_alphabetic() || b"_$".contains(first);
        let found = (place.searched..start).rev().find(|number| line(*number).first().is_some_and(is_name));
        place.line = found.or(place.line);
        place.searched = start;
        if let Some(number) = place.line {
            let line = line(number);
            out.push(b' ');
            out.extend_from_slice(line[..line.len().min(LONGEST_PLACE)].trim_ascii_end());
        }
    }
}

/// How many lines there are; of a file that is not large.
fn length(lines: &[Token]) -> u32 {
    u32::try_from(lines.len()).unwrap_or(u32::MAX)
}

/// The last line that began like a name, above the lines that were looked at.
struct Place {
    searched: u32,
    line: Option<u32>,
}

/// Lines as a hunk's header has them, counted from one; where there are none it names the line before.
struct Extent<'a>(&'a Range<u32>);

impl std::fmt::Display for Extent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.len() {
            0 => write!(f, "{},0", self.0.start),
            1 => write!(f, "{}", self.0.start + 1),
            count => write!(f, "{},{count}", self.0.start + 1),
        }
    }
}
