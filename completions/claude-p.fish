# fish completion for claude-p(1): as claude completes, else files.
complete -c claude-p -w claude
