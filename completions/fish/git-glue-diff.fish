complete -c git-glue-diff -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-diff -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-diff -l stat -d 'Show a diffstat of each entry instead of the patch'
complete -c git-glue-diff -l name-only -d 'Show only the paths that change, each once'
complete -c git-glue-diff -s z -d 'With --name-only: end paths with NUL and do not quote them'
complete -c git-glue-diff -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-diff -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-diff -s V -l version -d 'Print the version'
complete -c git-glue-diff -k -a '(echo latest; git glue-list --ids -n 50 2>/dev/null)' -d 'session'
