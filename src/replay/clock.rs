//! How long a step stays when the session is played: as long as it took, but never boringly long; at an even pace where
//! the log's times say nothing.

use std::time::Duration;

use jiff::Timestamp;

/// How a session is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Whether the log's own times count.
    pub pace: Pace,
    /// How much faster than it happened: 1 is as fast.
    pub speed: f64,
    /// The longest that a step stays, at speed 1.
    pub idle: Duration,
}

/// What a step's time goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The times in the log.
    Recorded,
    /// Its length: what is longer to read stays longer.
    Even,
}

/// How much faster or slower at a time.
const SPEEDS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// What nobody sees happen.
const SHORTEST: Duration = Duration::from_millis(40);

impl Clock {
    /// Plays as it happened, with no wait longer than two seconds.
    pub fn new(pace: Pace) -> Clock {
        Clock { pace, speed: 1.0, idle: Duration::from_secs(2) }
    }

    /// How long a step stays: from when it was written to when the next one was, or by how many bytes there are to read.
    pub fn stay(&self, at: Option<Timestamp>, next: Option<Timestamp>, bytes: usize) -> Duration {
        let recorded = at.zip(next).and_then(|(at, next)| Duration::try_from(next.duration_since(at)).ok());
        let stay = match (self.pace, recorded) {
            (Pace::Recorded, Some(took)) => took,
            _ => Duration::from_millis(600).saturating_add(Duration::from_millis(bytes.min(4000) as u64 / 4)),
        };
        stay.min(self.idle).max(SHORTEST).div_f64(self.speed)
    }

    /// The next speed.
    pub fn faster(&mut self) {
        self.speed = SPEEDS.into_iter().find(|&speed| speed > self.speed).unwrap_or(self.speed);
    }

    /// The speed before.
    pub fn slower(&mut self) {
        self.speed = SPEEDS.into_iter().rev().find(|&speed| speed < self.speed).unwrap_or(self.speed);
    }
}

impl Pace {
    /// What these times are good for: nothing where they go backwards, are missing, or all lie within a second, as in a
    /// copy of a session.
    pub fn of(times: impl IntoIterator<Item = Option<Timestamp>>) -> Pace {
        let (mut first, mut last, mut count) = (None::<Timestamp>, None, 0);
        for time in times {
            let Some(time) = time else { return Pace::Even };
            if last.is_some_and(|last| time < last) {
                return Pace::Even;
            }
            (first, last, count) = (first.or(Some(time)), Some(time), count + 1);
        }
        let spread = first.zip(last).map(|(first, last)| last.duration_since(first).as_millis());
        if count > 2 && spread.is_none_or(|spread| spread <= 1000) { Pace::Even } else { Pace::Recorded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).unwrap())
    }

    #[test]
    fn a_step_stays_as_long_as_it_took_but_not_boringly_long() {
        let mut clock = Clock::new(Pace::Recorded);
        assert_eq!(clock.stay(at(0), at(500), 9), Duration::from_millis(500));
        assert_eq!(clock.stay(at(0), at(60_000), 9), Duration::from_secs(2));
        assert_eq!(clock.stay(at(0), at(0), 9), SHORTEST);
        clock.faster();
        assert_eq!(clock.stay(at(0), at(500), 9), Duration::from_millis(250));
        (0..9).for_each(|_| clock.faster());
        assert!((clock.speed - 64.0).abs() < f64::EPSILON);
        (0..20).for_each(|_| clock.slower());
        assert!((clock.speed - 0.25).abs() < f64::EPSILON);
    }

    #[test]
    fn times_that_say_nothing_are_not_gone_by() {
        assert_eq!(Pace::of([at(0), at(900), at(5000)]), Pace::Recorded);
        assert_eq!(Pace::of([at(0), at(300), at(900)]), Pace::Even);
        assert_eq!(Pace::of([at(0), at(5000), at(4000)]), Pace::Even);
        assert_eq!(Pace::of([at(0), None, at(4000)]), Pace::Even);
        let clock = Clock::new(Pace::Even);
        assert!(clock.stay(at(0), at(9000), 2000) > clock.stay(at(0), at(9000), 10));
        assert!(clock.stay(None, None, usize::MAX) <= clock.idle);
    }
}
