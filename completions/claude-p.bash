# bash completion for claude-p(1): as claude completes where its completion is loaded, else files.

_claude_p()
{
    local function
    function=$(complete -p claude 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
    [[ -n $function ]] || return
    COMP_WORDS[0]=claude
    "$function" claude "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
}

complete -o default -F _claude_p claude-p
