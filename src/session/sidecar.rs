//! The sidecar of a capture, `runtime.mbox.meta.json`: what the patch itself cannot say.
//!
//! Reading and writing files is the business of [`super::Session`]; this is only the JSON. The first ten keys are
//! Glue's, in its order; ours follow. Unknown keys are kept.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Bundle;
use super::fields::{Fields, put, put_extra};

/// The size cap of a capture unless the user sets another: 50 MB, in bytes.
pub const DEFAULT_CAP_BYTES: u64 = 52_428_800;

/// How many warnings are read, and of each how many bytes of its message and how many paths: a sandbox that is out to
/// flood a terminal gets no further.
const MOST_WARNINGS: usize = 1000;
const LONGEST_MESSAGE: usize = 2048;
const MOST_PATHS: usize = 20;

/// What is known about a capture. Everything in it was said by the sandbox: believe none of it without a check.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sidecar {
    /// The kind of sandbox: `daytona`, `sprites`, `modal`, `host`, ... Empty when unknown.
    pub runtime_id: String,
    /// The runtime's own name of the sandbox.
    pub sandbox_id: Option<String>,
    /// The commit that the agent started from, in hex.
    pub bootstrap_sha: Option<String>,
    /// The URL of the repository that the sandbox was made from.
    pub remote_url: Option<String>,
    /// The work tree inside the sandbox.
    pub runtime_cwd: String,
    /// `format-patch` for an mbox; Glue's oldest captures say `diff`.
    pub format: String,
    /// ISO 8601, UTC.
    pub captured_at: String,
    /// Bytes, when [`Sidecar::sha256`] is there. Glue itself counts UTF-16 units: never compare those with a file.
    pub size_bytes: u64,
    /// The capture went over the cap; the patch is not whole.
    pub truncated: bool,
    /// The cap, in bytes.
    pub truncation_cap_bytes: u64,
    /// SHA-256 of the mbox file, lower-case hex. Absent in captures by Glue and in the copy inside the mbox.
    pub sha256: Option<String>,
    /// The session that the capture belongs to.
    pub session_id: Option<String>,
    /// The session's title at the time of the capture.
    pub title: Option<String>,
    /// The tree of HEAD in the sandbox, in hex; with the next two what apply must arrive at.
    pub head_tree: Option<String>,
    /// The tree of the index in the sandbox.
    pub index_tree: Option<String>,
    /// The tree of the work tree in the sandbox, untracked files included.
    pub worktree_tree: Option<String>,
    /// How many entries the mbox holds.
    pub entries: Option<u64>,
    /// What the capture could not carry, or what deserves a look.
    pub warnings: Vec<Warning>,
    /// `sha1` or `sha256`.
    pub object_format: Option<String>,
    /// The version of git-glue that wrote the capture.
    pub glue_version: Option<String>,
    /// Whether it was proved in the sandbox, after it was written; absent when nobody tried.
    pub verified: Option<bool>,
    /// The git bundle beside the capture.
    pub bundle: Option<Bundle>,
    /// Set when a later capture was tried and could not be made: this one is what was saved before.
    pub older: Option<Older>,
    /// When all of it was applied from this store for the last time: ISO 8601, UTC. It does not travel with the capture.
    pub applied_at: Option<String>,
    /// Keys that this version does not know, as they came.
    pub extra: Map<String, Value>,
}

/// One thing that the capture could not carry, or that deserves a look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Warning {
    /// A stable word for programs, such as `nestedRepository`.
    pub kind: String,
    /// One sentence for people.
    pub message: String,
    /// The paths it is about, C-quoted as git does where they are not plain text.
    pub paths: Vec<String>,
    /// Keys that this version does not know, as they came.
    pub extra: Map<String, Value>,
}

/// Why a capture is not the newest state of its session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Older {
    /// The reason why no newer capture could be made: `noBootstrapSha`, `gitFailed`, `executorDead`, `runtimeNotGit`...
    pub reason: String,
    /// When that was noticed: ISO 8601, UTC.
    pub since: String,
}

impl Sidecar {
    /// Reads a sidecar, Glue's own included. A field of the wrong type is treated as absent (and kept in `extra`).
    ///
    /// # Errors
    /// A sentence, if `json` is not a JSON object.
    pub fn parse(json: &[u8]) -> Result<Sidecar, String> {
        let mut f = Fields::parse(json)?;
        let mut sidecar = Sidecar {
            runtime_id: f.string("runtime_id").unwrap_or_default(),
            sandbox_id: f.string("sandbox_id"),
            bootstrap_sha: f.string("bootstrap_sha"),
            remote_url: f.string("remote_url"),
            runtime_cwd: f.string("runtime_cwd").unwrap_or_default(),
            format: f.string("format").unwrap_or_default(),
            captured_at: f.string("captured_at").unwrap_or_default(),
            size_bytes: f.integer("size_bytes").unwrap_or_default(),
            truncated: f.boolean("truncated").unwrap_or_default(),
            truncation_cap_bytes: f.integer("truncation_cap_bytes").unwrap_or(DEFAULT_CAP_BYTES),
            sha256: f.string("sha256"),
            session_id: f.string("session_id"),
            title: f.string("title"),
            head_tree: f.string("head_tree"),
            index_tree: f.string("index_tree"),
            worktree_tree: f.string("worktree_tree"),
            entries: f.integer("entries"),
            warnings: f.objects("warnings", MOST_WARNINGS).into_iter().map(Warning::read).collect(),
            object_format: f.string("object_format"),
            glue_version: f.string("glue_version"),
            verified: f.boolean("verified"),
            bundle: f.object("bundle").map(Bundle::read),
            older: f.object("older").map(Older::read),
            applied_at: f.string("applied_at"),
            extra: Map::new(),
        };
        (sidecar.extra, _) = f.finish();
        Ok(sidecar)
    }

    /// The file's content: one compact line and a newline, Glue's keys first and in its order.
    pub fn to_json(&self) -> Vec<u8> {
        let mut line = Value::Object(self.to_map()).to_string().into_bytes();
        line.push(b'\n');
        line
    }

    /// The same as an object, to be put into a larger answer.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("runtime_id".into(), self.runtime_id.clone().into());
        map.insert("sandbox_id".into(), self.sandbox_id.clone().into());
        map.insert("bootstrap_sha".into(), self.bootstrap_sha.clone().into());
        map.insert("remote_url".into(), self.remote_url.clone().into());
        map.insert("runtime_cwd".into(), self.runtime_cwd.clone().into());
        map.insert("format".into(), self.format.clone().into());
        map.insert("captured_at".into(), self.captured_at.clone().into());
        map.insert("size_bytes".into(), self.size_bytes.into());
        map.insert("truncated".into(), self.truncated.into());
        map.insert("truncation_cap_bytes".into(), self.truncation_cap_bytes.into());
        put(&mut map, "sha256", self.sha256.clone());
        put(&mut map, "session_id", self.session_id.clone());
        put(&mut map, "title", self.title.clone());
        put(&mut map, "head_tree", self.head_tree.clone());
        put(&mut map, "index_tree", self.index_tree.clone());
        put(&mut map, "worktree_tree", self.worktree_tree.clone());
        put(&mut map, "entries", self.entries);
        if !self.warnings.is_empty() {
            let warnings: Vec<Value> = self.warnings.iter().map(|w| w.to_map().into()).collect();
            map.insert("warnings".into(), warnings.into());
        }
        put(&mut map, "object_format", self.object_format.clone());
        put(&mut map, "glue_version", self.glue_version.clone());
        put(&mut map, "verified", self.verified);
        put(&mut map, "bundle", self.bundle.as_ref().map(Bundle::to_map));
        put(&mut map, "older", self.older.as_ref().map(Older::to_map));
        put(&mut map, "applied_at", self.applied_at.clone());
        put_extra(&mut map, &self.extra);
        map
    }
}

impl Warning {
    /// A warning about `paths` (already C-quoted where needed).
    pub fn new(kind: impl Into<String>, message: impl Into<String>, paths: Vec<String>) -> Warning {
        Warning { kind: kind.into(), message: message.into(), paths, extra: Map::new() }
    }

    /// As it stands in the sidecar's JSON.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("kind".into(), self.kind.clone().into());
        map.insert("message".into(), self.message.clone().into());
        if !self.paths.is_empty() {
            map.insert("paths".into(), self.paths.clone().into());
        }
        put_extra(&mut map, &self.extra);
        map
    }

    fn read(map: Map<String, Value>) -> Warning {
        let mut f = Fields::from(map);
        let kind = f.string("kind").unwrap_or_default();
        let mut message = f.string("message").unwrap_or_default();
        if message.len() > LONGEST_MESSAGE {
            let end = (0..=LONGEST_MESSAGE).rev().find(|&at| message.is_char_boundary(at));
            message.truncate(end.unwrap_or(0));
            message += "...";
        }
        let mut paths = f.strings("paths");
        paths.truncate(MOST_PATHS);
        Warning { kind, message, paths, extra: f.finish().0 }
    }
}

impl Older {
    /// Noticed now.
    pub fn now(reason: impl Into<String>) -> Older {
        Older { reason: reason.into(), since: now() }
    }

    /// As it stands in the sidecar's JSON.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("reason".into(), self.reason.clone().into());
        map.insert("since".into(), self.since.clone().into());
        map
    }

    fn read(map: Map<String, Value>) -> Older {
        let mut f = Fields::from(map);
        Older { reason: f.string("reason").unwrap_or_default(), since: f.string("since").unwrap_or_default() }
    }
}

/// The time as the store writes it: ISO 8601, UTC, milliseconds, `Z`.
pub fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLUES: &str = concat!(
        r#"{"runtime_id":"daytona","sandbox_id":"sb-abc123","bootstrap_sha":"deadbeef","remote_url":null,"#,
        r#""runtime_cwd":"/workspace","format":"format-patch","captured_at":"2026-05-19T10:24:00.000Z","#,
        r#""size_bytes":4892,"truncated":false,"truncation_cap_bytes":52428800}"#,
        "\n"
    );

    #[test]
    fn glues_own_sidecar_survives_unchanged() {
        let sidecar = Sidecar::parse(GLUES.as_bytes()).unwrap();
        assert_eq!(sidecar.sandbox_id.as_deref(), Some("sb-abc123"));
        assert_eq!(sidecar.sha256, None);
        assert_eq!(String::from_utf8(sidecar.to_json()).unwrap(), GLUES);
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_kept() {
        let json = br#"{"runtime_id":7,"later":{"x":[1]},"warnings":[{"kind":"k","message":"m","n":3}]}"#;
        let sidecar = Sidecar::parse(json).unwrap();
        assert_eq!(sidecar.warnings[0].extra["n"], 3);
        let again = Sidecar::parse(&sidecar.to_json()).unwrap();
        assert_eq!(again.extra["later"]["x"][0], 1);
        assert_eq!(again.warnings, sidecar.warnings);
    }

    #[test]
    fn a_flood_of_warnings_is_cut() {
        let warning = serde_json::json!({"kind": "k", "message": "\u{e9}".repeat(3000), "paths": vec!["p"; 50]});
        let json = serde_json::json!({"warnings": vec![warning; 1500]}).to_string();
        let warnings = Sidecar::parse(json.as_bytes()).unwrap().warnings;
        assert_eq!(warnings.len(), 1000);
        assert!(warnings[0].message.len() <= 2051 && warnings[0].paths.len() == 20, "{:?}", warnings[0]);
    }

    #[test]
    fn garbage_is_an_error_and_no_panic() {
        for json in ["", "[]", "null", "{", "\u{feff}{}", &"[".repeat(100_000)] {
            assert!(Sidecar::parse(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn our_times_have_glues_form() {
        let now = now();
        assert_eq!(now.len(), "2026-05-19T10:24:00.000Z".len(), "{now}");
        assert!(now.ends_with('Z'));
    }
}
