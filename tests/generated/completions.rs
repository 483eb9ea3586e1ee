//! Completions: what clap makes of a program's definition, and around it what clap does not know: that git runs the
//! program as `git glue-...`, and that an id is the id of a session. Of programs with commands of their own, clap knows all but
//! a few turns of bash.

use clap::{Arg, Command, ValueHint};
use clap_complete::{Shell, generate};

/// Prints session ids, newest first. So many are enough to choose from, and come at once from a store of any size.
const IDS: &str = "git glue-list --ids -n 50 2>/dev/null";

/// Prints what a revision is usually called.
const REFS: &str = "git for-each-ref --format='%(refname:short)' refs/heads refs/tags refs/remotes 2>/dev/null";

/// What bash makes of the words that a command prints. A loop, because `compgen -W` would expand what stands in them.
const BASH_PRINTED: &str = r#"local word
            COMPREPLY=()
            while IFS= read -r word; do
                [[ "$word" == "$cur"* ]] && COMPREPLY+=("$word")
            done < <(PRINTS)
            compopt -o nosort 2>/dev/null"#;

/// The option of a handoff that takes a session of the store.
const FROM_SESSION: &str = "--from-session";

/// Nothing of ours: bash then completes files by itself.
const BASH_FILES: &str = "COMPREPLY=()";

/// For bash-completion: a file that it loads for `git-glue-apply`, and git's own completion for `git glue-apply`.
pub(super) fn bash(program: &Command) -> String {
    let name = program.get_name();
    let generated = by_clap(Shell::Bash, program);
    // clap's own registration, which knows nothing of sessions, gives way to ours below.
    let (generated, _) = generated.split_once("\n\nif [[ \"${BASH_VERSINFO[0]}\"").unwrap();
    if program.has_subcommands() {
        return bash_with_commands(program, generated);
    }
    // After an option with an optional value comes another word, not that value.
    let generated = program.get_opts().filter(|option| is_optional(option)).fold(generated.to_owned(), |text, option| {
        let case = format!(
            "                {})\n                    COMPREPLY=($(compgen -f \"${{cur}}\"))\n                    return 0\n                    ;;\n",
            names(option)
        );
        assert!(text.contains(&case), "{name}: clap completes {} in another way than before", names(option));
        text.replace(&case, "")
    });
    let words = format!("_{}_words", name.replace('-', "_"));
    let ids = BASH_PRINTED.replace("PRINTS", &format!("echo latest; {IDS}"));
    let refs = BASH_PRINTED.replace("PRINTS", REFS);
    let positional = if takes_id(program) { &ids } else { BASH_FILES };
    let by_clap = format!("_{} {name} \"$cur\" \"$prev\"", name.replace('-', "__"));
    let values: String = program
        .get_opts()
        .filter(|option| option.get_action().takes_values() && !is_optional(option))
        .map(|option| {
            let is_called = |name| option.get_value_names().unwrap_or_default().iter().any(|value| *value == name);
            let body = match option.get_value_hint() {
                ValueHint::DirPath => &by_clap,
                _ if !option.get_possible_values().is_empty() => &by_clap,
                _ if is_called("rev") => &refs,
                _ if option.get_long() == Some("session") => &ids,
                _ => BASH_FILES,
            };
            format!("        {})\n            {body}\n            return 0\n            ;;\n", names(option))
        })
        .collect();
    format!(
        r#"# bash completion for {name} and for: git {dashed}
{generated}

# Completes the word $1 after the word $2.
{words}() {{
    local cur="$1" prev="$2"
    # bash makes words of their own of the equals sign in --option=value.
    if [[ "$cur" == "=" ]]; then
        cur=""
    elif [[ "$prev" == "=" ]]; then
        prev="${{COMP_WORDS[COMP_CWORD-2]}}"
    elif [[ "$cur" == --*=* ]]; then
        prev="${{cur%%=*}}" cur="${{cur#*=}}"
    fi
    case "$prev" in
{values}    esac
    case "$cur" in
        -*)
            {by_clap}
            ;;
        *)
            {positional}
            ;;
    esac
}}

# git's own completion calls this for: git {dashed}
_{underscored}() {{
    local -a COMP_WORDS=({name} "${{words[@]:__git_cmd_idx+1}}")
    local COMP_CWORD=$((cword - __git_cmd_idx))
    {words} "$cur" "$prev"
    # There a word that is complete brings its space along.
    if [[ ${{#COMPREPLY[@]}} -eq 1 && ! -d "${{COMPREPLY[0]}}" ]]; then
        COMPREPLY=("${{COMPREPLY[0]}} ")
    fi
}}

_{underscored}_alone() {{
    {words} "$2" "$3"
}}
complete -F _{underscored}_alone -o bashdefault -o default {name}
"#,
        dashed = name.trim_start_matches("git-"),
        underscored = name.replace('-', "_"),
    )
}

/// For a program with commands of its own. An option is offered where a dash asks for one, a session where one can stand.
fn bash_with_commands(program: &Command, generated: &str) -> String {
    let name = program.get_name();
    let underscored = name.replace('-', "_");
    let ids = BASH_PRINTED.replace("PRINTS", &format!("echo latest; {IDS}")).replace("\n    ", "\n");
    let by_clap = name.replace('-', "__");
    let sessions = if takes_id(program) { bash_sessions(program) } else { String::new() };
    let through_git = if name.starts_with("git-") { bash_through_git(name) } else { String::new() };
    // clap takes a dash in the program's name for the start of a command, in one of two places.
    let generated = generated.replace(&name.replace('-', "__subcmd__"), &by_clap);
    format!(
        r#"# bash completion for {name}
{generated}

_{underscored}_words() {{
    local program="$1" cur="$2" prev="$3"
    # bash makes words of their own of the equals sign in --option=value.
    if [[ "$cur" == "=" ]]; then
        cur=""
    elif [[ "$prev" == "=" ]]; then
        prev="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    if [[ "$prev" == {FROM_SESSION} ]]; then
        {ids}
        return 0
    fi
    _{by_clap} "$program" "$cur" "$prev"
    if [[ "$cur" != -* ]]; then
        local word
        local -a words=("${{COMPREPLY[@]}}")
        COMPREPLY=()
        for word in "${{words[@]}}"; do
            [[ "$word" == -* ]] || COMPREPLY+=("$word")
        done
{sessions}    fi
}}
{through_git}complete -F _{underscored}_words -o bashdefault -o default {name}
"#
    )
}

/// Adds the sessions to what is offered, but where the value of an option stands.
fn bash_sessions(program: &Command) -> String {
    let below = program.get_subcommands().flat_map(Command::get_opts);
    let with_values = program.get_opts().chain(below).filter(|option| option.get_action().takes_values());
    let mut options: Vec<_> = with_values.filter(|option| !is_optional(option)).map(names).collect();
    options.sort();
    options.dedup();
    format!(
        r#"        case "$prev" in
            {}) ;;
            *)
                while IFS= read -r word; do
                    [[ "$word" == "$cur"* ]] && COMPREPLY+=("$word")
                done < <(echo latest; {IDS})
                compopt -o nosort 2>/dev/null
                ;;
        esac
"#,
        options.join("|")
    )
}

/// What git's own completion calls.
fn bash_through_git(name: &str) -> String {
    let underscored = name.replace('-', "_");
    format!(
        r#"
# git's own completion calls this for: git {}
_{underscored}() {{
    local -a COMP_WORDS=({name} "${{words[@]:__git_cmd_idx+1}}")
    local COMP_CWORD=$((cword - __git_cmd_idx))
    _{underscored}_words {name} "$cur" "$prev"
    # There a word that is complete brings its space along.
    if [[ ${{#COMPREPLY[@]}} -eq 1 && ! -d "${{COMPREPLY[0]}}" ]]; then
        COMPREPLY=("${{COMPREPLY[0]}} ")
    fi
}}

"#,
        name.trim_start_matches("git-")
    )
}

/// For zsh: found by its name both for `git-glue-apply` and, by zsh's own completion of git, for `git glue-apply`.
pub(super) fn zsh(program: &Command) -> String {
    let name = program.get_name();
    let about = program.get_about().map(ToString::to_string).unwrap_or_default();
    let generated = by_clap(Shell::Zsh, program);
    let option = format!("'{FROM_SESSION}=[");
    if generated.contains(&option) {
        return with_ids(name, generated, &option);
    }
    if !name.starts_with("git-") {
        return generated;
    }
    let generated = generated.replacen('\n', &format!("\n#description {}\n", about.to_lowercase()), 1);
    let generated = if program.has_subcommands() { zsh_first_word(name, &generated) } else { generated };
    match program.get_positionals().find(|arg| is_id(arg)) {
        // What clap writes for the argument: its help, then any completion.
        Some(id) => with_ids(name, generated, &format!(":{} -- ", id.get_id())),
        None => generated,
    }
}

/// The first word is a session or a command; clap has the one stand before the other.
fn zsh_first_word(name: &str, generated: &str) -> String {
    let commands = format!("\":: :_{name}_commands\"");
    let (before, after) = generated.split_once(&commands).unwrap_or_else(|| panic!("zsh's {name} has no commands"));
    let (before, _id) = before.trim_end().rsplit_once('\n').unwrap();
    let describe = format!("    _describe -t commands '{name} commands' commands \"$@\"\n");
    assert!(after.contains("$line[2]") && after.contains(&describe), "{name}: clap completes commands in another way");
    let after = after.replace("$line[2]", "$line[1]").replace(&describe, &format!("{describe}    _git_glue_ids\n"));
    format!("{before}\n{commands}{after}")
}

/// A completion for zsh that offers sessions where clap's line with that mark offers something else.
fn with_ids(name: &str, generated: String, mark: &str) -> String {
    let ours = |line: &str| {
        let ours = line.replace(":_files'", ":_git_glue_ids'").replace(":_default'", ":_git_glue_ids'");
        assert_ne!(line, ours, "{name}: clap completes its id in another way than before");
        ours
    };
    assert!(generated.contains(mark), "zsh's completion of {name} has no {mark}");
    let generated: String = generated
        .lines()
        .map(|line| if line.contains(mark) { ours(line) + "\n" } else { line.to_owned() + "\n" })
        .collect();
    let function = format!(
        r#"
(( $+functions[_git_glue_ids] )) ||
_git_glue_ids() {{
    local -a ids expl
    ids=(latest ${{(f)"$(_call_program session-ids {IDS})"}})
    _wanted -V sessions expl session compadd -a ids || _files
}}

if [ "$funcstack[1]" ="#
    );
    generated.replacen("\nif [ \"$funcstack[1]\" =", &function, 1)
}

/// For fish's start: hands `git glue-apply` on to the completions of `git-glue-apply`. fish means to do so by itself, but
/// its releases differ in whether they succeed (3.6 does not); said twice, it is shown once.
pub(super) fn fish_forwarding(programs: &[Command]) -> String {
    let mut text = String::from(
        r#"function __fish_git_glue_forward -a program
    set -l words (commandline -opc)
    set -l at (contains -i -- $program $words)
    or return
    set -l after (string escape -- $words[(math $at + 1)..])
    complete -C (string join -- ' ' git-$program $after (commandline -ct))
end

"#,
    );
    for name in programs.iter().filter_map(|program| program.get_name().strip_prefix("git-")) {
        text += &format!(
            "complete -c git -k -f -n '__fish_git_using_command {name}' -a '(__fish_git_glue_forward {name})'\n"
        );
    }
    text
}

/// For fish, under the program's own name.
pub(super) fn fish(program: &Command) -> String {
    let required = |line: &str| {
        let option = |option: &Arg| option.get_long().is_some_and(|long| line.contains(&format!(" -l {long} ")));
        let is_optional = program.get_opts().any(|arg| is_optional(arg) && option(arg));
        // Only what follows the equals sign is the value; `-r` would have it in the next word.
        format!("{}\n", if is_optional { line.trim_end_matches(" -r") } else { line })
    };
    let mut generated: String = by_clap(Shell::Fish, program).lines().map(required).collect();
    if takes_id(program) {
        generated += &format!("complete -c {} -k -a '(echo latest; {IDS})' -d 'session'\n", program.get_name());
    }
    for command in program.get_subcommands() {
        let is_asked =
            format!("__fish_{}_using_subcommand {}", program.get_name().replace('-', "_"), command.get_name());
        generated += &fish_values(program, command, &is_asked);
        for below in command.get_subcommands() {
            let is_asked = format!("{is_asked}; and __fish_seen_subcommand_from {}", below.get_name());
            generated += &fish_values(program, below, &is_asked);
        }
    }
    generated
}

/// What a command takes without an option, of which clap tells fish nothing, and the sessions for a draft.
fn fish_values(program: &Command, command: &Command, is_asked: &str) -> String {
    let complete = format!("complete -c {} -n \"{is_asked}\" -f", program.get_name());
    let values = command.get_positionals().flat_map(Arg::get_possible_values).map(|value| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        format!("{complete} -a '{}' -d '{help}'\n", value.get_name())
    });
    let is_from_session = |option: &&Arg| option.get_long() == FROM_SESSION.strip_prefix("--");
    let sessions = command.get_opts().filter(is_from_session).map(|option| {
        let long = option.get_long().unwrap_or_default();
        format!("{complete} -l {long} -r -k -a '(echo latest; {IDS})' -d 'session'\n")
    });
    values.chain(sessions).collect()
}

fn by_clap(shell: Shell, program: &Command) -> String {
    let mut out = Vec::new();
    let name = program.get_name().to_owned();
    generate(shell, &mut program.clone().bin_name(&name), &name, &mut out);
    let text = String::from_utf8(out).unwrap();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>().trim_end().to_owned() + "\n"
}

/// Whether the option's value may be left out; it follows an equals sign then.
pub(super) fn is_optional(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|number| number.min_values() == 0 && number.takes_values())
}

fn takes_id(program: &Command) -> bool {
    program.get_positionals().any(is_id)
}

fn is_id(arg: &Arg) -> bool {
    arg.is_positional() && arg.get_value_names().unwrap_or_default().iter().any(|name| *name == "id")
}

/// `--branch|-b`, as a pattern of the shell.
fn names(option: &Arg) -> String {
    let long = option.get_long().map(|long| format!("--{long}"));
    let short = option.get_short().map(|short| format!("-{short}"));
    long.into_iter().chain(short).collect::<Vec<_>>().join("|")
}
