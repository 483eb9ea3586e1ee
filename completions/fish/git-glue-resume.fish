complete -c git-glue-resume -s f -l format -d 'What to print' -r -f -a "text\t'A transcript for people and models'
anthropic\t'A request for Anthropic\'s Messages API'
openai\t'A request for OpenAI\'s chat completions'
markdown\t'The transcript in Markdown'"
complete -c git-glue-resume -l budget -d 'Leave out what does not fit in so many tokens, such as 50000 or 50k' -r
complete -c git-glue-resume -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-resume -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-resume -s c -l continue -d 'Take the session of this directory that was last at work, else of this repository'
complete -c git-glue-resume -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-resume -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-resume -s V -l version -d 'Print the version'
complete -c git-glue-resume -k -a '(echo latest; git glue-list --ids -n 50 2>/dev/null)' -d 'session'
