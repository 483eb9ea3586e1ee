//! Where a session's capture differs from its log: files that a command, a script or a person changed, or changed back.
//!
//! | file | holds |
//! |---|---|
//! | `captured` | what the capture does to each file |
//! | `roots` | which file of the repository a name of the log means |

mod captured;
mod roots;

use std::collections::{BTreeMap, HashSet};
use std::io;

use bstr::{BString, ByteSlice};
use jiff::Timestamp;

use self::captured::{Captured, End};
use self::roots::Roots;
use super::change::Text;
use super::recover::Recovery;
use super::step::Step;
use super::timeline::Timeline;
use crate::git::ObjectFormat;
use crate::session::{Access, Capture, Conversation, Error as SessionError, Source, counted};
use crate::{mbox, patch};

/// What there is to say beside the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Beside {
    /// There is no capture.
    #[default]
    None,
    /// Why the capture cannot be compared.
    Failed(String),
    /// What it says.
    Known(Unseen),
}

/// What a capture says of the files that changed, beside what the log says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Files that are not, at the end, what the log tells.
    pub files: Vec<UnseenFile>,
    /// How many are.
    pub seen: usize,
    /// Whether the capture is cut off: then more files may be.
    pub is_cut: bool,
    /// Steps that came after the capture, which does not know of them.
    pub later: usize,
}

/// A file in which the capture differs from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenFile {
    /// From the root of the repository.
    pub path: BString,
    /// In what way.
    pub how: Difference,
    /// Lines that the capture adds to it.
    pub added: u64,
    /// Lines that it removes.
    pub removed: u64,
    /// Its part of the capture, each entry's in turn; of each the lines of the first 64 KiB.
    pub diff: BString,
    /// How many lines are left out of that.
    pub left_out: u64,
}

/// How the capture differs from the log in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The log tells of no change to it.
    Unlogged,
    /// The log tells of changes to it, and it was changed again.
    Again,
    /// Its content is what the log tells. Its mode was changed, which a log does not tell.
    Mode,
    /// The log tells of changes to it, and the capture of none.
    Undone,
}

impl Difference {
    /// What is to be said beside its name; nothing where that the log does not tell of it is all.
    pub fn remark(self) -> Option<&'static str> {
        match self {
            Difference::Unlogged => None,
            Difference::Again => Some("changed again"),
            Difference::Mode => Some("mode changed"),
            Difference::Undone => Some("undone, or ignored by git"),
        }
    }

    /// How that may have come about.
    pub fn why(self) -> &'static str {
        match self {
            Difference::Unlogged => "No step tells of it: a command or somebody changed it. This is from the capture.",
            Difference::Again => {
                "At the end it is not what the log tells: a command or somebody changed it as well. This is the whole of \
                 its change, from the capture."
            }
            Difference::Mode => {
                "Its content is what the log tells. A command or somebody changed its mode. This is the whole of its \
                 change, from the capture."
            }
            Difference::Undone => {
                "The log tells of changes to it, and the capture of none: a command or somebody undid them, or git \
                 ignores the file."
            }
        }
    }
}

/// Why it cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The capture cannot be read.
    #[error("the capture cannot be read: {0}")]
    Mbox(#[from] mbox::Error),
    /// A diff in it cannot be read.
    #[error("the capture cannot be read: {0}")]
    Patch(#[from] patch::Error),
    /// The operating system said no.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
}

/// The log up to the moment of the capture.
struct Log<'a> {
    conversation: &'a Conversation,
    timeline: &'a Timeline,
    recovery: Recovery,
    /// Behind the last step that the capture can know of.
    end: usize,
}

/// What the log tells of a file that it changed.
struct Told {
    /// None where the log does not tell enough.
    whole: Option<Text>,
    /// Whether it was removed in the end.
    is_gone: bool,
}

impl Beside {
    /// Compares the log of a session with its capture.
    pub fn of(conversation: &Conversation, timeline: &Timeline) -> Beside {
        let Some(session) = &conversation.session else { return Beside::None };
        match Capture::open(Source::Session(session.clone())) {
            Ok(capture) => match unseen(capture, conversation, timeline) {
                Ok(unseen) => Beside::Known(unseen),
                Err(error) => Beside::Failed(error.to_string()),
            },
            Err(SessionError::NoCapture { .. }) => Beside::None,
            Err(error) => Beside::Failed(error.to_string()),
        }
    }

    /// What the capture says, if there is one that can be read.
    pub fn known(&self) -> Option<&Unseen> {
        if let Beside::Known(unseen) = self { Some(unseen) } else { None }
    }

    /// The files in which the capture differs from the log.
    pub fn files(&self) -> &[UnseenFile] {
        self.known().map_or(&[], |unseen| &unseen.files)
    }

    /// What is to be said of files that the log does not tell of; before the list of them, if there are any.
    pub fn about(&self) -> String {
        let unseen = match self {
            Beside::None => return "What a command changed is not in the log, and there is no capture.".into(),
            Beside::Failed(why) => return format!("What a command changed is not in the log, and {why}."),
            Beside::Known(unseen) => unseen,
        };
        let mut parts = unseen.limits();
        match unseen.files.is_empty() {
            true if unseen.is_cut => {}
            true => parts.insert(0, "The capture has nothing that the log does not tell.".into()),
            false => {
                parts.insert(0, "What a command changed is not in the log.".into());
                parts.push("In these, the capture differs from the log:".into());
            }
        }
        parts.join(" ")
    }
}

impl Unseen {
    /// What the comparison does not reach, in sentences.
    pub fn limits(&self) -> Vec<String> {
        let cut = "The capture is cut off: what it has lost is not compared with the log.";
        let later = counted(self.later, "step of the log is", "steps of the log are");
        let later = format!("{later} later than the capture, which does not know of them.");
        [(self.is_cut, cut.to_owned()), (self.later > 0, later)]
            .into_iter()
            .filter_map(|(holds, text)| holds.then_some(text))
            .collect()
    }
}

/// Says that lines of a captured diff are not shown.
pub fn left_out(lines: u64) -> Option<String> {
    let lines = (lines > 0).then(|| counted(lines, "more line is", "more lines are"))?;
    Some(format!("{lines} in the capture; git glue-diff shows them"))
}

/// Compares a capture with the log of the same session, up to the time of the capture.
///
/// # Errors
/// When one of them cannot be read.
pub fn unseen(capture: Capture, conversation: &Conversation, timeline: &Timeline) -> Result<Unseen, Error> {
    let is_cut = capture.truncated;
    let sidecar = capture.sidecar.clone().unwrap_or_default();
    let cwd = capture.session.as_ref().and_then(|session| session.meta().ok()).map(|meta| timeline.name(&meta.cwd));
    let end = end(conversation, timeline, sidecar.captured_at.parse().ok())?;
    let captured = Captured::read(capture)?;
    let names = timeline.files().iter().map(|logged| logged.path.as_str());
    let is_captured = |path: &str| captured.files.contains_key(path.as_bytes().as_bstr());
    let roots = Roots::find(&sidecar.runtime_cwd, &cwd.unwrap_or_default(), names.clone(), is_captured);
    let places: Vec<_> = names.filter_map(|name| Some((roots.place(name)?, name))).collect();
    let mut log = Log { conversation, timeline, recovery: Recovery::default(), end };
    let mut unseen = Unseen { is_cut, later: timeline.len() - end, ..Unseen::default() };
    unseen.compare(&captured, &places, &mut log)?;
    if !is_cut {
        unseen.miss(&captured, &places, &mut log)?;
    }
    Ok(unseen)
}

impl Unseen {
    /// Takes the files of the capture.
    fn compare(&mut self, captured: &Captured, places: &[(BString, &str)], log: &mut Log) -> io::Result<()> {
        let mut logged = BTreeMap::<_, Vec<_>>::new();
        for (place, name) in places {
            logged.entry(place).or_default().push(*name);
        }
        for (path, net) in &captured.files {
            let (mut is_logged, mut is_same) = (false, false);
            for name in logged.remove(path).unwrap_or_default() {
                let told = log.told(name)?;
                is_logged |= told.is_some();
                is_same |= told.is_some_and(|told| net.end.may_be(&told));
            }
            let how = match (is_logged, is_same) {
                (_, true) if net.is_mode_changed() => Difference::Mode,
                (_, true) => {
                    self.seen += 1;
                    continue;
                }
                (true, false) => Difference::Again,
                // It is with its new name.
                (false, false) if net.is_source => continue,
                (false, false) => Difference::Unlogged,
            };
            self.files.push(UnseenFile { how, ..net.file.clone() });
        }
        Ok(())
    }

    /// Takes the files of the log that are not in the capture.
    fn miss(&mut self, captured: &Captured, places: &[(BString, &str)], log: &mut Log) -> io::Result<()> {
        let mut taken = HashSet::new();
        for (place, name) in places.iter().filter(|(place, _)| !captured.files.contains_key(place)) {
            let Some(told) = log.told(name)? else { continue };
            if told.whole.is_none_or(|text| text.before != text.after) && taken.insert(place) {
                self.files.push(UnseenFile::new(place.clone(), Difference::Undone));
            }
        }
        Ok(())
    }
}

impl Log<'_> {
    /// What the log tells of a file; none where it does not change it.
    fn told(&mut self, name: &str) -> io::Result<Option<Told>> {
        let Some(last) = self.end.checked_sub(1) else { return Ok(None) };
        let at = self.recovery.file_at(self.conversation, self.timeline, name, last)?;
        let Some(&last) = at.steps.last() else { return Ok(None) };
        let mut touches = self.timeline.touches(name).iter();
        let is_gone = touches.any(|&(step, access)| step as usize == last && access == Access::Delete);
        Ok(Some(Told { whole: at.whole, is_gone }))
    }
}

impl End {
    /// Whether the file may be what the log tells. Where one of them does not tell, there is nothing to doubt it by.
    fn may_be(&self, told: &Told) -> bool {
        match self {
            End::Gone => told.is_gone,
            _ if told.is_gone => false,
            End::AsItWas => told.whole.as_ref().is_some_and(|text| text.before == text.after),
            End::Unknown => true,
            End::Blob(id) => told.whole.as_ref().zip(ObjectFormat::of(id)).is_none_or(|(text, format)| {
                format.blob_id(text.after.as_bytes()).is_some_and(|blob| blob.as_bytes() == id.as_slice())
            }),
        }
    }
}

/// Behind the last step that was there at that time, which is the end of the log where it is not known. Steps are in the
/// order of their times; one without any is as old as the one before.
fn end(conversation: &Conversation, timeline: &Timeline, then: Option<Timestamp>) -> io::Result<usize> {
    /// So many steps without a time are passed to find one.
    const PASSED: usize = 50;
    let Some(then) = then else { return Ok(timeline.len()) };
    let (mut low, mut high) = (0, timeline.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let mut later = None;
        for step in (low..=middle).rev().take(PASSED) {
            if let Some(at) = Step::read(conversation, timeline, step)?.and_then(|step| step.at) {
                later = (at > then).then_some(step);
                break;
            }
        }
        match later {
            Some(step) => high = step,
            None => low = middle + 1,
        }
    }
    Ok(low)
}

impl UnseenFile {
    fn new(path: BString, how: Difference) -> UnseenFile {
        UnseenFile { path, how, added: 0, removed: 0, diff: BString::default(), left_out: 0 }
    }

    fn take(&mut self, diff: &[u8], left_out: u64) {
        self.diff.extend_from_slice(diff);
        self.left_out += left_out;
    }
}
