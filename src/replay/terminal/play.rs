//! Time: the log grows, the session plays, a search goes on. Each a little at a time, so that keys are heard in between.

use std::time::{Duration, Instant};

use super::Player;
use super::bar::Bar;
use crate::replay::{Kind, Pace};

/// What came of a [`Player::tick`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// Whether there is something new to draw.
    pub is_changed: bool,
    /// When it wants the next one.
    pub wait: Duration,
}

/// How often a log that may grow is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// More steps are not passed at once when there was no time to show them.
const MOST_AT_ONCE: usize = 200;
/// As many steps tell whether the times of a log say anything.
const SAMPLE: usize = 200;

impl Player {
    /// Goes on with what takes time, a little.
    pub fn tick(&mut self, now: Instant) -> Tick {
        let mut is_changed = self.grow(now);
        is_changed |= self.look_on();
        is_changed |= self.compare(now);
        is_changed |= self.play(now);
        if self.note.as_ref().is_some_and(|(_, since)| since.is_some_and(|since| now >= since + NOTED)) {
            self.note = None;
            is_changed = true;
        }
        if let Some((_, since @ None)) = &mut self.note {
            *since = Some(now);
        }
        let is_busy = !self.log.is_read || self.search.as_ref().is_some_and(|search| search.is_going());
        let due = self.due.map_or(LOOK, |due| due.saturating_duration_since(now).min(LOOK));
        Tick { is_changed, wait: if is_busy { Duration::ZERO } else { due } }
    }

    /// Reads on. With the playhead at the end, or on its way to a step that was not there yet, it goes along.
    fn grow(&mut self, now: Instant) -> bool {
        if self.log.is_read && self.looked.is_some_and(|looked| now < looked + LOOK) {
            return false;
        }
        self.looked = Some(now);
        let was_at_end = self.log.is_read && self.log.onward(self.at + 1, |_| true).is_none();
        let was_gone = self.log.is_gone;
        let news = self.log.renew();
        if news.is_some() {
            self.begin_again(was_at_end);
        }
        let steps = self.log.timeline.len();
        let is_changed = self.log.read_on() || self.log.is_gone != was_gone;
        if self.log.timeline.len() > steps && steps > 0 && was_at_end {
            self.follows = true;
        }
        let end = self.log.timeline.len();
        if self.follows {
            self.at = self.log.back(end, |_| true).unwrap_or(self.at);
        } else if let Some(goal) = self.goal.filter(|_| end > 0) {
            self.at = goal.min(end - 1);
            self.goal = Some(goal).filter(|&goal| goal >= end && !self.log.is_read);
            if goal >= end && self.log.is_read {
                self.note(&format!("there are {end} steps"));
            }
            self.scroll = 0;
        }
        if let Some(news) = news {
            self.note(news);
        }
        if let Some(code) = self.later.take_if(|_| self.log.is_read) {
            self.step_key(code);
        }
        is_changed
    }

    /// Forgets what was made of a log that is another one now. The playhead comes back to its step, or stays at the end.
    fn begin_again(&mut self, was_at_end: bool) {
        if !self.follows {
            self.goal.get_or_insert(self.at);
        }
        self.follows |= was_at_end;
        self.at = 0;
        (self.page, self.bar, self.compared) = (None, Bar::default(), None);
        (self.top, self.is_paced, self.due) = (0, false, None);
    }

    /// Plays on, or stops playing.
    pub(super) fn toggle_play(&mut self) {
        self.is_playing = !self.is_playing;
        self.due = None;
        if self.is_playing && self.log.is_read && self.log.onward(self.at + 1, |_| true).is_none() {
            self.go(self.log.onward(0, |_| true).unwrap_or(0));
        }
        self.find_pace();
    }

    /// What the times of the log are good for; found out when somebody wants to know.
    fn find_pace(&mut self) {
        if !std::mem::replace(&mut self.is_paced, true) {
            let first = self.at.saturating_sub(SAMPLE / 2);
            let last = self.log.timeline.len().min(first + SAMPLE);
            // What is damaged has no time, and says nothing about the others.
            let is_whole = |&step: &usize| self.log.mark(step).is_some_and(|mark| mark.kind() != Kind::Damaged);
            let steps: Vec<_> = (first..last).filter(is_whole).collect();
            let times: Vec<_> = steps.into_iter().map(|step| self.log.brief(step).and_then(|brief| brief.at)).collect();
            self.clock.pace = Pace::of(times);
        }
    }

    fn play(&mut self, now: Instant) -> bool {
        if !self.is_playing {
            return false;
        }
        self.find_pace();
        let from = self.at;
        for _ in 0..MOST_AT_ONCE {
            let due = match self.due {
                Some(due) => due,
                None => now + self.stay(),
            };
            self.due = Some(due);
            if now < due {
                return self.at != from;
            }
            match self.log.onward(self.at + 1, |_| true) {
                Some(next) => {
                    self.go_on(next);
                    self.due = Some(due + self.stay());
                }
                None => {
                    self.is_playing = !self.log.is_read;
                    self.due = None;
                    return true;
                }
            }
        }
        self.due = None;
        true
    }

    /// How long the step at the playhead stays.
    fn stay(&mut self) -> Duration {
        let next = self.log.onward(self.at + 1, |_| true).and_then(|next| self.log.brief(next));
        let here = self.log.brief(self.at);
        let bytes = here.as_ref().map_or(0, |brief| brief.bytes);
        self.clock.stay(here.and_then(|brief| brief.at), next.and_then(|brief| brief.at), bytes)
    }
}

/// How long a note stays.
const NOTED: Duration = Duration::from_secs(4);
