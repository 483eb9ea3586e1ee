# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_git_glue_log_global_optspecs
    string join \n f/follow n/max-count= type= tool= file= grep= since= until= full C= json color= h/help V/version
end

function __fish_git_glue_log_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_git_glue_log_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_git_glue_log_using_subcommand
    set -l cmd (__fish_git_glue_log_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -s n -l max-count -d 'Show the last <number> of the events that are wanted' -r
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l type -d 'Show events of <type> only, such as `user_message`; `tool` is `tool_call` and `tool_result`' -r
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l tool -d 'Show calls of <tool> only, and what came of them' -r
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l file -d 'Show calls only that are about <path>, and what came of them' -r
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l grep -d 'Show events only with a text that matches <regex>' -r
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l since -d 'Show events since <time> only: `2026-08-12`, `2026-08-12T09:00:00Z`, or `2h` for two hours ago' -r
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l until -d 'Show events until <time> only' -r
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -s f -l follow -d 'Go on: wait for more events, and print them as they come'
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l full -d 'Shorten nothing'
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -l json -d 'Print JSON on standard output instead of text: an object for each event; see JSON in the manual'
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -s V -l version -d 'Print the version'
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -a "append" -d 'Record events: one JSON object on each line of standard input'
complete -c git-glue-log -n "__fish_git_glue_log_needs_command" -a "validate" -d 'Check that a session is what the format says'
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -l cwd -d 'The directory that a new session works in, instead of the current one' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -l model -d 'The model, for events that name none: <provider>/<model>' -r
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -l title -d 'Give the session a title' -r
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -l close -d 'End the session when the input ends: `completed`, `cancelled`, `failed` or `interrupted`' -r -f -a "completed\t''
cancelled\t''
failed\t''
interrupted\t''"
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -l new -d 'Make a session with a new id, and print the id first'
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -l json -d 'Print JSON on standard output instead of text: an object for each event; see JSON in the manual'
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand append" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand validate" -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand validate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand validate" -l all -d 'Check all sessions of the store'
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand validate" -l json -d 'Print JSON on standard output instead of text: an object for each event; see JSON in the manual'
complete -c git-glue-log -n "__fish_git_glue_log_using_subcommand validate" -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-log -k -a '(echo latest; git glue-list --ids -n 50 2>/dev/null)' -d 'session'
