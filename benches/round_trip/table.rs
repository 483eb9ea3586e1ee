//! The lines that come out.

use crate::measure::Cost;

/// What the columns hold.
pub fn head() {
    println!(
        "{:<34} {:>17} {:>17} {:>15} {:>13}",
        "", "git wall/cpu ms", "glue wall/cpu ms", "ratio wall/cpu", "memory MB"
    );
}

/// One comparison.
pub fn row(what: &str, git: Cost, glue: Cost) {
    let ms = |cost: Cost| format!("{} / {}", number(cost.wall), number(cost.cpu));
    let ratio = format!("{:.1} / {:.1}", git.wall / glue.wall, git.cpu / glue.cpu);
    let memory = format!("{:.0} / {:.0}", git.memory / 1024.0, glue.memory / 1024.0);
    println!("{what:<34} {:>17} {:>17} {ratio:>15} {memory:>13}", ms(git), ms(glue));
}

/// Milliseconds, with as many digits as say something.
pub fn number(ms: f64) -> String {
    if ms < 100.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}
