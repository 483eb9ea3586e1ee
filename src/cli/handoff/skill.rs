//! `glue-handoff skill`: the skill in an agent's own folder, put there, looked at, taken away.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use serde_json::json;

use crate::cli::{Exit, Failure, Ui};
use crate::handoff::skill::{Agent, Error, Plan};

/// Install, show or remove the skill that agents freeze and resume with
///
/// A skill is a folder that an agent finds by itself: in a repository, for everybody who works there, or in your home
/// directory, for all of your work. With it, `/glue`, `/freeze`, `/handoff`, `/checkpoint` and plain words do what this
/// program's manual says.
///
/// Only the files of the skill are written and removed. A folder that holds anything else is left alone, and so are
/// instruction files such as AGENTS.md and CLAUDE.md.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
    Show(Show),
    Install(Install),
    Uninstall(Uninstall),
}

/// List the agents that there is a skill for
#[derive(Debug, clap::Args)]
struct List {}

/// Print where the skill of an agent goes, and what it says
#[derive(Debug, clap::Args)]
struct Show {
    /// The agent
    #[arg(value_name = "agent")]
    agent: Agent,

    /// The repository
    #[arg(long, value_name = "dir", default_value = ".", value_parser = super::directory(), value_hint = clap::ValueHint::DirPath)]
    repo_root: PathBuf,
}

/// Install the skill of an agent
///
/// All files are written, or none: a failure leaves what was there.
#[derive(Debug, clap::Args)]
struct Install {
    #[command(flatten)]
    place: Place,

    /// Take the place of a skill that is there
    ///
    /// Refused when its folder holds anything else than files of the skill.
    #[arg(long)]
    replace: bool,
}

/// Remove the skill of an agent
///
/// Its files go, then the folders that are empty without them, up to its own. Refused when its folder holds anything
/// else.
#[derive(Debug, clap::Args)]
struct Uninstall {
    #[command(flatten)]
    place: Place,
}

/// What install and uninstall have in common.
#[derive(Debug, clap::Args)]
struct Place {
    /// The agent
    #[arg(value_name = "agent")]
    agent: Agent,

    /// Whose skill it is
    #[arg(long, value_name = "scope", default_value = "repo")]
    scope: Scope,

    /// The repository
    #[arg(long, value_name = "dir", default_value = ".", value_parser = super::directory(), value_hint = clap::ValueHint::DirPath)]
    repo_root: PathBuf,

    /// Change nothing, say what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Scope {
    /// The repository's
    Repo,
    /// Yours, in your home directory
    User,
}

impl clap::ValueEnum for Agent {
    fn value_variants<'a>() -> &'a [Agent] {
        &Agent::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Agent::Codex => "OpenAI Codex, below .agents/skills",
            Agent::Claude => "Claude Code, below .claude/skills",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Scope::Repo => "repo",
            Scope::User => "user",
        }
    }
}

impl Place {
    fn root(&self) -> Result<PathBuf, Failure> {
        match self.scope {
            Scope::Repo => Ok(self.repo_root.clone()),
            Scope::User => home().ok_or_else(|| {
                let failure = Failure::new(Exit::Failed, "no-home", "HOME is not set, so there is no skill of yours");
                failure.hint("set HOME, or install into a repository")
            }),
        }
    }
}

/// A HOME that is set to nothing says that there is none.
fn home() -> Option<PathBuf> {
    let named = std::env::var_os("HOME").map_or_else(std::env::home_dir, |home| Some(home.into()));
    named.filter(|home| !home.as_os_str().is_empty())
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match args.command {
        Command::List(List {}) => list(ui),
        Command::Show(args) => show(&args, ui),
        Command::Install(args) => install(&args, ui),
        Command::Uninstall(args) => uninstall(&args, ui),
    }?;
    Ok(Exit::Done)
}

fn list(ui: &mut Ui) -> Result<(), Failure> {
    let agents = Agent::ALL.map(Agent::name);
    if ui.json {
        let skills: Vec<_> = agents.iter().map(|agent| json!({"agent": agent, "bundled": true})).collect();
        return ui.object(json!({ "skills": skills }));
    }
    agents.iter().try_for_each(|agent| ui.line(format!("{agent}: bundled skill present")))
}

fn show(args: &Show, ui: &mut Ui) -> Result<(), Failure> {
    let agent = args.agent;
    let repo = agent.folder(&args.repo_root);
    let user = agent.folder(&home().unwrap_or_else(|| "~".into()));
    if ui.json {
        return ui.object(json!({
            "agent": agent.name(),
            "repo_target": repo.to_string_lossy(),
            "user_target": user.to_string_lossy(),
            "bundled": true,
            "skill": agent.skill(),
        }));
    }
    ui.line(format!("agent: {}", agent.name()))?;
    ui.line(with_path("repo target: ", &repo))?;
    ui.line(with_path("user target: ", &user))?;
    ui.line("bundled skill: present")?;
    ui.line("--- SKILL.md ---")?;
    ui.raw(agent.skill())
}

fn install(args: &Install, ui: &mut Ui) -> Result<(), Failure> {
    let place = &args.place;
    let agent = place.agent;
    let plan = Plan::install(agent, &place.root()?, args.replace)?;
    carry_out(&plan, "install", place, ui)?;
    if !ui.json && !place.dry_run {
        let text = format!("glue-handoff skill install: installed {} skill into ", agent.name());
        ui.line(with_path(&text, plan.target()))?;
    }
    Ok(())
}

fn uninstall(args: &Uninstall, ui: &mut Ui) -> Result<(), Failure> {
    let place = &args.place;
    let (agent, root) = (place.agent, place.root()?);
    let Some(plan) = Plan::uninstall(agent, &root)? else {
        let target = agent.folder(&root);
        if ui.json {
            return object(place, &target, &[], &[], ui);
        }
        let text = with_path("glue-handoff skill uninstall: no skill installed at ", &target);
        return ui.line([&text[..], " — nothing to remove".as_bytes()].concat());
    };
    carry_out(&plan, "uninstall", place, ui)?;
    if !ui.json && !place.dry_run {
        let text = format!("glue-handoff skill uninstall: removed {} skill from ", agent.name());
        ui.line(with_path(&text, plan.target()))?;
    }
    Ok(())
}

/// Says what is going to be done, then does it, unless only the former is wanted.
fn carry_out(plan: &Plan, command: &str, place: &Place, ui: &mut Ui) -> Result<(), Failure> {
    let written = plan.written();
    if !ui.json {
        let mut target = with_path(&format!("glue-handoff skill {command}: target "), plan.target());
        target.extend_from_slice(if place.dry_run { " (dry-run — nothing changed)".as_bytes() } else { b"" });
        ui.line(target)?;
        let would = if place.dry_run { "would " } else { "" };
        for path in plan.removed() {
            ui.line(with_path(&format!("  {would}remove "), path))?;
        }
        for path in &written {
            ui.line(with_path(&format!("  {would}write "), path))?;
        }
    }
    if !place.dry_run {
        plan.carry_out()?;
    }
    if ui.json { object(place, plan.target(), plan.removed(), &written, ui) } else { Ok(()) }
}

fn object(place: &Place, target: &Path, removed: &[PathBuf], written: &[PathBuf], ui: &mut Ui) -> Result<(), Failure> {
    let names = |paths: &[PathBuf]| paths.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>();
    ui.object(json!({
        "agent": place.agent.name(),
        "scope": place.scope.name(),
        "target": target.to_string_lossy(),
        "dry_run": place.dry_run,
        "removed": names(removed),
        "written": names(written),
    }))
}

/// A text with a path after it, whose bytes stay as they are.
fn with_path(text: &str, path: &Path) -> Vec<u8> {
    [text.as_bytes(), path.as_os_str().as_encoded_bytes()].concat()
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let kind = match &error {
            Error::NoRoot { .. } => "no-directory",
            Error::Link { .. } => "symlink",
            Error::NotFolder { .. } | Error::NotFile { .. } => "in-the-way",
            Error::Exists { .. } => "skill-exists",
            Error::Unmanaged { .. } => "unmanaged-files",
            Error::Outside { .. } => "outside",
            Error::Io { .. } => "io",
        };
        let failure = Failure::new(Exit::Failed, kind, error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
