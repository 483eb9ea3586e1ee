//! Checks meta.json: version 5 against Glue's `meta-v5` schema, which is closed; older versions as far as they can be read.

use serde_json::{Map, Value};

use super::{Class, Findings};
use crate::log::schema::{is_model, is_time};
use crate::session::{META_VERSION, Meta, Session};

pub(super) const FILE: &str = "meta.json";

const REQUIRED: [&str; 8] = [
    "schema_version",
    "id",
    "glue_version",
    "transcript_schema_version",
    "cwd",
    "model_ref",
    "start_time",
    "termination_status",
];
const TEXTS: [&str; 17] = [
    "cwd",
    "project_path",
    "reasoning_effort",
    "forked_from",
    "worktree_path",
    "branch",
    "base_branch",
    "repo_remote",
    "head_sha",
    "title",
    "pr_status",
    "summary",
    "runtime_id",
    "sandbox_id",
    "runtime_bootstrap_sha",
    "runtime_remote_url",
    "runtime_patch_path",
];
const TIMES: [&str; 6] = [
    "start_time",
    "end_time",
    "title_generated_at",
    "title_last_evaluated_at",
    "title_renamed_at",
    "runtime_closed_at",
];
const COUNTS: [&str; 5] =
    ["title_generation_count", "token_count", "cache_read_tokens", "cache_creation_tokens", "message_count"];

/// Checks a session's meta.json. The ids by which rows may call the session.
pub(super) fn check(session: &Session, findings: &mut Findings) -> Vec<String> {
    let mut ids = vec![session.id().to_owned()];
    let meta = match session.meta() {
        Ok(meta) => meta,
        Err(damage) => {
            findings.error(None, Class::Meta, damage.to_string());
            return ids;
        }
    };
    match meta.version() {
        META_VERSION => problems(&meta.to_map()).for_each(|problem| findings.error(None, Class::Meta, problem)),
        version if version > META_VERSION => {
            let reason = format!("its version {version} is newer than {META_VERSION}: not checked");
            findings.warning(None, Class::Meta, reason);
        }
        version => older(&meta, version, findings),
    }
    if session.is_renamed(&meta) {
        let reason = format!("its id is {}, its directory is called {}", meta.id, session.id());
        findings.warning(None, Class::IdMismatch, reason);
    }
    ids.push(meta.id);
    ids
}

/// What must be there for a session to be listed at all.
fn older(meta: &Meta, version: u64, findings: &mut Findings) {
    findings.warning(None, Class::Legacy, format!("it is of version {version}"));
    meta.problems.iter().for_each(|problem| findings.error(None, Class::Meta, problem));
    if meta.id.is_empty() {
        findings.error(None, Class::Meta, "it has no `id`");
    }
    if meta.start_time.is_none() {
        findings.error(None, Class::Meta, "it has no `start_time`");
    }
}

fn problems(meta: &Map<String, Value>) -> impl Iterator<Item = String> {
    let missing = REQUIRED.iter().filter(|key| !meta.contains_key(**key)).map(|key| format!("it has no `{key}`"));
    missing.chain(meta.iter().filter_map(|(key, value)| problem(key, value)))
}

/// What is wrong with one key.
fn problem(key: &str, value: &Value) -> Option<String> {
    let text = value.as_str();
    let (fits, wanted) = match key {
        "schema_version" => (value.as_f64() == Some(5.0), "5"),
        "transcript_schema_version" => (value.as_f64() == Some(1.0), "1"),
        "id" | "glue_version" => (text.is_some_and(|text| !text.is_empty()), "a string with something in it"),
        "model_ref" => (text.is_some_and(is_model), "<provider>/<model>"),
        "show_thoughts" => (value.is_boolean(), "true or false"),
        "termination_status" => (
            one_of(text, &["running", "completed", "cancelled", "failed", "interrupted"]),
            "running, completed, cancelled, failed or interrupted",
        ),
        "title_source" => (one_of(text, &["auto", "user"]), "auto or user"),
        "title_state" => (one_of(text, &["provisional", "stable"]), "provisional or stable"),
        "pr_url" => (text.is_some_and(|url| url.contains(':')), "a URL"),
        "tags" => (are_tags(value), "a list of different strings"),
        key if TEXTS.contains(&key) => (text.is_some(), "a string"),
        key if TIMES.contains(&key) => (text.is_some_and(is_time), "a time with its zone"),
        key if COUNTS.contains(&key) => {
            (value.as_f64().is_some_and(|number| number >= 0.0 && number.fract() == 0.0), "a whole number of 0 or more")
        }
        key => return Some(format!("`{key}` is no key of version {META_VERSION}")),
    };
    (!fits).then(|| format!("`{key}` is not {wanted}"))
}

fn one_of(text: Option<&str>, known: &[&str]) -> bool {
    text.is_some_and(|text| known.contains(&text))
}

fn are_tags(value: &Value) -> bool {
    let Some(tags) = value.as_array() else { return false };
    tags.iter().all(Value::is_string) && tags.iter().enumerate().all(|(at, tag)| !tags[..at].contains(tag))
}
