//! What a new session should know of a history, without its text.

use super::history::{Archives, DECISIONS, History};
use super::overview::Overview;
use super::validate::{Extent, problems_with, read_index};
use super::value::Text;
use super::{decisions, index, remembered};

/// The state of a history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The session that was written last.
    pub latest_session: String,
    /// Its archive.
    pub latest_file: String,
    /// The branch that it was on.
    pub current_branch: String,
    /// The commit that it was at.
    pub head_commit: String,
    /// What is to be done first.
    pub first_next_action: String,
    /// How the session ended.
    pub status: String,
    /// How many sessions there are.
    pub sessions: usize,
    /// How many decisions the log holds.
    pub decisions: usize,
    /// The session that it supersedes.
    pub supersedes: Option<String>,
    /// The decisions that stand.
    pub standing: Vec<String>,
    /// What is wrong with the history.
    pub problems: Vec<String>,
}

impl Status {
    /// Of a history that is there.
    pub fn of(history: &History) -> Status {
        let archives = history.archives();
        let read = Self::index(history, &archives);
        let problems = problems_with(history, &archives, &read, Extent::Newest);
        let index = read.unwrap_or_default();
        let value = |key: &str| index.head.scalar(key).unwrap_or_default().to_owned();
        let log = history.text(DECISIONS).unwrap_or_default();
        let standing = if history.path(DECISIONS).is_symlink() { Vec::new() } else { decisions::standing(&log) };
        Status {
            latest_session: value("latest_session"),
            latest_file: value("latest_file"),
            current_branch: value("current_branch"),
            head_commit: value("head_commit"),
            first_next_action: value("first_next_action"),
            status: lifecycle(&index),
            sessions: index.sessions.as_ref().map_or(0, |sessions| sessions.count),
            decisions: decisions::count(&log),
            supersedes: index
                .latest()
                .and_then(|entry| entry.get_text("supersedes"))
                .filter(|id| !id.is_empty())
                .map(Text::into_owned),
            standing,
            problems,
        }
    }

    /// What the index says: what it said the last time, where nothing has changed.
    fn index(history: &History, archives: &Archives) -> Result<Overview, String> {
        let stamp = remembered::stamp(history);
        if let Some(recalled) = stamp.as_ref().and_then(|stamp| remembered::recall(history, stamp)) {
            return Ok(recalled);
        }
        let read = read_index(history, archives)?;
        if let Some(stamp) = stamp {
            remembered::remember(history, stamp, &read);
        }
        Ok(read)
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.first_next_action.is_empty() && self.status == index::DONE
    }
}

/// The status of the latest session; of the last one, if the index does not know that.
fn lifecycle(index: &Overview) -> String {
    let entry = index.latest().or_else(|| index.sessions.as_ref()?.last.as_ref());
    entry.and_then(|entry| entry.get_text("status")).unwrap_or_default().into_owned()
}
