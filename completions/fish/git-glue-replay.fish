complete -c git-glue-replay -l html -d 'Write one self-contained page to <file>, or to standard output for `-`' -r -F
complete -c git-glue-replay -l start -d 'Start at step <number>, counted from 1' -r
complete -c git-glue-replay -l speed -d 'In the player, play <factor> times as fast as it happened' -r
complete -c git-glue-replay -l idle -d 'In the player, let no step stay longer than <seconds>' -r
complete -c git-glue-replay -l end -d 'In text and pages, end with step <number>' -r
complete -c git-glue-replay -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-replay -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-replay -l plain -d 'Print the steps as text, also on a terminal'
complete -c git-glue-replay -l play -d 'In the player, play at once'
complete -c git-glue-replay -l no-redact -d 'Keep secrets and the names of home directories in the page'
complete -c git-glue-replay -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-replay -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-replay -s V -l version -d 'Print the version'
complete -c git-glue-replay -k -a '(echo latest; git glue-list --ids -n 50 2>/dev/null)' -d 'session'
