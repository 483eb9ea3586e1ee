//! Version 1 of Glue's events, written down after its schema: what a row must have, and what else it may have.

use serde_json::Value;

const COMMON: [&str; 8] =
    ["schema_version", "event_id", "session_id", "timestamp", "type", "sequence", "turn_id", "request_id"];
const TYPES: [(&str, &[&str], &[&str]); 11] = [
    ("user_message", &["text"], &[]),
    ("assistant_message", &["text", "model_ref"], &["stop_reason"]),
    ("assistant_thinking", &["text", "model_ref"], &[]),
    ("tool_call", &["id", "name", "arguments"], &[]),
    ("tool_result", &["call_id", "content", "success", "status"], &["summary", "metadata"]),
    (
        "usage",
        &["role", "model_ref", "input_tokens", "output_tokens", "turn_count"],
        &["cache_read_tokens", "cache_creation_tokens", "reasoning_tokens", "subagent_id"],
    ),
    ("title_generated", &["title"], &[]),
    ("agent_notice", &["kind", "message"], &[]),
    ("subagent_spawned", &["subagent_id", "task", "depth", "model_ref"], &["parent_subagent_id", "index", "total"]),
    ("subagent_event", &["subagent_id", "inner"], &[]),
    ("subagent_completed", &["subagent_id", "status", "duration_ms"], &["error"]),
];

/// Panics unless every row is one that Glue's own validator takes, or one without a version, which it passes over.
pub(super) fn check(session: &str, rows: &[Value]) {
    check_each(session, rows);
    let mut seen = std::collections::HashSet::new();
    for row in rows {
        match row["type"].as_str() {
            Some("tool_call") => assert!(seen.insert(row["id"].clone()), "{row}"),
            Some("tool_result") => assert!(seen.contains(&row["call_id"]), "a result before its call: {row}"),
            _ => {}
        }
    }
}

/// The same without a look at what belongs together.
pub(super) fn check_each(session: &str, rows: &[Value]) {
    for (number, row) in rows.iter().enumerate() {
        let object = row.as_object().expect("an object");
        let stamp = row["timestamp"].as_str().expect("a timestamp");
        assert!(stamp.ends_with('Z') && stamp.len() == "2026-08-12T09:00:00.000000Z".len(), "{row}");
        let kind = row["type"].as_str().expect("a type");
        if row.get("schema_version").is_none() {
            assert!(kind.contains('.') && object.len() == 3 && row.get("original").is_some(), "{row}");
            continue;
        }
        let sequence = number as u64 + 1;
        assert_eq!((row["schema_version"].as_u64(), row["sequence"].as_u64()), (Some(1), Some(sequence)), "{row}");
        assert_eq!(row["session_id"], session, "{row}");
        assert_eq!(row["event_id"], format!("{session}:{sequence}"), "{row}");
        let (_, required, optional) =
            TYPES.iter().find(|(name, _, _)| *name == kind).unwrap_or_else(|| panic!("{row}"));
        assert!(required.iter().all(|key| object.contains_key(*key)), "{row}");
        for key in object.keys().map(String::as_str).filter(|key| !COMMON.contains(key)) {
            assert!(required.contains(&key) || optional.contains(&key), "`{key}`: {row}");
        }
        if let Some(model) = row.get("model_ref") {
            let model = model.as_str().unwrap();
            assert!(
                model.split_once('/').is_some_and(|(provider, name)| !provider.is_empty() && !name.is_empty()),
                "{row}"
            );
        }
        match kind {
            "tool_call" => assert!(row["arguments"].is_object() && row["id"].is_string(), "{row}"),
            "tool_result" => {
                assert!(
                    ["completed", "failed", "cancelled", "denied"].contains(&row["status"].as_str().unwrap()),
                    "{row}"
                );
            }
            _ => {}
        }
    }
}
