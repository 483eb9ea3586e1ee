//! Where a conversation stands: how many lines it has, and which turn and request its last events belong to.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::log::fields::{Field, Fields};
use crate::session::Backwards;
use crate::session::atomic::identity;

/// What is known of a file up to its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Which file it is.
    identity: (u64, u64),
    /// How long it is, in bytes.
    pub(super) length: u64,
    /// The last row has no newline. It counts as a line all the same.
    pub(super) is_torn: bool,
    /// What the next event goes by.
    pub(super) turn: Turn,
}

/// What the next event goes by.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    /// The lines of the file, or the highest sequence number if that is more.
    last: u64,
    turn: Option<String>,
    request: Option<String>,
    /// The time in the last id that was made, in microseconds.
    minted: i64,
}

impl Place {
    /// Looks at a file, and only at what is new since `known`.
    pub(super) fn of(file: &File, known: Option<Place>, id: &str) -> io::Result<Place> {
        let about = file.metadata()?;
        let (identity, length) = (identity(&about), about.len());
        let known = known.filter(|known| known.identity == identity && known.length <= length);
        let mut place = known.unwrap_or_default();
        let from = place.length;
        let lines = lines(file, from, length)?;
        // A row that was torn then is counted already; a newline right behind it ends it and begins nothing.
        place.turn.last += lines.newlines + u64::from(lines.is_torn) - u64::from(place.is_torn && length > from);
        (place.identity, place.length) = (identity, length);
        if length > from {
            place.is_torn = lines.is_torn;
            place.look_back(file, from, id)?;
        }
        Ok(place)
    }

    /// What was added just now.
    pub(super) fn passed(&mut self, bytes: usize) {
        self.length += bytes as u64;
        self.is_torn = false;
    }

    /// Finds turn and request in the rows after `from`, from the last back to the one that tells.
    fn look_back(&mut self, file: &File, from: u64, id: &str) -> io::Result<()> {
        const ROWS: usize = 10_000;
        /// A turn with more in it since its prompt starts anew.
        const BYTES: u64 = 64 << 20;
        let (mut seen, mut request_is_known) = (false, false);
        for span in Backwards::new(file, self.length).take(ROWS) {
            let span = span?;
            if span.offset < from || self.length - span.offset > BYTES {
                break;
            }
            let mut row = vec![0; usize::try_from(span.length).unwrap_or_default()];
            let mut reader = file;
            reader.seek(SeekFrom::Start(span.offset))?;
            reader.read_exact(&mut row)?;
            let Ok(fields) = Fields::of(&row) else { continue };
            if fields.text(Field::SessionId).as_deref() != Some(id) {
                continue;
            }
            if !seen {
                seen = true;
                self.turn.last = self.turn.last.max(fields.number(Field::Sequence).unwrap_or_default());
            }
            let kind = fields.text(Field::Type).unwrap_or_default();
            if !request_is_known {
                let request = fields.text(Field::RequestId).map(|id| id.into_owned());
                let ends = matches!(&*kind, "tool_result" | "user_message");
                if ends || request.is_some() {
                    self.turn.request = request.filter(|_| !ends);
                    request_is_known = true;
                }
            }
            if let Some(turn) = fields.text(Field::TurnId) {
                self.turn.turn = Some(turn.into_owned());
                break;
            }
        }
        Ok(())
    }
}

impl Turn {
    /// The number of the next event: one more than there are lines.
    pub(super) fn next_sequence(&self) -> u64 {
        self.last + 1
    }

    pub(super) fn turn_id(&self) -> Option<&str> {
        self.turn.as_deref()
    }

    /// The request of an event, if its type belongs to one.
    pub(super) fn request_id(&self, kind: &str) -> Option<&str> {
        self.request.as_deref().filter(|_| has_request(kind))
    }

    /// Goes on to an event, which may name its turn and its request itself. A prompt starts a turn; what a model does
    /// starts a request, if there is none.
    pub(super) fn pass(&mut self, kind: &str, turn: Option<String>, request: Option<String>, id: &str, micros: i64) {
        self.last += 1;
        let now = micros.max(self.minted + 1);
        let is_prompt = kind == "user_message";
        if is_prompt {
            self.request = None;
        }
        if turn.is_some() || is_prompt {
            self.turn = Some(turn.unwrap_or_else(|| format!("{id}:turn:{now}")));
            self.minted = now;
        }
        if request.is_some() {
            self.request = request;
        } else if has_request(kind) && self.request.is_none() {
            self.request = Some(format!("{id}:request:{now}"));
            self.minted = now;
        }
    }

    /// A result ends its request.
    pub(super) fn cleared_by(&mut self, kind: &str) {
        if kind == "tool_result" {
            self.request = None;
        }
    }
}

/// The events that come of asking a model.
fn has_request(kind: &str) -> bool {
    matches!(kind, "assistant_message" | "assistant_thinking" | "tool_call" | "tool_result" | "usage")
}

struct Lines {
    newlines: u64,
    /// There are bytes, and the last one is no newline.
    is_torn: bool,
}

/// Counts the newlines of a part of a file.
fn lines(mut file: &File, from: u64, to: u64) -> io::Result<Lines> {
    const BLOCK: usize = 1 << 20;
    let mut lines = Lines { newlines: 0, is_torn: false };
    let mut block = vec![0; BLOCK.min(usize::try_from(to - from).unwrap_or(BLOCK))];
    let mut left = to - from;
    file.seek(SeekFrom::Start(from))?;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        let block = &mut block[..length];
        file.read_exact(block)?;
        lines.newlines += memchr::memchr_iter(b'\n', block).count() as u64;
        lines.is_torn = block.last() != Some(&b'\n');
        left -= length as u64;
    }
    Ok(lines)
}

/// How many newlines there are in a part of a file.
pub(crate) fn newlines(file: &File, from: u64, to: u64) -> io::Result<u64> {
    Ok(lines(file, from, to.max(from))?.newlines)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_are_counted_with_one_that_is_torn_and_only_once() {
        let mut file = tempfile::tempfile().unwrap();
        let mut place = Place::of(&file, None, "s").unwrap();
        assert_eq!((place.turn.next_sequence(), place.is_torn), (1, false));
        for (more, next, is_torn) in [
            ("a\nb\n", 3, false),
            ("c", 4, true),
            ("", 4, true),
            ("\nd\n", 5, false),
            ("x\ny", 7, true),
            ("z\n", 7, false),
        ] {
            file.seek(SeekFrom::End(0)).unwrap();
            file.write_all(more.as_bytes()).unwrap();
            place = Place::of(&file, Some(place), "s").unwrap();
            assert_eq!((place.turn.next_sequence(), place.is_torn), (next, is_torn), "{more:?}");
            assert_eq!(Place::of(&file, None, "s").unwrap().turn.next_sequence(), next, "{more:?} from the start");
        }
    }

    #[test]
    fn turn_and_request_are_those_of_the_last_rows() {
        let mut file = tempfile::tempfile().unwrap();
        let row = |kind: &str, sequence: u64, rest: &str| {
            format!("{{\"type\":\"{kind}\",\"session_id\":\"s\",\"sequence\":{sequence}{rest}}}\n")
        };
        file.write_all(row("user_message", 7, r#","turn_id":"t1""#).as_bytes()).unwrap();
        file.write_all(row("tool_call", 8, r#","request_id":"r1""#).as_bytes()).unwrap();
        file.write_all(row("agent_notice", 9, "").as_bytes()).unwrap();
        let place = Place::of(&file, None, "s").unwrap();
        assert_eq!((place.turn.turn_id(), place.turn.request_id("tool_call")), (Some("t1"), Some("r1")));
        assert_eq!(place.turn.next_sequence(), 10);
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(row("tool_result", 10, r#","request_id":"r1""#).as_bytes()).unwrap();
        file.write_all(b"{\"type\":\"user_message\",\"session_id\":\"other\",\"turn_id\":\"t9\"}\n{torn\xc3").unwrap();
        let place = Place::of(&file, Some(place), "s").unwrap();
        assert_eq!((place.turn.turn_id(), place.turn.request_id("tool_call")), (Some("t1"), None));
        assert_eq!(place.turn.next_sequence(), 13);
    }
}
