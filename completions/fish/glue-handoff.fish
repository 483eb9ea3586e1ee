# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_glue_handoff_global_optspecs
    string join \n C= json color= h/help V/version
end

function __fish_glue_handoff_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_glue_handoff_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_glue_handoff_using_subcommand
    set -l cmd (__fish_glue_handoff_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -s V -l version -d 'Print the version'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -f -a "draft" -d 'Print a handoff to be completed'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -f -a "create" -d 'Make a handoff the newest of the history'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -f -a "validate" -d 'Check that the history is consistent'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -f -a "status" -d 'Show where the last session stopped'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -f -a "resume-prompt" -d 'Print the prompt to paste into a new session'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -f -a "close" -d 'Say how a session ended'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -f -a "install" -d 'Print the instructions that an agent needs, and where they belong'
complete -c glue-handoff -n "__fish_glue_handoff_needs_command" -f -a "skill" -d 'Install, show or remove the skill that agents freeze and resume with'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand draft" -l from-session -d 'Fill in what is known of this session of the store' -r
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand draft" -l repo-root -d 'The root of the repository, in which `.agent-history` is' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand draft" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand draft" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand draft" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand draft" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand create" -s i -l input -d 'Read the handoff from <file>; `-` is standard input' -r -F
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand create" -l repo-root -d 'The root of the repository, in which `.agent-history` is' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand create" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand create" -l allow-flagged-todo -d 'Let a first todo pass that is about resuming, with a warning'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand create" -l no-exclude -d 'Leave git\'s `info/exclude` alone'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand create" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand create" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand validate" -l repo-root -d 'The root of the repository, in which `.agent-history` is' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand validate" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand validate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand validate" -l sessions -d 'Also check every archived handoff'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand validate" -l git -d 'Also say how the repository differs from what the handoff recorded'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand validate" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand validate" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand status" -l repo-root -d 'The root of the repository, in which `.agent-history` is' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand status" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand status" -l git -d 'Also say how the repository differs from what the handoff recorded'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand status" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand status" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand resume-prompt" -l repo-root -d 'The root of the repository, in which `.agent-history` is' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand resume-prompt" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand resume-prompt" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand resume-prompt" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand resume-prompt" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand close" -l status -d 'How it ended' -r -f -a "DONE\t'Everything is done'
BLOCKED\t'It cannot go on'
ABANDONED\t'Nobody will go on'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand close" -l session -d 'The session; without it, the latest' -r
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand close" -l repo-root -d 'The root of the repository, in which `.agent-history` is' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand close" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand close" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand close" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand close" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -l dry-run -d 'Print, and change nothing; required, as there is nothing else that this command does'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and not __fish_seen_subcommand_from list show install uninstall" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and not __fish_seen_subcommand_from list show install uninstall" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and not __fish_seen_subcommand_from list show install uninstall" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and not __fish_seen_subcommand_from list show install uninstall" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and not __fish_seen_subcommand_from list show install uninstall" -f -a "list" -d 'List the agents that there is a skill for'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and not __fish_seen_subcommand_from list show install uninstall" -f -a "show" -d 'Print where the skill of an agent goes, and what it says'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and not __fish_seen_subcommand_from list show install uninstall" -f -a "install" -d 'Install the skill of an agent'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and not __fish_seen_subcommand_from list show install uninstall" -f -a "uninstall" -d 'Remove the skill of an agent'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from show" -l repo-root -d 'The repository' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -l scope -d 'Whose skill it is' -r -f -a "repo\t'The repository\'s'
user\t'Yours, in your home directory'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -l repo-root -d 'The repository' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -l dry-run -d 'Change nothing, say what would be done'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -l replace -d 'Take the place of a skill that is there'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -l scope -d 'Whose skill it is' -r -f -a "repo\t'The repository\'s'
user\t'Yours, in your home directory'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -l repo-root -d 'The repository' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -l dry-run -d 'Change nothing, say what would be done'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -l json -d 'Print one JSON object on standard output instead of text'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand draft" -f -l from-session -r -k -a '(echo latest; git glue-list --ids -n 50 2>/dev/null)' -d 'session'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -f -a 'codex' -d 'OpenAI Codex'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -f -a 'claude' -d 'Claude Code'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -f -a 'cursor' -d 'Cursor'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -f -a 'gemini' -d 'Gemini CLI'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand install" -f -a 'all' -d 'Each of them'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from show" -f -a 'codex' -d 'OpenAI Codex, below .agents/skills'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from show" -f -a 'claude' -d 'Claude Code, below .claude/skills'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -f -a 'codex' -d 'OpenAI Codex, below .agents/skills'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from install" -f -a 'claude' -d 'Claude Code, below .claude/skills'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -f -a 'codex' -d 'OpenAI Codex, below .agents/skills'
complete -c glue-handoff -n "__fish_glue_handoff_using_subcommand skill; and __fish_seen_subcommand_from uninstall" -f -a 'claude' -d 'Claude Code, below .claude/skills'
