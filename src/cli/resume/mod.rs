//! `git glue-resume`: a session's conversation as context for the next agent. Which session is meant is decided in
//! `choose`, by the person in `picker`.

mod choose;
mod picker;

use std::ffi::OsString;

use serde_json::{Value, json};

use super::{Common, Exit, Failure, Program, Ui, pager};
use crate::log::context::{self, About, Context, Format, Left, Options, SMALLEST_BUDGET, tokens_of};
use crate::session::{Conversation, Error, Store, counted};

/// Print a session as context for the next agent
///
/// What was said and done, ready to be piped into another agent or sent to a provider, with the prompt that you give at
/// its end. Every turn is whole: a call that got no result is answered with `[cancelled by user]`, a result without its
/// call is left out. Thoughts of the model, notices, and what subagents did on the way are left out; what is, is said
/// at the beginning.
///
/// `<id>` is a session's id, the beginning of one, `latest`, the path of a session's directory or of a conversation,
/// `-` for standard input; or any part of the id, the title or the directory of a session, in capitals or not. When
/// that fits more than one, they are listed and the exit status is 2. Without it, you choose on a terminal; elsewhere
/// it is `--continue`.
///
/// Nothing is redacted: what a session holds of secrets goes along.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-resume", bin_name = "git glue-resume", version)]
pub struct Args {
    /// Session id, or a part of the id, the title or the directory of one
    #[arg(value_name = "id")]
    id: Option<OsString>,

    /// What the next agent is to do: the last thing that the user says
    #[arg(value_name = "prompt")]
    prompt: Vec<OsString>,

    /// Take the session of this directory that was last at work, else of this repository
    ///
    /// All words are the prompt then. Linked work trees belong to the repository.
    #[arg(long = "continue", short = 'c')]
    newest: bool,

    /// What to print
    #[arg(long, short, value_name = "format", default_value = "text")]
    format: Form,

    /// Leave out what does not fit in so many tokens, such as 50000 or 50k
    ///
    /// The beginning, the newest, and every change of a file stay, and of other prompts the start; changes that do not
    /// fit either are named by their files. A token is taken for four bytes of what is printed. That is about right for
    /// English; code can have a third more tokens than that, and scripts such as Chinese twice as many. The least is
    /// 1000.
    #[arg(long, value_name = "tokens", value_parser = parse_budget)]
    budget: Option<usize>,

    #[command(flatten)]
    common: Common,
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// A transcript for people and models
    Text,
    /// A request for Anthropic's Messages API
    Anthropic,
    /// A request for OpenAI's chat completions
    Openai,
    /// The transcript in Markdown
    Markdown,
}

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        let store = Store::from_env();
        let id = self.id.as_ref().filter(|_| !self.newest);
        let words = self.newest.then_some(&self.id).into_iter().flatten().chain(&self.prompt);
        let prompt: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let source = match id {
            Some(id) => choose::named(ui, &store, id)?,
            None if !self.newest && picker::can_ask(ui) => picker::ask(ui, &store)?,
            None => choose::newest_here(&store)?,
        };
        let conversation = Conversation::open(source)?;
        let (about, name) = (about(&conversation), conversation.name());
        let options = Options {
            format: self.format.into(),
            budget: self.budget,
            prompt: Some(prompt.join(" ")).filter(|prompt| !prompt.is_empty()),
        };
        let failed = |source| Error::Io { action: "read", path: name.clone().into(), source };
        let context = context::context(conversation.rows(), &about, &options).map_err(failed)?;
        let context = context.map_err(|left| nothing_said(&name, &left))?;
        tell(ui, &about, &context);
        if ui.json {
            ui.object(object(&about, self.format, &context))?;
            return Ok(Exit::Done);
        }
        pager::start(ui)?;
        ui.raw(&context.text)?;
        Ok(Exit::Done)
    }
}

/// What is known of the conversation's session.
fn about(conversation: &Conversation) -> About {
    let Some(session) = &conversation.session else { return About::default() };
    let id = session.id().to_owned();
    let Ok(meta) = session.meta() else { return About { id, ..About::default() } };
    About {
        id,
        model: Some(meta.model()),
        title: meta.title.unwrap_or_default(),
        cwd: meta.cwd,
        started: meta.start_time.unwrap_or_default(),
    }
}

fn nothing_said(name: &str, left: &Left) -> Failure {
    let rest = left.told().map_or(String::new(), |told| format!(" ({})", told.replace("Left out: ", "")));
    let message = format!("{name} holds nothing that anybody said{rest}");
    Failure::new(Exit::Failed, "empty-conversation", message)
}

/// Beside the context, on standard error: what became of the conversation.
fn tell(ui: &mut Ui, about: &About, context: &Context) {
    let left = &context.left;
    if left.unreadable > 0 {
        let rows = counted(left.unreadable, "row is", "rows are");
        ui.warn(format!("{rows} damaged and not in the context"));
    }
    if left.long > 0 {
        let (rows, of) =
            (counted(left.long, "row is", "rows are"), if left.long == 1 { "its text" } else { "their texts" });
        ui.warn(format!("{rows} very long: of {of} only the start is in the context"));
    }
    if context.is_over {
        ui.warn("the budget does not even hold the beginning, the newest and the prompt");
    }
    let name = if about.id.is_empty() { "the conversation" } else { &about.id };
    let both = |messages, calls| {
        format!("{} and {}", counted(messages, "message", "messages"), counted(calls, "tool call", "tool calls"))
    };
    let tokens = counted(tokens_of(&context.text) as u64, "token", "tokens");
    let mut told = format!("{name}: {}, about {tokens}", both(context.messages, context.calls));
    let omitted = &left.omitted;
    if omitted.messages + omitted.calls > 0 {
        told += &format!("; no room for {}", both(omitted.messages, omitted.calls));
    }
    if omitted.shortened > 0 {
        told += &format!("; {} shortened", omitted.shortened);
    }
    ui.say(told);
}

fn object(about: &About, format: Form, context: &Context) -> Value {
    let left = &context.left;
    let is_request = matches!(format, Form::Anthropic | Form::Openai);
    let text = || Value::from(context.text.as_str());
    json!({
        "id": Some(&about.id).filter(|id| !id.is_empty()),
        "format": clap::ValueEnum::to_possible_value(&format).map(|value| value.get_name().to_owned()),
        "tokens": tokens_of(&context.text),
        "messages": context.messages,
        "tool_calls": context.calls,
        "left_out": {
            "messages": left.omitted.messages,
            "tool_calls": left.omitted.calls,
            "edits": left.omitted.edits,
            "shortened": left.omitted.shortened,
            "thoughts": left.thoughts,
            "subagent_events": left.subagents,
            "notices": left.notices,
            "unknown": left.unknown,
            "orphaned_results": left.orphans,
            "unreadable_rows": left.unreadable,
            "long_rows": left.long,
        },
        "cancelled": left.cancelled,
        "context": if is_request { serde_json::from_str(&context.text).unwrap_or_else(|_| text()) } else { text() },
    })
}

impl From<Form> for Format {
    fn from(form: Form) -> Format {
        match form {
            Form::Text => Format::Text,
            Form::Markdown => Format::Markdown,
            Form::Anthropic => Format::Anthropic,
            Form::Openai => Format::OpenAi,
        }
    }
}

/// `50000`, `50k`, `1m`.
fn parse_budget(text: &str) -> Result<usize, String> {
    let lower = text.trim().to_ascii_lowercase();
    let (number, factor) = match (lower.strip_suffix('k'), lower.strip_suffix('m')) {
        (Some(number), _) => (number, 1000),
        (_, Some(number)) => (number, 1_000_000),
        _ => (lower.as_str(), 1),
    };
    let tokens = number.parse::<usize>().ok().and_then(|number| number.checked_mul(factor));
    match tokens {
        None => Err("not a number of tokens such as 50000 or 50k".to_owned()),
        Some(tokens) if tokens < SMALLEST_BUDGET => Err(format!("less than {SMALLEST_BUDGET} holds nothing of use")),
        Some(tokens) => Ok(tokens),
    }
}
