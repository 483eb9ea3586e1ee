//! What a command costs: wall time, CPU time and memory, of it and of everything that it starts.
//!
//! A process of its own for each measurement, this program again, waits for the command and asks the system what its
//! children took. That is exact to the microsecond; the shell's `time` knows milliseconds.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// The argument by which this program knows that it is to measure.
pub const WORD: &str = "measure-a-command";

/// Milliseconds, and KiB of memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub wall: f64,
    pub cpu: f64,
    pub memory: f64,
}

/// Where the programs are installed, or the one of a name there.
macro_rules! installed {
    () => {
        concat!(env!("CARGO_TARGET_TMPDIR"), "/installed")
    };
    ($program:literal) => {
        concat!(env!("CARGO_TARGET_TMPDIR"), "/installed/bin/", $program)
    };
}
pub(crate) use installed;

/// Installs the programs below `CARGO_TARGET_TMPDIR`, where the benchmarks look for them. Those that `cargo bench` builds are
/// others: they have in them what the libraries of the tests want of libraries that the programs use too (tables of Unicode
/// for regular expressions). And what a linker has just written lies in memory in smaller pieces than a copy of it, which
/// makes every start dearer by a tenth.
pub fn install() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut install = Command::new(cargo);
    install.args([
        "install",
        "--quiet",
        "--locked",
        "--force",
        "--path",
        env!("CARGO_MANIFEST_DIR"),
        "--root",
        installed!(),
    ]);
    assert!(install.status().unwrap().success(), "the programs were not installed");
}

/// Runs a command in a directory, what it prints going to a file or nowhere.
pub fn cost(directory: &Path, output: Option<&Path>, command: &[&str]) -> Cost {
    let output = output.unwrap_or(Path::new("/dev/null")).to_str().unwrap();
    let [wall, cpu, memory] = printed(directory, &[&[WORD, output], command].concat())[..] else {
        panic!("{command:?} was not measured")
    };
    Cost { wall, cpu, memory }
}

/// The numbers that this program prints when it is called with these arguments.
pub fn printed(directory: &Path, arguments: &[&str]) -> Vec<f64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    let printed = environment(&mut command, directory).output().unwrap();
    assert!(printed.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&printed.stderr));
    let text = String::from_utf8_lossy(&printed.stdout);
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

/// The same for several commands, one after the other.
pub fn sum(costs: impl IntoIterator<Item = Cost>) -> Cost {
    costs.into_iter().fold(Cost::default(), |one, other| Cost {
        wall: one.wall + other.wall,
        cpu: one.cpu + other.cpu,
        memory: one.memory.max(other.memory),
    })
}

/// The middle one, of each number for itself.
pub fn median(costs: &[Cost]) -> Cost {
    let middle = |of: fn(&Cost) -> f64| {
        let mut numbers: Vec<f64> = costs.iter().map(of).collect();
        numbers.sort_by(f64::total_cmp);
        numbers[numbers.len() / 2]
    };
    Cost { wall: middle(|cost| cost.wall), cpu: middle(|cost| cost.cpu), memory: middle(|cost| cost.memory) }
}

/// The CPU milliseconds that this process has used so far.
pub fn own_cpu() -> f64 {
    cpu(&getrusage(UsageWho::RUSAGE_SELF).unwrap())
}

/// The process that measures.
pub fn run(arguments: &[String]) {
    let (output, command) = arguments.split_first().unwrap();
    let output = File::create(output).unwrap();
    let mut command = {
        let (program, arguments) = command.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(arguments).stdout(output);
        command
    };
    let start = Instant::now();
    let status = command.status().unwrap();
    let wall = start.elapsed().as_secs_f64() * 1e3;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    println!("{wall} {} {}", cpu(&usage), usage.max_rss());
    std::process::exit(status.code().unwrap_or(1));
}

fn cpu(usage: &Usage) -> f64 {
    let ms = |time: TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    ms(usage.user_time()) + ms(usage.system_time())
}

/// Nothing of this machine's configuration; a home and a store beside the repository.
pub fn environment<'a>(command: &'a mut Command, directory: &Path) -> &'a mut Command {
    let beside = directory.parent().unwrap_or(directory);
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("HOME", beside)
        .env("GLUE_HOME", beside.join("glue"))
        .env("GIT_COMMITTER_DATE", "1750000000 +0000")
        .env("LC_ALL", "C.UTF-8")
}
