complete -c git-glue-list -s n -l max-count -d 'Show at most <number> sessions' -r
complete -c git-glue-list -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-list -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-list -l ids -d 'Show nothing but ids, one a line'
complete -c git-glue-list -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-list -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-list -s V -l version -d 'Print the version'
