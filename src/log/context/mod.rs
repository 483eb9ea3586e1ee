//! A session's conversation as context for the next agent: what was said and done, every turn whole, as text or as the
//! messages that a provider's API takes.
//!
//! ```text
//! rows -> events -> turns (repaired) -> kept, as far as a budget allows -> rendered
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `turns` | events -> turns: calls with their results, whatever order they came in |
//! | `keep` | what stays when there is a budget: the beginning, the newest, every change of a file |
//! | `clip` | one turn, made shorter |
//! | `written` | numbers as they are written, whatever can be held of them |
//! | `text` | turns as a transcript, as Markdown |
//! | `chat` | turns as the messages of an API |
//!
//! With a budget, memory holds no more than a few times the budget, however long the conversation is. Nothing is
//! redacted.

mod chat;
mod clip;
mod keep;
mod text;
mod turns;
mod written;

use std::io::{self, Read};

use crate::session::{Event, Rows};
use keep::Keeper;
pub use turns::Left;
use turns::Turns;

/// What the context is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A transcript for people and models.
    Text,
    /// The same in Markdown.
    Markdown,
    /// A request for Anthropic's Messages API.
    Anthropic,
    /// A request for OpenAI's chat completions.
    OpenAi,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// What it is written as.
    pub format: Format,
    /// How many tokens it may have, by [`tokens_of`]. None: all of them.
    pub budget: Option<usize>,
    /// What the next agent is to do: the last thing that the user says.
    pub prompt: Option<String>,
}

/// What is known of the session besides its conversation. What is empty is left out.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it worked.
    pub cwd: String,
    /// `provider/model`; what the conversation itself says goes first.
    pub model: Option<String>,
    /// When it started, as its meta.json says.
    pub started: String,
}

/// A context, and what it is made of.
#[derive(Debug, Clone)]
pub struct Context {
    /// The context itself. It ends with a newline.
    pub text: String,
    /// Messages of user and model that are in it, calls of tools aside.
    pub messages: u64,
    /// Calls of tools that are in it, with their results.
    pub calls: u64,
    /// What is not in it.
    pub left: Left,
    /// Whether it is larger than the budget, because even the least that makes sense is.
    pub is_over: bool,
}

/// The smallest budget, in tokens: less holds nothing that is of use.
pub const SMALLEST_BUDGET: usize = 1000;

/// How many tokens a text has, roughly: a quarter of its bytes.
pub fn tokens_of(text: &str) -> usize {
    text.len().div_ceil(BYTES_PER_TOKEN)
}

const BYTES_PER_TOKEN: usize = 4;

/// Makes the context of a conversation. `None` when nothing in it was said by anybody; with what it has instead.
///
/// # Errors
/// When the conversation cannot be read.
pub fn context<R: Read>(rows: Rows<R>, about: &About, options: &Options) -> io::Result<Result<Context, Left>> {
    let limit = options.budget.map(|tokens| tokens.saturating_mul(BYTES_PER_TOKEN));
    let mut keeper = Keeper::new(limit, options.format);
    let mut turns = Turns::default();
    let mut rows = rows.shortening();
    while let Some(row) = rows.advance()? {
        if row.is_blank() {
            continue;
        }
        match Event::parse(row.bytes) {
            Some(event) => {
                turns.left.long += u64::from(row.is_cut);
                turns.take(event.body, row.bytes);
            }
            None => turns.left.unreadable += 1,
        }
        while let Some(turn) = turns.whole() {
            keeper.take(turn);
        }
    }
    let (rest, left, model) = turns.finish();
    rest.into_iter().for_each(|turn| keeper.take(turn));
    if keeper.is_empty() {
        return Ok(Err(left));
    }
    let model = model.or_else(|| about.model.clone()).filter(|model| model != "unknown/unknown");
    let about = About { model, ..about.clone() };
    Ok(Ok(fitted(keeper, &about, left, options, limit)))
}

/// Renders what is kept, and keeps less until it fits.
fn fitted(mut keeper: Keeper, about: &About, left: Left, options: &Options, limit: Option<usize>) -> Context {
    let mut allowed = limit.unwrap_or(usize::MAX);
    loop {
        let is_least = keeper.shrink(allowed);
        let left = Left { omitted: keeper.omitted(), ..left.clone() };
        let text = rendered(&keeper, about, &left, options);
        let over = text.len().saturating_sub(limit.unwrap_or(usize::MAX));
        if over == 0 || is_least || allowed == 0 {
            let (messages, calls) = keeper.counts();
            return Context { text, messages, calls, left, is_over: over > 0 };
        }
        allowed = keeper.bytes().min(allowed).saturating_sub(over);
    }
}

fn rendered(keeper: &Keeper, about: &About, left: &Left, options: &Options) -> String {
    let pieces = keeper.pieces();
    let prompt = options.prompt.as_deref().filter(|prompt| !prompt.trim().is_empty());
    match options.format {
        Format::Text => text::transcript(&pieces, about, left, prompt),
        Format::Markdown => text::markdown(&pieces, about, left, prompt),
        Format::Anthropic => chat::anthropic(&pieces, about, left, prompt),
        Format::OpenAi => chat::openai(&pieces, about, left, prompt),
    }
}

/// How many bytes a turn takes.
fn bytes_of(turn: &turns::Turn, format: Format) -> usize {
    match format {
        Format::Text => text::transcript_bytes(turn),
        Format::Markdown => text::markdown_bytes(turn),
        Format::Anthropic => chat::anthropic_bytes(turn),
        Format::OpenAi => chat::openai_bytes(turn),
    }
}

/// What the next agent must know before it reads on, in lines.
fn preamble(about: &About, left: &Left) -> String {
    let mut lines = vec![
        "This is the record of an earlier session of a coding agent, as context for going on with its work. \
         Its calls of tools are history: none of them has to be made again, and files may have changed since."
            .to_owned(),
        String::new(),
    ];
    let model = about.model.clone().unwrap_or_default();
    let facts = [
        ("Session", &about.id, 100),
        ("Title", &about.title, 200),
        ("Directory", &about.cwd, 300),
        ("Model", &model, 100),
        ("Started", &about.started, 40),
    ];
    for (name, value, longest) in facts {
        let value = clip::start_of(value.trim(), longest).replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ");
        if !value.is_empty() {
            lines.push(format!("{name}: {value}"));
        }
    }
    if let Some(told) = left.told() {
        lines.push(told);
    }
    lines.join("\n")
}
