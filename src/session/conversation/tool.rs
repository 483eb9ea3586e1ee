//! What a call of a tool is about, whatever the agent calls its tools: files that it reads or changes, a command that it
//! runs.

use serde_json::Value;

use super::{Call, patch};

/// What a call does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It looks at it.
    Read,
    /// It changes a part of it.
    Edit,
    /// It gives it a whole new content.
    Write,
    /// It removes it.
    Delete,
}

impl Access {
    /// Whether the file is another one afterwards.
    pub fn is_change(self) -> bool {
        self != Access::Read
    }

    /// What a call does with a file that does this with it first, and then `next`.
    pub fn and_then(self, next: Access) -> Access {
        match (self, next) {
            (Access::Edit | Access::Write, Access::Read | Access::Edit) | (Access::Delete, Access::Read) => self,
            (_, next) => next,
        }
    }
}

/// Tools by what they do with a file, in lower case: of Glue, Claude Code, Codex, Gemini CLI and OpenCode.
const FILE_TOOLS: [(&str, Access); 14] = [
    ("read_file", Access::Read),
    ("read", Access::Read),
    ("view", Access::Read),
    ("write_file", Access::Write),
    ("write", Access::Write),
    ("create", Access::Write),
    ("create_file", Access::Write),
    ("edit_file", Access::Edit),
    ("edit", Access::Edit),
    ("multiedit", Access::Edit),
    ("notebookedit", Access::Edit),
    ("replace", Access::Edit),
    ("str_replace", Access::Edit),
    ("str_replace_editor", Access::Edit),
];
const COMMAND_TOOLS: [&str; 6] =
    ["bash", "shell", "exec_command", "run_shell_command", "local_shell", "local_shell_call"];
const PATHS: [&str; 4] = ["path", "file_path", "filePath", "notebook_path"];

impl Call {
    /// The files that it is about, as it names them.
    pub fn files(&self) -> Vec<(Access, &str)> {
        let tool = self.name.to_ascii_lowercase();
        if tool == "apply_patch" {
            return patch::files(&self.sections());
        }
        // The editor of Anthropic's is several tools in one.
        let tool = match self.arguments.get("command").and_then(Value::as_str) {
            Some(command @ ("view" | "create")) if tool == "str_replace_editor" => command,
            _ => &*tool,
        };
        let access = FILE_TOOLS.iter().find(|(name, _)| *name == tool).map(|(_, access)| *access);
        let path = PATHS.iter().find_map(|key| self.arguments.get(*key)?.as_str());
        access.zip(path).into_iter().collect()
    }

    /// The command that it runs: a text, or its words with spaces between them.
    pub fn command(&self) -> Option<String> {
        if !COMMAND_TOOLS.contains(&self.name.to_ascii_lowercase().as_str()) {
            return None;
        }
        match ["command", "cmd"].into_iter().find_map(|key| self.arguments.get(key))? {
            Value::String(command) => Some(command.clone()),
            Value::Array(words) => Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(name: &str, arguments: Value) -> Call {
        Call { id: None, name: name.into(), arguments: arguments.as_object().cloned().unwrap_or_default() }
    }

    #[test]
    fn files_are_known_by_tool_and_argument() {
        for (name, arguments, wanted) in [
            ("read_file", json!({"path": "a"}), vec![(Access::Read, "a")]),
            ("Edit", json!({"file_path": "/w/b"}), vec![(Access::Edit, "/w/b")]),
            ("write", json!({"filePath": "c", "content": ""}), vec![(Access::Write, "c")]),
            ("edit_file", json!({"path": 7}), vec![]),
            ("grep", json!({"path": "src"}), vec![]),
            ("str_replace_editor", json!({"command": "view", "path": "v"}), vec![(Access::Read, "v")]),
            ("str_replace_editor", json!({"command": "create", "path": "c"}), vec![(Access::Write, "c")]),
            ("str_replace_editor", json!({"command": "str_replace", "path": "e"}), vec![(Access::Edit, "e")]),
        ] {
            assert_eq!(call(name, arguments).files(), wanted, "{name}");
        }
    }

    #[test]
    fn commands_are_texts_or_words() {
        assert_eq!(call("bash", json!({"command": "ls -l"})).command().as_deref(), Some("ls -l"));
        assert_eq!(call("shell", json!({"command": ["ls", "-l"]})).command().as_deref(), Some("ls -l"));
        assert_eq!(call("exec_command", json!({"cmd": "pwd"})).command().as_deref(), Some("pwd"));
        assert_eq!(call("bash", json!({"command": {}})).command(), None);
        assert_eq!(call("grep", json!({"command": "x"})).command(), None);
    }
}
