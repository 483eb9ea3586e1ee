//! Ages as people read and type them.

use std::time::Duration;

use jiff::Timestamp;

const DAY: u64 = 24 * 60 * 60;
const UNITS: [(char, u64); 6] = [('s', 1), ('m', 60), ('h', 60 * 60), ('d', DAY), ('w', 7 * DAY), ('y', 365 * DAY)];

/// How long ago that was: `5m`, `3h`, `12d`, `2y`; `-` when it is not known. What is to come is `0s`.
pub(super) fn age_text(time: Option<Timestamp>) -> String {
    let Some(seconds) = time.map(seconds_since) else { return "-".to_owned() };
    let shown = UNITS.iter().filter(|(unit, _)| *unit != 'w').rev();
    let (unit, length) = shown.into_iter().find(|(_, length)| seconds >= *length).unwrap_or(&UNITS[0]);
    format!("{}{unit}", seconds / length)
}

/// How many seconds ago that was.
pub(super) fn seconds_since(time: Timestamp) -> u64 {
    u64::try_from(Timestamp::now().as_second() - time.as_second()).unwrap_or(0)
}

/// `30d`, `12h`, `2w`, `1y`. A number alone could mean anything.
pub(super) fn parse_age(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, last)) if !last.is_ascii_digit() => (&text[..at], last),
        Some(_) => return Err(format!("it needs a unit, such as {text}d: s, m, h, d, w or y")),
        None => (text, ' '),
    };
    let length = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, length)| *length);
    let seconds = length.zip(number.parse::<u64>().ok()).and_then(|(length, number)| number.checked_mul(length));
    seconds.map(Duration::from_secs).ok_or_else(|| "not an age such as 30d, 12h, 2w or 1y".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_numbers_with_a_unit() {
        let days = |days| Ok(Duration::from_secs(days * DAY));
        for (text, wanted) in [("30d", days(30)), ("2w", days(14)), ("24h", days(1)), ("1y", days(365))] {
            assert_eq!(parse_age(text), wanted, "{text}");
        }
        for text in ["", "d", "30", "-1d", "3 d", "1.5d", "3q", "3é", "99999999999999999999y", "9999999999999999y"] {
            assert!(parse_age(text).is_err(), "{text}");
        }
        let ago = |seconds| Some(Timestamp::from_second(Timestamp::now().as_second() - seconds).unwrap());
        for (time, wanted) in [(None, "-"), (ago(-60), "0s"), (ago(70), "1m"), (ago(86_400 * 20), "20d")] {
            assert_eq!(age_text(time), wanted);
        }
    }
}
