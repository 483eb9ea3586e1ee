//! `meta.json`: what a session is about. All versions that Glue ever wrote (1 to 5) are read; new ones are version 5.
//!
//! A field of the wrong type costs that field and is named in [`Meta::problems`]; it stays in [`Meta::extra`] as it
//! came, like every key that this version does not know. Whether a file may be written is decided by
//! [`super::Session`].

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value};

use super::fields::{Fields, put, put_extra};
use super::sidecar::now;

/// The newest version of `meta.json` that is understood, and the one that new sessions get.
pub const META_VERSION: u64 = 5;

/// The content of a `meta.json`. Times are ISO 8601 as they stand in the file; see [`Meta::started`].
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs, reason = "the fields are Glue's, named as in its documentation of meta.json")]
pub struct Meta {
    /// Absent in version 1.
    pub schema_version: Option<u64>,
    /// The session's id. Usually the name of its directory, but copies and renames happen.
    pub id: String,
    pub glue_version: Option<String>,
    pub transcript_schema_version: Option<u64>,
    /// The directory that the session works in.
    pub cwd: String,
    /// `provider/model`. Versions 1 and 2 have `model` and `provider` instead (in `extra`): ask [`Meta::model`].
    pub model_ref: Option<String>,
    /// UTC; in version 1 local time without a zone.
    pub start_time: Option<String>,
    pub end_time: Option<String>,
    /// `running`, `completed`, `cancelled`, `failed` or `interrupted`; see [`Meta::status`].
    pub termination_status: Option<String>,
    pub title: Option<String>,
    pub title_source: Option<String>,
    pub title_state: Option<String>,
    pub title_generation_count: Option<u64>,
    pub title_generated_at: Option<String>,
    pub title_last_evaluated_at: Option<String>,
    pub title_renamed_at: Option<String>,
    pub forked_from: Option<String>,
    pub project_path: Option<String>,
    pub worktree_path: Option<String>,
    pub branch: Option<String>,
    pub base_branch: Option<String>,
    pub repo_remote: Option<String>,
    pub head_sha: Option<String>,
    pub tags: Vec<String>,
    pub pr_url: Option<String>,
    pub pr_status: Option<String>,
    pub summary: Option<String>,
    pub reasoning_effort: Option<String>,
    pub show_thoughts: Option<bool>,
    pub token_count: Option<u64>,
    pub cache_read_tokens: Option<u64>,
    pub cache_creation_tokens: Option<u64>,
    pub message_count: Option<u64>,
    /// `daytona`, `sprites`, `modal`, `docker`, `host`; absent means the host.
    pub runtime_id: Option<String>,
    pub sandbox_id: Option<String>,
    /// The commit that the sandbox started from, in hex.
    pub runtime_bootstrap_sha: Option<String>,
    pub runtime_remote_url: Option<String>,
    /// Where the patch was written: absolute, so wrong after the store moved. Only a hint.
    pub runtime_patch_path: Option<String>,
    pub runtime_closed_at: Option<String>,
    /// Keys that this version does not know or could not read, as they came.
    pub extra: Map<String, Value>,
    /// One sentence for each field that could not be read.
    pub problems: Vec<String>,
}

impl Meta {
    /// The meta of a session that starts now, as version 5.
    pub fn new(id: impl Into<String>, cwd: impl Into<String>) -> Meta {
        Meta {
            schema_version: Some(META_VERSION),
            id: id.into(),
            glue_version: Some(env!("CARGO_PKG_VERSION").into()),
            transcript_schema_version: Some(1),
            cwd: cwd.into(),
            model_ref: Some("unknown/unknown".into()),
            start_time: Some(now()),
            termination_status: Some("running".into()),
            ..Meta::default()
        }
    }

    /// Reads any version.
    ///
    /// # Errors
    /// A sentence, if `json` is not a JSON object.
    pub fn parse(json: &[u8]) -> Result<Meta, String> {
        let mut f = Fields::parse(json)?;
        let mut meta = Meta {
            schema_version: f.integer("schema_version"),
            id: f.string("id").unwrap_or_default(),
            glue_version: f.string("glue_version"),
            transcript_schema_version: f.integer("transcript_schema_version"),
            cwd: f.string("cwd").unwrap_or_default(),
            model_ref: f.string("model_ref"),
            start_time: f.string("start_time"),
            end_time: f.string("end_time"),
            termination_status: f.string("termination_status"),
            forked_from: f.string("forked_from"),
            project_path: f.string("project_path"),
            worktree_path: f.string("worktree_path"),
            branch: f.string("branch"),
            base_branch: f.string("base_branch"),
            repo_remote: f.string("repo_remote"),
            head_sha: f.string("head_sha"),
            tags: f.strings("tags"),
            pr_url: f.string("pr_url"),
            pr_status: f.string("pr_status"),
            summary: f.string("summary"),
            reasoning_effort: f.string("reasoning_effort"),
            show_thoughts: f.boolean("show_thoughts"),
            token_count: f.integer("token_count"),
            cache_read_tokens: f.integer("cache_read_tokens"),
            cache_creation_tokens: f.integer("cache_creation_tokens"),
            message_count: f.integer("message_count"),
            ..Meta::default()
        };
        meta.read_title(&mut f);
        meta.read_runtime(&mut f);
        (meta.extra, meta.problems) = f.finish();
        if meta.start_time.is_some() && meta.started().is_none() {
            meta.problems.push("`start_time` is not a time".into());
        }
        Ok(meta)
    }

    /// The file's content: pretty, two spaces, no newline at the end. The version is the one that was read.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(&self.to_map()).unwrap_or_default()
    }

    /// The same as an object, to be put into a larger answer.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        put(&mut map, "schema_version", self.schema_version);
        map.insert("id".into(), self.id.clone().into());
        put(&mut map, "glue_version", self.glue_version.clone());
        put(&mut map, "transcript_schema_version", self.transcript_schema_version);
        map.insert("cwd".into(), self.cwd.clone().into());
        put(&mut map, "model_ref", self.model_ref.clone());
        put(&mut map, "start_time", self.start_time.clone());
        put(&mut map, "end_time", self.end_time.clone());
        put(&mut map, "termination_status", self.termination_status.clone());
        put(&mut map, "forked_from", self.forked_from.clone());
        put(&mut map, "project_path", self.project_path.clone());
        put(&mut map, "worktree_path", self.worktree_path.clone());
        put(&mut map, "branch", self.branch.clone());
        put(&mut map, "base_branch", self.base_branch.clone());
        put(&mut map, "repo_remote", self.repo_remote.clone());
        put(&mut map, "head_sha", self.head_sha.clone());
        put(&mut map, "tags", (!self.tags.is_empty()).then(|| self.tags.clone()));
        put(&mut map, "pr_url", self.pr_url.clone());
        put(&mut map, "pr_status", self.pr_status.clone());
        put(&mut map, "summary", self.summary.clone());
        put(&mut map, "reasoning_effort", self.reasoning_effort.clone());
        put(&mut map, "show_thoughts", self.show_thoughts);
        put(&mut map, "token_count", self.token_count);
        put(&mut map, "cache_read_tokens", self.cache_read_tokens);
        put(&mut map, "cache_creation_tokens", self.cache_creation_tokens);
        put(&mut map, "message_count", self.message_count);
        self.put_title(&mut map);
        self.put_runtime(&mut map);
        put_extra(&mut map, &self.extra);
        map
    }

    /// The version of the file; one without `schema_version` is version 1.
    pub fn version(&self) -> u64 {
        self.schema_version.unwrap_or(1)
    }

    /// `provider/model`, whichever way the version says it; a valid `model_ref` wins whatever the version claims,
    /// because Glue 0.1 to 0.7 wrote newer bodies under old numbers.
    pub fn model(&self) -> String {
        if let Some(model_ref) = &self.model_ref {
            return model_ref.clone();
        }
        let old = |key: &str| self.extra.get(key).and_then(Value::as_str);
        let model = old("model").unwrap_or("unknown");
        if model.contains('/') { model.into() } else { format!("{}/{model}", old("provider").unwrap_or("anthropic")) }
    }

    /// When the session started. Version 1 wrote local time without a zone, which is read as UTC for want of knowing
    /// better: callers that have a directory name with a time in it go by that.
    pub fn started(&self) -> Option<Timestamp> {
        parse_time(self.start_time.as_deref()?)
    }

    /// How the session ended; where the version does not say: `completed` with an end time, else `running`.
    pub fn status(&self) -> &str {
        const KNOWN: [&str; 5] = ["running", "completed", "cancelled", "failed", "interrupted"];
        match self.termination_status.as_deref() {
            Some(status) if KNOWN.contains(&status) => status,
            _ if self.end_time.is_some() => "completed",
            _ => "running",
        }
    }

    /// The runtime, or `host`.
    pub fn runtime(&self) -> &str {
        self.runtime_id.as_deref().filter(|id| !id.is_empty()).unwrap_or("host")
    }

    fn read_title(&mut self, f: &mut Fields) {
        self.title = f.string("title");
        self.title_source = f.string("title_source");
        self.title_state = f.string("title_state");
        self.title_generation_count = f.integer("title_generation_count");
        self.title_generated_at = f.string("title_generated_at");
        self.title_last_evaluated_at = f.string("title_last_evaluated_at");
        self.title_renamed_at = f.string("title_renamed_at");
    }

    fn put_title(&self, map: &mut Map<String, Value>) {
        put(map, "title", self.title.clone());
        put(map, "title_source", self.title_source.clone());
        put(map, "title_state", self.title_state.clone());
        put(map, "title_generation_count", self.title_generation_count);
        put(map, "title_generated_at", self.title_generated_at.clone());
        put(map, "title_last_evaluated_at", self.title_last_evaluated_at.clone());
        put(map, "title_renamed_at", self.title_renamed_at.clone());
    }

    fn read_runtime(&mut self, f: &mut Fields) {
        self.runtime_id = f.string("runtime_id");
        self.sandbox_id = f.string("sandbox_id");
        self.runtime_bootstrap_sha = f.string("runtime_bootstrap_sha");
        self.runtime_remote_url = f.string("runtime_remote_url");
        self.runtime_patch_path = f.string("runtime_patch_path");
        self.runtime_closed_at = f.string("runtime_closed_at");
    }

    fn put_runtime(&self, map: &mut Map<String, Value>) {
        put(map, "runtime_id", self.runtime_id.clone());
        put(map, "sandbox_id", self.sandbox_id.clone());
        put(map, "runtime_bootstrap_sha", self.runtime_bootstrap_sha.clone());
        put(map, "runtime_remote_url", self.runtime_remote_url.clone());
        put(map, "runtime_patch_path", self.runtime_patch_path.clone());
        put(map, "runtime_closed_at", self.runtime_closed_at.clone());
    }
}

/// A time as it stands in the store's files; without a zone it is read as UTC.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    let naive = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| naive().map(|zoned| zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_names_its_model() {
        let model = |json: &str| Meta::parse(json.as_bytes()).unwrap().model();
        assert_eq!(model(r#"{"model":"claude-opus","provider":"anthropic"}"#), "anthropic/claude-opus");
        assert_eq!(model(r#"{"schema_version":2,"model":"openai/gpt","provider":"x"}"#), "openai/gpt");
        assert_eq!(model(r#"{"schema_version":2,"model":"old","model_ref":"a/new"}"#), "a/new");
        assert_eq!(model("{}"), "anthropic/unknown");
    }

    #[test]
    fn a_field_of_the_wrong_type_costs_that_field_only() {
        let meta = Meta::parse(br#"{"id":"a","title":7,"tags":["x"],"start_time":"soon"}"#).unwrap();
        assert_eq!((meta.title.as_deref(), &meta.tags[..]), (None, &["x".to_owned()][..]));
        assert_eq!(meta.problems, ["`title` is not a string", "`start_time` is not a time"]);
        assert_eq!(Meta::parse(&meta.to_json()).unwrap().extra["title"], 7);
    }

    #[test]
    fn old_files_keep_their_version_and_their_keys() {
        let json = br#"{"id":"a","cwd":"/w","model":"m","provider":"p","start_time":"2026-02-27T10:00:00.123456"}"#;
        let meta = Meta::parse(json).unwrap();
        assert_eq!(meta.version(), 1);
        assert_eq!(meta.started().unwrap().to_string(), "2026-02-27T10:00:00.123456Z");
        let again = meta.to_map();
        assert_eq!(again["provider"], "p");
        assert!(!again.contains_key("schema_version") && !again.contains_key("model_ref"));
    }

    #[test]
    fn new_ones_have_what_version_5_requires() {
        let map = Meta::new("id", "/w").to_map();
        for key in [
            "schema_version",
            "id",
            "glue_version",
            "transcript_schema_version",
            "cwd",
            "model_ref",
            "start_time",
            "termination_status",
        ] {
            assert!(map.contains_key(key), "{key}");
        }
        assert_eq!(map.len(), 8);
        assert!(!Meta::new("id", "/w").to_json().ends_with(b"\n"));
    }
}
