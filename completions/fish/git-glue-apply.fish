complete -c git-glue-apply -s b -l branch -d 'Name the branch <name> instead of `glue/<session id>`' -r
complete -c git-glue-apply -l target -d 'Apply in the repository at <dir> instead of this one' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-apply -l onto -d 'Apply onto <rev> instead of HEAD' -r
complete -c git-glue-apply -l worktree -d 'Land in a new linked work tree at <path>; this one is left alone' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-apply -s C -d 'Run as if started in <dir>' -r -f -a "(__fish_complete_directories)"
complete -c git-glue-apply -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or `color.ui` says otherwise'
always\t'Also in a pipe'
never\t'Never'"
complete -c git-glue-apply -l in-place -d 'Apply on the branch that is checked out, without a new one'
complete -c git-glue-apply -l no-checkout -d 'Make the branch, but leave HEAD, index and files alone'
complete -c git-glue-apply -l check -d 'Change nothing; say what would land, and what is in its way'
complete -c git-glue-apply -l verify-only -d 'Change nothing; prove the capture against the commit that the sandbox began with'
complete -c git-glue-apply -l exact -d 'Keep the ids of the sandbox\'s commits: committer, signatures, merges and all'
complete -c git-glue-apply -l atomic -d 'Change nothing at all unless everything fits'
complete -c git-glue-apply -l reject -d 'Land what fits, and write hunks that do not to `.rej` files'
complete -c git-glue-apply -l commit-worktree -d 'Commit the work that was not committed in the sandbox, too'
complete -c git-glue-apply -l no-gpg-sign -d 'Sign no commit, although `commit.gpgSign` is set'
complete -c git-glue-apply -l continue -d 'After a conflict was resolved: commit it, and land what is left'
complete -c git-glue-apply -l undo -d 'Take back an earlier apply of <id>, if nothing was done on top of it'
complete -c git-glue-apply -s q -l quiet -d 'Print nothing but warnings and errors'
complete -c git-glue-apply -l json -d 'Print one JSON object on standard output instead of text'
complete -c git-glue-apply -s h -l help -d 'Print help: with -h in short, with --help in full'
complete -c git-glue-apply -s V -l version -d 'Print the version'
complete -c git-glue-apply -k -a '(echo latest; git glue-list --ids -n 50 2>/dev/null)' -d 'session'
