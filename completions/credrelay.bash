# bash completion for credrelay(1).

_credrelay_relays()
{
    sed -n 's/^\[\([^]]*\)\].*/\1/p' \
        "${CREDRELAY_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/credrelay/credrelay.conf}" 2>/dev/null |
        grep -vx alert
}

_credrelay_tools()
{
    local file
    echo claude codex
    for file in "${XDG_CONFIG_HOME:-$HOME/.config}"/credrelay/tools/*.ini; do
        [[ -r $file ]] && basename "$file" .ini
    done
}

_credrelay()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local commands="run pull publish sync watch version help" words i
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "$commands --help --version" -- "$word"))
        return
    fi
    if [[ $before == -r || $before == --relay ]]; then
        COMPREPLY=($(compgen -W "$(_credrelay_relays)" -- "$word"))
        return
    fi
    if [[ $before == -t || $before == --tool ]]; then
        COMPREPLY=($(compgen -W "$(_credrelay_tools)" -- "$word"))
        return
    fi
    case ${COMP_WORDS[1]} in
    run)
        words="-r --relay -t --tool -h --help --"
        for ((i = 2; i < COMP_CWORD; i++)); do
            [[ ${COMP_WORDS[i]} == -- ]] || continue
            if ((COMP_CWORD == i + 1)); then
                COMPREPLY=($(compgen -c -- "$word"))
            else
                compopt -o default 2>/dev/null # not in the bash of macOS
            fi
            return
        done ;;
    pull | publish) words="-r --relay -j --json -n --dry-run -f --force -v --verbose -q --quiet -h --help" ;;
    sync) words="-r --relay -j --json -n --dry-run -v --verbose -q --quiet -h --help" ;;
    watch) words="-d --detach -1 --once -j --json -q --quiet -h --help" ;;
    version) words="-j --json -h --help" ;;
    help) words="-j --json -h --help $commands" ;;
    *) return ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}

complete -F _credrelay credrelay
