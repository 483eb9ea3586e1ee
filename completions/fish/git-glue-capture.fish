complete -c git-glue-capture -l base -d 'The commit that the agent started from' -r
complete -c git-glue-capture -l session -d 'The session to capture for' -r
complete -c git-glue-capture -l title -d 'A title for the session' -r
complete -c git-glue-capture -l runtime -d 'The kind of sandbox, such as `daytona`, `modal`, `sprites`' -r
complete -c git-glue-capture -l sandbox-id -d 'The sandbox\'s name in its runtime' -r
complete -c git-glue-capture -l cap -d 'The most that a capture may take, in bytes, or with k, m or g' -r
complete -c git-glue-capture -l exclude -d 'Leave out what matches, in commits too; from the top of the work tree' -r
complete -c git-glue-capture -l omit-larger-than -d 'Leave out files larger than this, in bytes, or with k, m or g' -r
complete -c git-glue-capture -l include-ignored -d 'Take along ignored files that match; from the top of the work tree' -r
complete -c git-glue-capture -s o -l output -d 'Write the capture to <path> and <path>.meta.json instead of the store, or to standard output for `-`' -r -F
complete -c git-glue-capture -l watch -d 'Capture again and again, every <secs> seconds when something changed, until told to stop'
complete -c git-glue-capture -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-capture -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-capture -l begin -d 'Record that the agent starts now, instead of capturing'
complete -c git-glue-capture -l bundle -d 'Take along the commits themselves too, as a git bundle'
complete -c git-glue-capture -l verify -d 'Read the capture back, and prove that it leads to what is here'
complete -c git-glue-capture -s q -l quiet -d 'Print nothing but warnings and errors'
complete -c git-glue-capture -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-capture -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-capture -s V -l version -d 'Print the version'
