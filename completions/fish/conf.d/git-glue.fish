function __fish_git_glue_forward -a program
    set -l words (commandline -opc)
    set -l at (contains -i -- $program $words)
    or return
    set -l after (string escape -- $words[(math $at + 1)..])
    complete -C (string join -- ' ' git-$program $after (commandline -ct))
end

complete -c git -k -f -n '__fish_git_using_command glue-capture' -a '(__fish_git_glue_forward glue-capture)'
complete -c git -k -f -n '__fish_git_using_command glue-apply' -a '(__fish_git_glue_forward glue-apply)'
complete -c git -k -f -n '__fish_git_using_command glue-list' -a '(__fish_git_glue_forward glue-list)'
complete -c git -k -f -n '__fish_git_using_command glue-show' -a '(__fish_git_glue_forward glue-show)'
complete -c git -k -f -n '__fish_git_using_command glue-diff' -a '(__fish_git_glue_forward glue-diff)'
complete -c git -k -f -n '__fish_git_using_command glue-export' -a '(__fish_git_glue_forward glue-export)'
complete -c git -k -f -n '__fish_git_using_command glue-import' -a '(__fish_git_glue_forward glue-import)'
complete -c git -k -f -n '__fish_git_using_command glue-prune' -a '(__fish_git_glue_forward glue-prune)'
complete -c git -k -f -n '__fish_git_using_command glue-log' -a '(__fish_git_glue_forward glue-log)'
complete -c git -k -f -n '__fish_git_using_command glue-resume' -a '(__fish_git_glue_forward glue-resume)'
complete -c git -k -f -n '__fish_git_using_command glue-replay' -a '(__fish_git_glue_forward glue-replay)'
