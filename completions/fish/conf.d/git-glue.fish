function __fish_git_glue_forward -a program
    set -l words (commandline -opc)
    set -l at (contains -i -- $program $words)
    or return
    set -l after (string escape -- $words[(math $at + 1)..])
    complete -C (string join -- ' ' git-$program $after (commandline -ct))
end

complete -c git -k -f -n '__fish_git_using_command glue-capture' -a '(__fish_git_glue_forward glue-capture)'
complete -c git -k -f -n '__fish_git_using_command glue-apply' -a '(__fish_git_glue_forward glue-apply)'
