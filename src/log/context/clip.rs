//! One turn, made shorter: of each long text the beginning and the end stay, and what is missing is said.

use serde_json::Value;

use super::turns::Turn;

/// The turn with no more than about `most` bytes of texts in it. Of very many calls, the last stay.
pub(super) fn clipped(mut turn: Turn, most: usize) -> Turn {
    const LEAST: usize = 80;
    if bytes(&turn) <= most {
        return turn;
    }
    if let Turn::Model { calls, .. } = &mut turn {
        let room = (most / (4 * LEAST)).max(1);
        calls.drain(..calls.len().saturating_sub(room));
    }
    let mut longest = most;
    while bytes(&turn) > most && longest > LEAST {
        longest /= 2;
        each_text(&mut turn, &mut |text| {
            shorten(text, longest);
        });
    }
    if bytes(&turn) > most
        && let Turn::Model { calls, .. } = &mut turn
    {
        // Arguments of many small values: what they were is not worth more than the rest.
        calls.iter_mut().for_each(|call| call.call.arguments.clear());
    }
    turn
}

/// At most `most` bytes of a text, from its start, with a sign that there was more.
pub(super) fn start_of(text: &str, most: usize) -> String {
    match text.len() <= most {
        true => text.to_owned(),
        false => format!("{}...", &text[..boundary(text, most)]),
    }
}

/// Leaves beginning and end of a text that is longer than `most` bytes. Whether it was.
pub(super) fn shorten(text: &mut String, most: usize) -> bool {
    if text.len() <= most {
        return false;
    }
    let start = boundary(text, most * 2 / 3);
    let end = (text.len() - most / 3..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    *text = format!("{}\n[{} bytes left out]\n{}", &text[..start], end - start, &text[end..]);
    true
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn bytes(turn: &Turn) -> usize {
    match turn {
        Turn::User(text) => text.len(),
        Turn::Model { text, calls } => {
            let call = |call: &super::turns::Answered| {
                let arguments: usize =
                    call.call.arguments.iter().map(|(key, value)| key.len() + bytes_of_value(value)).sum();
                let result = call.result.as_ref().map_or(0, |result| result.content.len());
                call.call.name.len() + arguments + result
            };
            text.len() + calls.iter().map(call).sum::<usize>()
        }
    }
}

fn bytes_of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(bytes_of_value).sum::<usize>() + 2,
        Value::Object(object) => object.iter().map(|(key, value)| key.len() + bytes_of_value(value)).sum::<usize>() + 2,
        _ => 8,
    }
}

fn each_text(turn: &mut Turn, change: &mut dyn FnMut(&mut String)) {
    match turn {
        Turn::User(text) => change(text),
        Turn::Model { text, calls } => {
            change(text);
            for call in calls {
                call.call.arguments.values_mut().for_each(|value| each_text_of(value, change));
                if let Some(result) = &mut call.result {
                    change(&mut result.content);
                }
            }
        }
    }
}

fn each_text_of(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| each_text_of(value, change)),
        Value::Object(object) => object.values_mut().for_each(|value| each_text_of(value, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_long_text_stay() {
        let mut text = format!("start{}end", "é".repeat(500));
        shorten(&mut text, 60);
        assert!(text.starts_with("start") && text.ends_with("end") && text.contains(" bytes left out]"), "{text}");
        assert!(text.len() < 100);
        assert_eq!(start_of("aéé", 2), "a...");
    }
}
