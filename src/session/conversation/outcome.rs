//! How a tool's call ended, as its result tells: newer rows say it, older ones only show it.

use serde_json::Value;

use super::CallResult;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was to do.
    Passed,
    /// It did not; with what there is to say about it.
    Failed(Option<String>),
    /// It was not let, or not let finish: `denied`, `cancelled`.
    Stopped(&'static str),
    /// Nothing tells.
    Untold,
}

impl Outcome {
    /// What a result tells. What a command printed last tells its exit code; of other tools it would be content.
    pub fn of(result: &CallResult, is_command: bool) -> Outcome {
        let content = result.content.as_str();
        let status = result.status.as_deref().unwrap_or_default();
        if status == "denied" || content == "User denied tool execution" {
            return Outcome::Stopped("denied");
        }
        if status == "cancelled" || content == "[cancelled by user]" {
            return Outcome::Stopped("cancelled");
        }
        let told = |key: &str| result.metadata.get(key);
        let printed = || is_command.then(|| printed_code(content)).flatten();
        if let Some(code) = told("exit_code").and_then(Value::as_i64).or_else(printed) {
            return if code == 0 { Outcome::Passed } else { Outcome::Failed(Some(format!("exit code {code}"))) };
        }
        if told("timed_out").and_then(Value::as_bool) == Some(true) {
            return Outcome::Failed(Some("timed out".to_owned()));
        }
        match result.success {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed(None),
            None if status == "failed" || content.starts_with("Error:") || content.starts_with("Tool error:") => {
                Outcome::Failed(None)
            }
            None if status == "completed" => Outcome::Passed,
            None => Outcome::Untold,
        }
    }

    /// Whether the call may have done what it was to do.
    pub fn may_have_worked(&self) -> bool {
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
    use crate::session::{Body, Event};

    fn outcome(row: &str, is_command: bool) -> Outcome {
        let row = format!(r#"{{"type":"tool_result",{}"#, &row[1..]);
        let Some(Event { body: Body::ToolResult(result), .. }) = Event::parse(row.as_bytes()) else { panic!("{row}") };
        Outcome::of(&result, is_command)
    }

    #[test]
    fn rows_of_all_ages_tell_how_a_command_ended() {
        let failed = |note: &str| Outcome::Failed(Some(note.to_owned()));
        for (row, wanted) in [
            (r#"{"success": true, "status": "completed"}"#, Outcome::Passed),
            (r#"{"success": true, "metadata": {"exit_code": 2}}"#, failed("exit code 2")),
            (r#"{"content": "ok\nExit code: 0\n"}"#, Outcome::Passed),
            (r#"{"content": "no\nExit code: 101"}"#, failed("exit code 101")),
            (r#"{"content": "Exit code: 1\nmore"}"#, Outcome::Untold),
            (r#"{"success": false, "metadata": {"timed_out": true}}"#, failed("timed out")),
            (r#"{"success": false, "content": "User denied tool execution"}"#, Outcome::Stopped("denied")),
            (r#"{"status": "cancelled"}"#, Outcome::Stopped("cancelled")),
            (r#"{"is_error": true}"#, Outcome::Failed(None)),
            (r#"{"content": "Error: no such file"}"#, Outcome::Failed(None)),
            (r#"{"content": 7, "metadata": [], "success": "yes"}"#, Outcome::Untold),
            (r#"{"name": "skill"}"#, Outcome::Untold),
        ] {
            assert_eq!(outcome(row, true), wanted, "{row}");
        }
        assert_eq!(outcome(r#"{"content": "Exit code: 1"}"#, false), Outcome::Untold);
    }
}
