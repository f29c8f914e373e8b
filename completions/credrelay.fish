# fish completion for credrelay(1).

function __credrelay_relays
    set -l file $CREDRELAY_CONFIG
    if test -z "$file"
        set -l folder $XDG_CONFIG_HOME
        test -n "$folder"; or set folder $HOME/.config
        set file $folder/credrelay/credrelay.conf
    end
    test -r "$file"; and string match --regex --groups-only '^\[([^]]*)\]' <$file | string match --invert alert
end

complete -c credrelay -f
complete -c credrelay -n __fish_use_subcommand -a run -d 'run a command with a login that heals itself'
complete -c credrelay -n __fish_use_subcommand -a pull -d 'bring the store\'s login to this machine'
complete -c credrelay -n __fish_use_subcommand -a publish -d 'put the login of this machine into the store'
complete -c credrelay -n __fish_use_subcommand -a sync -d 'pull or publish, whichever is right'
complete -c credrelay -n __fish_use_subcommand -a watch -d 'keep all relays of this machine in step, as they change'
complete -c credrelay -n __fish_use_subcommand -a version -d 'print the version'
complete -c credrelay -n __fish_use_subcommand -a help -d 'show the commands, or one of them'

set -l seen __fish_seen_subcommand_from
complete -c credrelay -n "$seen run pull publish sync" -s r -l relay -x -a '(__credrelay_relays)' -d 'the relay it is about'
complete -c credrelay -n "$seen run" -s t -l tool -x -a 'claude codex' -d 'the relay of this tool'
complete -c credrelay -n "$seen pull publish sync watch version help" -s j -l json -d 'print the result as one JSON object'
complete -c credrelay -n "$seen pull publish sync" -s n -l dry-run -d 'say what would be done, change nothing'
complete -c credrelay -n "$seen pull publish" -s f -l force -d 'do it whatever the order says'
complete -c credrelay -n "$seen pull publish sync" -s v -l verbose -d 'say more on standard error'
complete -c credrelay -n "$seen pull publish sync watch" -s q -l quiet -d 'say nothing when all is well'
complete -c credrelay -n "$seen watch" -s d -l detach -d 'go on in the background; print the process\'s number'
complete -c credrelay -n "$seen watch" -s 1 -l once -d 'one sync of each relay, then the end'
complete -c credrelay -s h -l help -d 'show the help'
complete -c credrelay -n "$seen help" -a 'run pull publish sync watch version help'
complete -c credrelay -n "$seen run" -x -a '(__fish_complete_subcommand --fcs-skip=2)'
