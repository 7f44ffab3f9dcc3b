"""`doctor`, `rebuild`, `completion`, `version`: about the installation itself."""

import argparse
import platform
import sys

from ghostcells import __version__
from ghostcells.commands.data import opened
from ghostcells.commands.diagnosis import State, diagnose
from ghostcells.commands.output import command, complain, print_json
from ghostcells.domain.words import counted

_MARKS = {State.GOOD: ("ok", "green"), State.LACKING: ("--", "yellow"), State.BAD: ("!!", "red")}
_SHELLS = ("bash", "zsh", "fish")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command(
        commands,
        "doctor",
        "Say what is installed, what works, and what to do about what does not.",
        examples="ghostcells doctor",
    ).set_defaults(run=doctor)
    command(
        commands, "rebuild", "Make the index anew from the log; nothing is lost by it.", examples="ghostcells rebuild"
    ).set_defaults(run=rebuild)
    made = command(
        commands,
        "completion",
        "Print a shell's completion script.",
        examples='eval "$(ghostcells completion bash)"\nghostcells completion zsh > ~/.zfunc/_ghostcells',
    )
    made.add_argument("shell", choices=_SHELLS)
    made.set_defaults(run=completion)
    command(commands, "version", "Print the version.").set_defaults(run=version)


def doctor(options: argparse.Namespace) -> int:
    findings = diagnose(options)
    if options.json:
        print_json(
            [{"about": one.about, "state": one.state.value, "text": one.text, "advice": one.advice} for one in findings]
        )
    else:
        from rich.text import Text

        from ghostcells.commands.output import console

        out = console()
        for one in findings:
            mark, colour = _MARKS[one.state]
            out.print(Text.assemble((mark, colour), f"  {one.about:<14} {one.text}"), soft_wrap=True)
            if one.advice:
                out.print(Text(f"{'':<19}→ {one.advice}"), soft_wrap=True)
    return 1 if any(one.state is State.BAD for one in findings) else 0


def rebuild(options: argparse.Namespace) -> int:
    with opened(options) as data:
        data.rebuild()
        count = data.examples.count()
    if options.json:
        print_json({"examples": count})
    else:
        print(f"the index is new: {counted(count, 'example')}")
    return 0


def completion(options: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        complain("completion needs shtab: pip install 'ghostcells[completion]'")
        return 1
    if options.shell not in shtab.SUPPORTED_SHELLS:
        complain(f"this shtab does not know {options.shell}: pip install --upgrade shtab")
        return 1
    from ghostcells.cli import parser

    print(shtab.complete(parser(), shell=options.shell))
    return 0


def version(options: argparse.Namespace) -> int:
    if options.json:
        print_json({"ghostcells": __version__, "python": platform.python_version(), "executable": sys.executable})
    else:
        print(f"ghostcells {__version__}")
    return 0
