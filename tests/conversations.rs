//! Conversations of every form that Glue wrote, each row as its version writes it, and a place to have them in.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use bstr::ByteSlice;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, output_with};

/// Of the first days: local times, calls without ids.
pub(crate) const FIRST_DAYS: &str = include_str!("conversations/first-days.jsonl");
/// As released versions write it: no `schema_version`.
pub(crate) const LEGACY: &str = include_str!("conversations/legacy.jsonl");
/// Version 1, of the session [`SID`].
pub(crate) const V1: &str = include_str!("conversations/v1.jsonl");
/// The session of [`V1`].
pub(crate) const SID: &str = "1786480000123-4242-1k9zq3f";

/// Legacy rows that a newer version went on with: the sequence goes on from the lines that are there.
pub(crate) fn mixed() -> String {
    let before = LEGACY.lines().count();
    let rows = V1.lines().map(|row| {
        let mut row: Value = serde_json::from_str(row).unwrap();
        let sequence = row["sequence"].as_u64().unwrap() + before as u64;
        row["sequence"] = sequence.into();
        row["event_id"] = format!("{SID}:{sequence}").into();
        format!("{row}\n")
    });
    format!("{LEGACY}{}", rows.collect::<String>())
}

/// A fork of [`V1`] at its fifth row: copied rows have the time of the fork, everything else of theirs stays.
pub(crate) fn fork(id: &str) -> String {
    let copied = V1.lines().take(4).map(|row| {
        let mut row: Value = serde_json::from_str(row).unwrap();
        row["timestamp"] = "2026-08-12T10:00:00.000001Z".into();
        format!("{row}\n")
    });
    let own = json!({
        "schema_version": 1, "event_id": format!("{id}:5"), "session_id": id, "timestamp": "2026-08-12T10:00:09.000000Z",
        "type": "user_message", "sequence": 5, "text": "Another way"
    });
    format!("{}{own}\n", copied.collect::<String>())
}

/// A meta.json as that version writes it.
pub(crate) fn meta(version: u64, id: &str) -> Value {
    let mut meta = json!({ "id": id, "cwd": "/w", "start_time": "2026-08-12T09:00:00.000Z", "title": "A title" });
    let mut put = |more: Value| meta.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    match version {
        1 => put(
            json!({ "model": "claude-opus-4-6", "provider": "anthropic", "start_time": "2026-02-27T10:00:00.123456" }),
        ),
        2 => put(
            json!({ "schema_version": 2, "model": "claude-opus-4-6", "provider": "anthropic", "token_count": 7, "cost": 0.5 }),
        ),
        _ => put(json!({ "schema_version": version, "model_ref": "anthropic/claude-sonnet-5", "title_source": "auto",
            "title_state": "stable", "title_generation_count": 2, "message_count": 4, "cache_read_tokens": 1 })),
    }
    if version >= 4 {
        put(json!({ "reasoning_effort": "high", "show_thoughts": true }));
    }
    if version >= 5 {
        put(json!({ "glue_version": "0.9.0", "transcript_schema_version": 1, "termination_status": "running" }));
    }
    meta
}

/// A home with a store.
pub(crate) struct Home {
    pub(crate) sandbox: Sandbox,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home { sandbox: Sandbox::new() }
    }

    pub(crate) fn dir(&self, id: &str) -> PathBuf {
        self.sandbox.home().join(".glue/sessions").join(id)
    }

    pub(crate) fn conversation(&self, id: &str) -> PathBuf {
        self.dir(id).join("conversation.jsonl")
    }

    /// A session with that meta.json and that conversation.
    pub(crate) fn put(&self, id: &str, meta: &Value, conversation: impl AsRef<[u8]>) -> PathBuf {
        let dir = self.dir(id);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("meta.json"), serde_json::to_vec_pretty(meta).unwrap()).unwrap();
        fs::write(dir.join("conversation.jsonl"), conversation).unwrap();
        dir
    }

    /// Runs `git-glue-log` on that input, which must end with that status. What it printed on both streams.
    #[track_caller]
    pub(crate) fn log(&self, code: i32, args: &[&str], input: &[u8]) -> (String, String) {
        let output: Output = output_with(self.sandbox.command("git-glue-log").args(args), input);
        let (out, err) = (output.stdout.to_str_lossy(), output.stderr.to_str_lossy());
        assert_eq!(output.status.code(), Some(code), "git-glue-log {args:?}\n--- stdout\n{out}\n--- stderr\n{err}");
        (out.into_owned(), err.into_owned())
    }

    /// What it printed, which must have gone well.
    #[track_caller]
    pub(crate) fn shown(&self, args: &[&str]) -> String {
        let (out, err) = self.log(0, args, b"");
        assert_eq!(err, "", "git-glue-log {args:?}");
        out
    }

    /// Records events into a session.
    #[track_caller]
    pub(crate) fn append(&self, id: &str, events: &str) -> String {
        self.log(0, &["append", id], events.as_bytes()).0
    }

    /// The rows of a session.
    pub(crate) fn rows(&self, id: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.conversation(id)).unwrap();
        text.lines().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    pub(crate) fn meta(&self, id: &str) -> Value {
        serde_json::from_slice(&fs::read(self.dir(id).join("meta.json")).unwrap()).unwrap()
    }
}
