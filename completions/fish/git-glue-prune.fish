complete -c git-glue-prune -l older-than -d 'Only sessions in which nothing has happened for that long, such as 30d, 12h, 2w, 1y' -r
complete -c git-glue-prune -l keep -d 'Keep the <number> sessions that were last at work' -r
complete -c git-glue-prune -l larger-than -d 'Only sessions that take more than that, such as 500k, 50m or 1g' -r
complete -c git-glue-prune -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-prune -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-prune -l unapplied -d 'Also sessions with a capture that was not applied'
complete -c git-glue-prune -s y -l yes -d 'Remove them'
complete -c git-glue-prune -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-prune -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-prune -s V -l version -d 'Print the version'
complete -c git-glue-prune -k -a '(echo latest; git glue-list --ids -n 50 2>/dev/null)' -d 'session'
