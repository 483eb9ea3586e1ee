//! Which sandbox this is, as far as it says so itself.

use super::{Options, Workspace};
use crate::git::Error;

/// The sandbox.
pub(super) struct Runtime {
    /// `daytona`, `modal`, `sprites`, ..., or `host`.
    pub(super) id: String,
    /// The runtime's own name of it.
    pub(super) sandbox_id: Option<String>,
    /// Where the repository came from, without credentials.
    pub(super) remote_url: Option<String>,
}

/// Variables by which a sandbox can be told, and the runtime that sets them; the value is the sandbox's name there.
/// Modal: <https://modal.com/docs/guide/environment_variables>; E2B: <https://e2b.dev/docs/sandbox/environment-variables>;
/// Fly machines: <https://fly.io/docs/machines/runtime-environment/>; GitHub:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>. Daytona's is seen in its sandboxes.
const KNOWN: [(&str, &str); 9] = [
    ("DAYTONA_SANDBOX_ID", "daytona"),
    ("DAYTONA_WS_ID", "daytona"),
    ("MODAL_SANDBOX_ID", "modal"),
    ("MODAL_TASK_ID", "modal"),
    ("SPRITE_NAME", "sprites"),
    ("E2B_SANDBOX_ID", "e2b"),
    ("CODESPACE_NAME", "codespaces"),
    ("GITHUB_RUN_ID", "github-actions"),
    ("FLY_MACHINE_ID", "fly"),
];

impl Runtime {
    /// What was asked for, else what the environment says, else the host.
    pub(super) fn of(options: &Options, workspace: &Workspace) -> Result<Runtime, Error> {
        let known = KNOWN.iter().find_map(|(name, runtime)| Some((*runtime, variable(name)?)));
        let asked = asked(options);
        let sandbox_id = options.sandbox_id.clone().or_else(|| variable("GLUE_SANDBOX_ID"));
        // A name that another runtime gave is no name of the one that was asked for.
        let named = known.as_ref().filter(|(runtime, _)| asked.as_ref().is_none_or(|asked| asked == runtime));
        let sandbox_id = sandbox_id.or_else(|| named.map(|(_, name)| name.clone()));
        let id = asked.or_else(|| known.map(|(runtime, _)| runtime.to_owned())).unwrap_or_else(|| "host".to_owned());
        let url = workspace.repo.config("remote.origin.url")?;
        Ok(Runtime { id, sandbox_id, remote_url: url.map(|url| without_credentials(&url.to_string())) })
    }

    /// The agent works on the person's files, and somebody said so: there is nothing to bring home unless it is known
    /// where it began. That nothing tells of a sandbox is not enough: a clone may lie anywhere.
    pub(super) fn is_the_person_s_own(options: &Options) -> bool {
        asked(options).is_some_and(|runtime| matches!(runtime.as_str(), "host" | "docker"))
    }
}

fn asked(options: &Options) -> Option<String> {
    options.runtime.clone().or_else(|| variable("GLUE_RUNTIME"))
}

/// A variable that is set and not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `https://user:token@host/path` without `user:token@`. A bare user name of ssh is no secret and stays.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, host)) if scheme.contains("ssh") => {
            format!("{scheme}://{}@{host}{path}", user.split(':').next().unwrap_or_default())
        }
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn a_url_loses_its_credentials_and_nothing_else() {
        for (url, shown) in [
            ("https://x-access-token:ghs_1@github.com/a/b.git", "https://github.com/a/b.git"),
            ("https://tok@en@github.com/a", "https://github.com/a"),
            ("https://github.com/a@b", "https://github.com/a@b"),
            ("ssh://git:pw@host:22/a", "ssh://git@host:22/a"),
            ("git@github.com:a/b.git", "git@github.com:a/b.git"),
            ("../local", "../local"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
