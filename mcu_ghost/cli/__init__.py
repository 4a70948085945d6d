# SPDX-License-Identifier: Apache-2.0
"""The command line: one file per verb, imported when its help or the verb itself is asked for."""

from __future__ import annotations

import importlib
import os
import re
import signal
import sys
from typing import NoReturn

import click

from mcu_ghost.cli import log
from mcu_ghost.host import advice, console, processes, text
from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.host.version import __version__

VERBS = {
    "new": "Make a folder NAME with firmware that works, tests, a baseline and a GitHub workflow.",
    "build": "Build the firmware of a model for a board.",
    "test": "Run the firmware on an emulator and compare every output byte with the reference.",
    "listen": "Play recordings into the microphone of an emulated board and show what it hears.",
    "denoise": "Clean a recording of speech with a model, on this PC, as a board does it.",
    "check": "Build and run the project in this folder, and compare what it costs with its"
    " baseline.",
    "bench": "Count what a random network of a shape costs on a board.",
    "profile": "Show where a frame's instructions go: by layer, function, kind and block.",
    "boards": "List the boards and what each was tested on, or show all that is known of one.",
    "flash": "Write an image to a board, verify it, and start it.",
    "monitor": "Show what a board prints, until Ctrl-C.",
    "verify": "Run the flashed firmware on its board and compare every output byte with the"
    " reference.",
    "export": "Write a network as a library with header, example and metadata.",
    "data": "Make, record, fetch and check data sets: folders <label>/*.wav or *.flac.",
    "train": "Train a model by a RECIPE (TOML), convert it, and say how good it is.",
    "tune": "Set the thresholds of a keyword MODEL by recordings, without training.",
    "convert": "Convert a MODEL to an int8 .tflite with fused recurrent operators.",
    "inspect": "Show what would become of a model FILE, layer by layer, and what is refused.",
    "schema": "Print the JSON Schema of board files, recipes or ghost.toml.",
    "doctor": "Say which tools are there, which verbs work, and what installs the rest.",
}
"""In the order of the road, with the first sentence of each one's help: `--help` imports none."""


_RESUMES = {
    "train": " The same command goes on after the last whole epoch.",
    "data fetch": " The same command goes on with what is there.",
    "data record": " The same command goes on with what is there.",
    "data synth": " The same command goes on with what is there.",
}


class Verbs(click.Group):
    """The verbs, each `mcu_ghost.cli.<verb>.command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the road."""
        return list(VERBS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"mcu_ghost.cli.{cmd_name}").command
        return log.with_options(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a verb, or suggest one."""
        if args and args[0] not in (*VERBS, "") and args[0][0] != "-" and not ctx.resilient_parsing:
            hint = did_you_mean(args[0], VERBS)
            raise GhostError(f"There is no verb '{args[0]}'.{hint} `mcu-ghost --help` lists all.")
        return super().resolve_command(ctx, args)


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"""\b
Example: mcu-ghost build --board nrf52840 && mcu-ghost test --board nrf52840
Exit codes: 0 all is well; 1 an error, or a result that is not as it should be;
2 a wrong command line; 130 stopped by Ctrl-C.
Pages of a checkout: {advice.PAGES}/index.md, {advice.PAGES}/troubleshooting.md.""",
)
@click.version_option(__version__, prog_name="mcu-ghost")
def cli() -> None:
    """Put GhostRNN and GRU networks on Cortex-M: build, prove on an emulator, flash."""


def _stop(number: int, frame: object) -> None:
    """End programs that threads wait for, and then all in good order."""
    if processes.later(signal.Signals(number)):
        return
    processes.stop_all()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def main() -> None:
    """Run the command line; a `GhostError` becomes one sentence and exit code 1.

    Where `--json` was given the sentence comes as JSON on stdout, too.
    """
    text.spell_out()
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody ignores it
        signal.signal(signal.SIGINT, _stop)
    try:
        cli.main(prog_name="mcu-ghost", standalone_mode=False)
    except GhostError as error:
        _fail(str(error), 1)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(error.exit_code)
    except click.UsageError as error:
        command = f"{error.ctx.command_path} --help" if error.ctx else "mcu-ghost --help"
        _fail(f"{error.format_message()}{_meant(error)} `{command}` shows how.", error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except click.Abort:
        verb = " ".join(word for word in sys.argv[1:3] if not word.startswith("-"))
        resumes = next((how for name, how in _RESUMES.items() if verb.startswith(name)), "")
        _fail(f"stopped.{resumes}", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _meant(error: click.UsageError) -> str:
    """Return which option a word without one may belong to, as the sentence goes on."""
    extra = re.search(r"unexpected extra argument \((.*)\)$", error.format_message())
    if extra is None or error.ctx is None:
        return ""
    known = {word for param in error.ctx.command.params for word in param.opts}
    option = "--model" if extra[1].endswith(".tflite") else "--board"
    return f"; did you mean {option} {extra[1]}?" if option in known else ""


def _shown(message: object) -> str:
    """Return a message, in which names from outside may stand, safe for a terminal."""
    return text.printable(str(message).replace("\r\n", "\n"), keep="\n\t")


def _fail(message: str, code: int) -> NoReturn:
    """Say what is wrong, where people and where scripts look, and exit."""
    log.failed(message)
    click.secho(f"error: {_shown(message)}", fg="red", err=True)
    if more := advice.place(message):
        click.secho(f"more: {more}", dim=True, err=True)
    if "--json" in sys.argv:
        console.print_json({"error": {"message": message, "exit_code": code}})
    sys.exit(code)
