//! What was spent, in tokens: how it adds up, and how people read it.

use std::fmt;
use std::ops::AddAssign;

use crate::session::Usage;

/// What was spent, in tokens. Rows of type `usage` alone count: those of subagents repeat them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// By the main agent: read, written.
    pub main: (u64, u64),
    /// By subagents: read, written.
    pub subagents: (u64, u64),
    /// For titles, recaps and the like: read, written.
    pub other: (u64, u64),
    /// Read from the cache, by all of them.
    pub cached: u64,
}

impl Tokens {
    /// What one row says.
    pub(super) fn of(usage: &Usage) -> Tokens {
        let spent = (usage.input, usage.output);
        let mut tokens = Tokens { cached: usage.cache_read, ..Tokens::default() };
        match usage.role.as_deref() {
            Some("main") => tokens.main = spent,
            Some("subagent") => tokens.subagents = spent,
            _ => tokens.other = spent,
        }
        tokens
    }

    /// Whether nothing was spent.
    pub fn is_none(&self) -> bool {
        *self == Tokens::default()
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Tokens) {
        for (sum, more) in
            [(&mut self.main, other.main), (&mut self.subagents, other.subagents), (&mut self.other, other.other)]
        {
            *sum = (sum.0.saturating_add(more.0), sum.1.saturating_add(more.1));
        }
        self.cached = self.cached.saturating_add(other.cached);
    }
}

/// As `1.2k in, 340 out · subagents 5.0k in, 1.1k out · 12k cached`: who spent nothing is not named.
impl fmt::Display for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let parts = [("", self.main), ("subagents ", self.subagents), ("other ", self.other)];
        let mut mark = "";
        for (who, (read, written)) in parts.into_iter().filter(|(_, spent)| *spent != (0, 0)) {
            write!(out, "{mark}{who}{} in, {} out", short(read), short(written))?;
            mark = " · ";
        }
        match self.cached {
            0 if mark.is_empty() => out.write_str("0"),
            0 => Ok(()),
            cached => write!(out, "{mark}{} cached", short(cached)),
        }
    }
}

/// A number as people read it: 999, 1.2k, 34k, 5.6M. What is left over is dropped.
fn short(number: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", number / unit, number % unit / (unit / 10));
    match number {
        0..1_000 => number.to_string(),
        1_000..10_000 => format!("{}k", tenths(1_000)),
        10_000..1_000_000 => format!("{}k", number / 1_000),
        1_000_000..10_000_000 => format!("{}M", tenths(1_000_000)),
        _ => format!("{}M", number / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_spent_nothing_is_not_named() {
        let main = Tokens { main: (1_234, 56), ..Tokens::default() };
        let subagents = Tokens { subagents: (12_345, 5_600_000), ..Tokens::default() };
        let mut all = Tokens { other: (9, 1), cached: 10_000_000, ..main };
        all += subagents;
        for (tokens, wanted) in [
            (Tokens::default(), "0"),
            (main, "1.2k in, 56 out"),
            (subagents, "subagents 12k in, 5.6M out"),
            (all, "1.2k in, 56 out · subagents 12k in, 5.6M out · other 9 in, 1 out · 10M cached"),
        ] {
            assert_eq!(tokens.to_string(), wanted);
        }
        assert_eq!([999, 2_210, 45_900, 1_250_000].map(short), ["999", "2.2k", "45k", "1.2M"]);
    }
}
