"""Fills a completion's template with what the program says of itself.

    generate.py TEMPLATE PROGRAM OUTPUT

The tables of commands and options stand in the program alone (`credrelay help --json`)."""
import json
import re
import subprocess
import sys


def words_of(command):
    """What its arguments may be: the words of "reader|writer" or "install|uninstall|status"."""
    return [w for group in re.findall(r"[a-z][a-z-]*(?:\|[a-z][a-z-]*)+", command["arguments"])
            for w in group.split("|")]


def spellings(option):
    return [f"-{option['letter']}", f"--{option['name']}"] if option["letter"] else [f"--{option['name']}"]


def bash_words(command, commands):
    words = [s for o in command["options"] for s in spellings(o)] + words_of(command)
    return " ".join(words) + (" $commands" if command["name"] == "help" else "")


def second(command):
    """The word by which a command within another is called: "policy" of "aws policy"."""
    return command["name"].split()[-1]


def bash_case(command, commands):
    case = f'    {command["name"]}) words="{bash_words(command, commands)}"'
    if command["commands"]:
        within = "\n".join(f'            {second(c)}) words="{bash_words(c, commands)}" ;;'
                           for c in command["commands"])
        case += f"""
        if ((COMP_CWORD > 2)); then
            case ${{COMP_WORDS[2]}} in
{within}
            *) return ;;
            esac
        fi"""
    return case + " ;;"


def bash(commands):
    return {
        "COMMANDS": " ".join(c["name"] for c in commands),
        "RUN_OPTIONS": next(bash_words(c, commands) for c in commands if c["name"] == "run"),
        "BASH_CASES": "\n".join(bash_case(c, commands) for c in commands if c["name"] != "run"),
    }


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_option(option):
    both = spellings(option)
    takes = {"relay": ":relay:_credrelay_relays", "tool": ":tool:(claude codex)"}.get(option["name"], "")
    if option["argument"] and not takes:
        choices = option["argument"].split("|")
        takes = f":{option['name']}:" + (f"({' '.join(choices)})" if len(choices) > 1 else "")
    what = quoted(f"[{option['help'].replace('[', '(').replace(']', ')')}]{takes}")
    return f"'({' '.join(both)})'{{{','.join(both)}}}{what}" if len(both) > 1 else f"{both[0]}{what}"


def zsh_arguments(command):
    parts = [zsh_option(o) for o in command["options"]]
    if command["name"] == "help":
        parts.append("'1:command:_credrelay_command'")
    elif words_of(command):
        parts.append(f"'1:what:({' '.join(words_of(command))})'")
    return (" \\\n        ").join(parts)


def zsh_case(command):
    if not command["commands"]:
        return f"    {command['name']}) _arguments {zsh_arguments(command)} ;;"
    within = "\n".join(f"        {second(c)}) _arguments {zsh_arguments(c)} ;;" for c in command["commands"])
    return f"""    {command['name']})
        if (( CURRENT == 2 )); then
            _arguments {zsh_arguments(command)}
            return
        fi
        local within=$words[2]
        shift words
        (( CURRENT-- ))
        case $within in
{within}
        esac ;;"""


def zsh(commands):
    return {
        "ZSH_COMMANDS": "\n".join(f"        {quoted(c['name'] + ':' + c['summary'])}" for c in commands),
        "ZSH_RUN": next(zsh_arguments(c) for c in commands if c["name"] == "run"),
        "ZSH_CASES": "\n".join(zsh_case(c) for c in commands if c["name"] != "run"),
    }


def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_option(option, commands):
    who = [c["name"] for c in commands if any(o["name"] == option["name"] for o in c["options"])]
    return fish_line(f"$seen {' '.join(who)}", option)


def fish_line(when, option):
    letter = f" -s {option['letter']}" if option["letter"] else ""
    takes = {"relay": " -x -a '(__credrelay_relays)'", "tool": " -x -a 'claude codex'"}.get(option["name"], "")
    if option["argument"] and not takes:
        takes = f" -x -a '{option['argument'].replace('|', ' ')}'" if "|" in option["argument"] else " -r"
    return (f'complete -c credrelay -n "{when}"{letter} -l {option["name"]}{takes}'
            f" -d {fish_quoted(option['help'])}")


def fish_within(command):
    """Of each command within it: its options, and the words it takes."""
    lines = []
    for c in command["commands"]:
        when = f"$seen {command['name']}; and $seen {second(c)}"
        lines += [fish_line(when, option) for option in c["options"]]
        if words_of(c):
            lines.append(f'complete -c credrelay -n "{when}" -a {fish_quoted(" ".join(words_of(c)))}')
    return lines


def fish(commands):
    options = {o["name"]: o for c in commands for o in c["options"]}
    lines = [fish_option(o, commands) for o in options.values()]
    for c in commands:
        words = [d["name"] for d in commands] if c["name"] == "help" else words_of(c)
        if words:
            lines.append(f'complete -c credrelay -n "$seen {c["name"]}" -a {fish_quoted(" ".join(words))}')
        lines += fish_within(c)
    return {
        "FISH_COMMANDS": "\n".join(f"complete -c credrelay -n __fish_use_subcommand -a {c['name']} -d "
                                   + fish_quoted(c["summary"]) for c in commands),
        "FISH_OPTIONS": "\n".join(lines),
    }


def main(template, program, output):
    tables = json.loads(subprocess.run([program, "help", "--json"], check=True, stdout=subprocess.PIPE,
                                       env={"HOME": "/nonexistent"}).stdout)
    fill = {}
    for shell in (bash, zsh, fish):
        fill.update(shell(tables["commands"]))
    text = open(template).read()
    with open(output, "w") as file:
        file.write(re.sub(r"@([A-Z_]+)@", lambda m: fill[m[1]], text))


main(*sys.argv[1:])
