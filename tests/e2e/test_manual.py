# SPDX-License-Identifier: BSD-2-Clause
"""What is written for people knows what the program knows: the manual and bash's completion."""
import functools
import os
import re
import subprocess

import pytest

from agent import BINARY
from netns import run

HERE = os.path.dirname(os.path.abspath(__file__))
PAGES = os.path.join(HERE, "../../docs/man")
COMPLETION = os.path.join(HERE, "../../packaging/weir.bash")


@functools.cache
def help_of(path):
    return run(BINARY, *path, "--help").stdout


def section(path, title):
    """The entries of a section of a command's --help."""
    found = re.search(rf"^{title}:\n((?:  .*\n)+)", help_of(path), re.M)
    return [line[2:] for line in found.group(1).splitlines()] if found else []


def commands(path=()):
    """Every command, as the words that name it."""
    for line in section(path, "Commands"):
        below = (*path, line.split()[0])
        yield below
        yield from commands(below)


def options(path):
    """The options of a command: [names]."""
    for line in section(path, "Options") + section(path, "Common options"):
        yield re.match(r"\S+", line).group(0).split(",")


ALL = list(commands())


def test_the_tree_of_commands_is_found():
    assert ("run",) in ALL and ("limit", "set") in ALL and ("doctor",) in ALL and len(ALL) > 20
    assert ["--to-much", "--too-much"] in list(options(("limit", "set")))


@pytest.mark.parametrize("page", ["weir.8", "weir.toml.5"])
def test_the_manual_is_set_without_a_warning(page):
    done = run("man", "--warnings", "-l", os.path.join(PAGES, page),
               env={"LC_ALL": "C.UTF-8", "MANWIDTH": "100", "PATH": os.environ["PATH"]})
    assert done.stdout and not done.stderr, done.stderr


def test_the_manual_tells_of_every_command_and_option():
    with open(os.path.join(PAGES, "weir.8")) as file:
        source = file.read()
    # The item of each command, until the next one's; options are in it, or common to all.
    pieces = re.split(r"^(?=\.It Nm Cm |\.Sh )", source, flags=re.M)
    common = next(piece for piece in pieces if piece.startswith(".Sh COMMON OPTIONS"))
    missing = []
    for path in ALL:
        last = section(path, "Commands")  # a group: its first line says what it does alone
        heads = [piece for piece in pieces
                 if re.match(rf"\.It Nm Cm {' '.join(path)}(?= |$|\n)", piece)
                 or re.match(rf"\.It Nm Cm {' '.join(path[:-1])} Op Cm {path[-1]}\n", piece)]
        if last:
            heads += [piece for piece in pieces if piece.startswith(f".It Nm Cm {path[0]} ")]
        if not heads:
            missing.append(path)
            continue
        text = "".join(heads) + common
        for names in options(path):
            for name in names:
                flag = f"Fl Fl {name[2:]}" if name.startswith("--") else f"Fl {name[1:]}"
                if not re.search(rf"{flag}(?![-a-z])", text):
                    missing.append((*path, name))
    assert not missing, f"docs/man/weir.8 does not tell of {missing}"
    for word in ("WEIR_SOCKET", "WEIR_CONFIG", "/etc/weir/weir.toml", "/run/weir/weir.sock",
                 "/var/lib/weir", "/sys/fs/bpf/weir"):
        assert word in source
    codes = source[source.index(".Sh EXIT STATUS"):]
    assert all(f".It {code}\n" in codes for code in range(5))


def complete(*lines):
    """What bash offers for the last word of each line, which are lists of words."""
    script = f"weir() {{ '{BINARY}' \"$@\"; }}\nsource '{COMPLETION}'\n"
    for words in lines:
        quoted = " ".join(f"'{word}'" for word in words)
        script += (f"COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1}\n_weir\n"
                   'printf "%s\\n" "${COMPREPLY[*]}"\n')
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done
    return [line.split() for line in done.stdout.splitlines()]


def test_bash_offers_every_command_and_every_option():
    paths = [(), *ALL]
    groups = [path for path in paths if section(path, "Commands")]
    for path, offered in zip(groups, complete(*[("weir", *path, "") for path in groups])):
        assert offered == [line.split()[0] for line in section(path, "Commands")], path
    for path, offered in zip(paths, complete(*[("weir", *path, "--") for path in paths])):
        wanted = [name for names in options(path) for name in names if name.startswith("--")]
        assert offered == wanted, path


def test_bash_offers_the_values_of_options_and_arguments():
    cases = {("run", "--mode", ""): ["observe", "enforce"],
             ("run", "--mode", "=", "e"): ["enforce"],
             ("mode", "o"): ["observe"],
             ("attach", "l"): ["lo"],
             ("attach", "lo", "--attach", "t"): ["tc"],
             ("limit", "set", "web", ""): ["syn", "request", "media"],
             ("limit", "set", "--action", "re"): ["reset", "reply"],
             ("--socket", "/x", "rel"): ["reload"],
             ("config", "check", "/etc/host"): ["/etc/host.conf", "/etc/hostname", "/etc/hosts"]}
    for words, offered in zip(cases, complete(*[("weir", *words) for words in cases])):
        assert set(cases[words]) <= set(offered), (words, offered)
