//! What one line, or one JSON object, says of a session. Shared by the programs that show sessions.

use serde_json::{Value, json};

use crate::session::{CaptureFile, Damage, Meta, Older, Session};

/// A session as it is listed.
pub(super) struct Summary {
    pub(super) id: String,
    pub(super) meta: Result<Meta, Damage>,
    pub(super) patch: Option<CaptureFile>,
    pub(super) older: Option<Older>,
    /// The id in meta.json, when it is another.
    pub(super) renamed_from: Option<String>,
}

impl Summary {
    /// Reads what there is to say, and no more: neither the capture nor the conversation.
    pub(super) fn of(session: &Session) -> Summary {
        let meta = session.meta();
        let patch = session.capture_file();
        let older = patch.as_ref().and_then(|_| session.sidecar()?.older);
        let renamed_from = meta.as_ref().ok().filter(|meta| session.is_renamed(meta)).map(|meta| meta.id.clone());
        Summary { id: session.id().to_owned(), meta, patch, older, renamed_from }
    }

    /// The runtime; `-` when nothing is known.
    pub(super) fn runtime(&self) -> &str {
        self.meta.as_ref().map_or("-", Meta::runtime)
    }

    /// `patch=4892 bytes`, `patch=-`; with what must be known of the patch.
    pub(super) fn patch(&self) -> String {
        let Some(patch) = &self.patch else { return "patch=-".into() };
        let truncated = if patch.truncated { " (truncated)" } else { "" };
        let older = self.older.as_ref().map_or(String::new(), |older| format!(" (older: {})", older.reason));
        format!("patch={} bytes{truncated}{older}", patch.size)
    }

    /// The title on one line; in its place, what is wrong with the session.
    pub(super) fn title(&self) -> String {
        let title = match &self.meta {
            Err(damage) => format!("(damaged: {damage})"),
            Ok(meta) => match (meta.title.as_deref().filter(|title| !title.trim().is_empty()), &meta.problems[..]) {
                (Some(title), []) => title.to_owned(),
                (None, []) => "(untitled)".into(),
                (title, problems) => {
                    format!("{} (damaged: {})", title.unwrap_or("(untitled)"), problems.join(", "))
                }
            },
        };
        let renamed = self.renamed_from.as_ref().filter(|id| !id.is_empty());
        let renamed = renamed.map_or(String::new(), |id| format!(" (was {id})"));
        one_line(&format!("{title}{renamed}"))
    }

    /// The same for programs.
    pub(super) fn to_json(&self) -> Value {
        let meta = self.meta.as_ref().ok();
        let damage = match &self.meta {
            Err(damage) => vec![damage.to_string()],
            Ok(meta) => meta.problems.clone(),
        };
        json!({
            "id": self.id,
            "title": meta.and_then(|meta| meta.title.as_deref()),
            "runtime": meta.map(Meta::runtime),
            "start_time": meta.and_then(|meta| meta.start_time.as_deref()),
            "end_time": meta.and_then(|meta| meta.end_time.as_deref()),
            "status": meta.map(Meta::status),
            "cwd": meta.map(|meta| &meta.cwd),
            "patch": self.patch.as_ref().map(|patch| json!({
                "path": patch.path.to_string_lossy(),
                "size_bytes": patch.size,
                "truncated": patch.truncated,
                "older": self.older.as_ref().map(Older::to_map),
            })),
            "damage": damage,
            "renamed_from": self.renamed_from,
        })
    }
}

/// A line break in a title would make two lines of one session, also in a pipe.
pub(super) fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ")
}
