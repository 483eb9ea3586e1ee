//! How a tool's call ended, as a row of the conversation tells: newer rows say it, older ones only show it.

use serde_json::Value;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    /// With what there is to say about it.
    Failed(Option<String>),
    /// It was not let, or not let finish: `denied`, `cancelled`.
    Stopped(&'static str),
    /// Nothing tells.
    Untold,
}

impl Outcome {
    /// Of a row of type `tool_result`. What a command printed last tells its exit code; of other tools it would be content.
    pub(super) fn of(row: &Value, is_command: bool) -> Outcome {
        let content = row["content"].as_str().unwrap_or_default();
        let status = row["status"].as_str().unwrap_or_default();
        if status == "denied" || content == "User denied tool execution" {
            return Outcome::Stopped("denied");
        }
        if status == "cancelled" || content == "[cancelled by user]" {
            return Outcome::Stopped("cancelled");
        }
        let printed = || is_command.then(|| printed_code(content)).flatten();
        if let Some(code) = row["metadata"]["exit_code"].as_i64().or_else(printed) {
            return if code == 0 { Outcome::Passed } else { Outcome::Failed(Some(format!("exit code {code}"))) };
        }
        if row["metadata"]["timed_out"].as_bool() == Some(true) {
            return Outcome::Failed(Some("timed out".to_owned()));
        }
        let says = row["success"].as_bool().or_else(|| row["is_error"].as_bool().map(|is_error| !is_error));
        match says {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed(None),
            None if status == "failed" || content.starts_with("Error:") || content.starts_with("Tool error:") => {
                Outcome::Failed(None)
            }
            None if status == "completed" => Outcome::Passed,
            None => Outcome::Untold,
        }
    }

    /// The protocol's word for it.
    pub(super) fn result(&self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "failed",
            Outcome::Stopped(_) | Outcome::Untold => "not_run",
        }
    }

    /// What else there is to say.
    pub(super) fn note(&self) -> Option<String> {
        match self {
            Outcome::Passed => None,
            Outcome::Failed(note) => note.clone(),
            Outcome::Stopped(how) => Some((*how).to_owned()),
            Outcome::Untold => Some("no result is recorded".to_owned()),
        }
    }

    /// Whether the call may have done what it was to do.
    pub(super) fn may_have_worked(&self) -> bool {
        matches!(self, Outcome::Passed | Outcome::Untold)
    }
}

/// The code in the last line that is printed for a command.
fn printed_code(content: &str) -> Option<i64> {
    content.trim_end().rsplit('\n').next()?.strip_prefix("Exit code: ")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_of_all_ages_tell_how_a_command_ended() {
        let failed = |note: &str| Outcome::Failed(Some(note.to_owned()));
        for (row, outcome) in [
            (json!({"success": true, "status": "completed"}), Outcome::Passed),
            (json!({"success": true, "metadata": {"exit_code": 2}}), failed("exit code 2")),
            (json!({"content": "ok\nExit code: 0\n"}), Outcome::Passed),
            (json!({"content": "no\nExit code: 101"}), failed("exit code 101")),
            (json!({"content": "Exit code: 1\nmore"}), Outcome::Untold),
            (json!({"success": false, "metadata": {"timed_out": true}}), failed("timed out")),
            (json!({"success": false, "content": "User denied tool execution"}), Outcome::Stopped("denied")),
            (json!({"status": "cancelled"}), Outcome::Stopped("cancelled")),
            (json!({"is_error": true}), Outcome::Failed(None)),
            (json!({"content": "Error: no such file"}), Outcome::Failed(None)),
            (json!({"content": 7, "metadata": [], "success": "yes"}), Outcome::Untold),
            (json!({}), Outcome::Untold),
        ] {
            assert_eq!(Outcome::of(&row, true), outcome, "{row}");
        }
        assert_eq!(Outcome::of(&json!({"content": "Exit code: 1"}), false), Outcome::Untold);
    }
}
