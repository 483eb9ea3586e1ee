complete -c git-glue-import -l from -d 'Take in a transcript of that agent' -r -f -a "claude\t'Claude Code'
codex\t'Codex'
gemini\t'Gemini CLI'
opencode\t'OpenCode'"
complete -c git-glue-import -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-import -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-import -s f -l force -d 'Take in a capture that is older than the one of that session in the store, or a transcript that has become another, in its place'
complete -c git-glue-import -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-import -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-import -s V -l version -d 'Print the version'
