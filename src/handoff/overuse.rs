//! Whether one handoff follows another too closely. No clock is read: both times stand in the handoffs.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Handoffs that are closer than this make one think.
const CLOSE: SignedDuration = SignedDuration::from_mins(30);

/// The whole minutes from `old` to `new` when there are less than thirty of them. Both are times of RFC 3339, or ISO 8601 date-times
/// without an offset; `None` when one is of another form, only one has an offset, or `new` is the earlier.
pub fn minutes_between(old: &str, new: &str) -> Option<u64> {
    let passed = match (old.parse::<Timestamp>(), new.parse::<Timestamp>()) {
        (Ok(old), Ok(new)) => new.duration_since(old),
        (Err(_), Err(_)) => local(new)?.duration_since(local(old)?),
        _ => return None,
    };
    let is_close = !passed.is_negative() && passed < CLOSE;
    is_close.then(|| u64::try_from(passed.as_mins()).ok()).flatten()
}

/// A time without an offset, as if it were in UTC: only the distance of two counts.
fn local(text: &str) -> Option<Timestamp> {
    Some(text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_is_close_counts() {
        for (old, new, minutes) in [
            ("2026-07-01T12:00:00Z", "2026-07-01T12:05:59Z", Some(5)),
            ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z", Some(0)),
            ("2026-07-01T12:00:00Z", "2026-07-01T12:29:59.999Z", Some(29)),
            ("2026-07-01T12:00:00Z", "2026-07-01T12:30:00Z", None),
            ("2026-07-01T12:00:00Z", "2026-07-01T11:59:59.9Z", None),
            ("2026-07-01T12:00:00Z", "2026-07-01T14:10:00+02:00", Some(10)),
            ("2026-07-01T23:50:00-05:00", "2026-07-02T04:51:00.5+00:00", Some(1)),
            ("2026-07-01T12:00:00", "2026-07-01T12:07:00", Some(7)),
            ("2026-07-01T12:00:00+0200", "2026-07-01T10:07:00z", Some(7)),
            ("2026-07-01", "2026-07-01T00:07:00", Some(7)),
            ("2026-07-01 12:00", "2026-07-01T12:07:00.25", Some(7)),
        ] {
            assert_eq!(minutes_between(old, new), minutes, "{old} {new}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_left_alone() {
        for (old, new) in [
            ("2026-07-01T12:00:00", "2026-07-01T12:07:00Z"),
            ("2026-07-01T12:00:00+02:00", "2026-07-01T12:07:00"),
            ("yesterday", "2026-07-01T12:07:00Z"),
            ("2026-07-01T12:00:00Z", ""),
            ("2026-13-01T12:00:00Z", "2026-13-01T12:00:00Z"),
            ("-9999-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
        ] {
            assert_eq!(minutes_between(old, new), None, "{old} {new}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(old in "[-+0-9TZ:. ]{0,30}", new: String) {
            minutes_between(&old, &new);
            minutes_between(&new, &old);
        }
    }
}
