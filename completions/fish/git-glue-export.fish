complete -c git-glue-export -l to -d 'Where to write the mbox: a file, a directory, or `-` for standard output' -r -F
complete -c git-glue-export -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-export -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-export -s f -l force -d 'Overwrite files that exist'
complete -c git-glue-export -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-export -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-export -s V -l version -d 'Print the version'
complete -c git-glue-export -k -a '(echo latest; git glue-list --ids -n 50 2>/dev/null)' -d 'session'
