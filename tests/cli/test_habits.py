# SPDX-License-Identifier: Apache-2.0
"""What people expect of any command line: pipes, scripts, completion, logs, subfolders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcu_ghost import boards, cli
from mcu_ghost.host import workspace
from mcu_ghost.host.errors import GhostError
from mcu_ghost.project import ghost_toml
from tests.cli.test_cli import ghost

pytestmark = pytest.mark.slow  # each starts programs of its own


def test_results_can_be_piped() -> None:
    result = ghost("boards")
    rows = [line.split() for line in result.stdout.splitlines() if " M0 " in line]
    assert [row[0] for row in rows] == ["microbit"] and result.stderr == ""


@pytest.mark.parametrize("columns", [60, 80])
def test_a_narrow_terminal_loses_no_name(columns: int) -> None:
    lines = ghost("boards", columns=columns).stdout.splitlines()
    assert {line.split()[0] for line in lines[1:] if line[:1].strip()} == set(boards.names())
    assert max(map(len, lines)) <= columns


def test_an_error_is_json_too_where_json_was_asked_for() -> None:
    for words, code in ((("build", "-b", "nrf5284"), 1), (("build", "--bord", "x"), 2)):
        result = ghost(*words, "--json")
        told = json.loads(result.stdout)["error"]
        assert result.returncode == told["exit_code"] == code
        assert result.stderr.startswith(f"error: {told['message']}\n")


def test_a_wrong_command_line_has_the_same_style_as_any_error() -> None:
    result = ghost("build", "--bord", "x")
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("error: No such option '--bord'.")
    assert "`mcu-ghost build --help` shows how." in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("build -b pico my.tflite", "(my.tflite); did you mean --model my.tflite? `mcu-ghost"),
        ("build -b pico nrf52840", "(nrf52840); did you mean --board nrf52840? `mcu-ghost"),
        ("inspect a.tflite pico", "(pico) `mcu-ghost inspect --help`"),
    ],
)
def test_a_word_without_its_option(words: str, told: str) -> None:
    result = ghost(*words.split())
    assert result.returncode == 2 and f"unexpected extra argument {told}" in result.stderr


def completed(line: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("_MCU_GHOST_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"mcu-ghost {line}")
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" "))))
    result = ghost()
    assert result.stderr == "", result.stderr
    return [entry.removeprefix("plain,") for entry in result.stdout.splitlines()]


def test_the_shell_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("bo", monkeypatch) == ["boards"]
    assert completed("build --board nrf", monkeypatch) == [
        name for name in boards.names() if name.startswith("nrf")
    ]
    assert "--toolchain" in completed("build --to", monkeypatch)
    assert "stream" in completed("build --app ", monkeypatch)


def test_a_log_says_what_was_run_and_why_it_failed(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    result = ghost("boards", "nrf5284", "--log", str(log))
    told = log.read_text(encoding="utf-8")
    assert "mcu-ghost boards nrf5284 --log" in told and "Traceback" in told
    assert "Traceback" not in result.stderr
    assert "Traceback" in ghost("boards", "nrf5284", "-v").stderr
    refused = ghost("boards", "--log", str(tmp_path / "none" / "x"))
    assert refused.returncode == 1 and "cannot be written" in refused.stderr


def test_a_terminal_without_unicode_gets_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    for words in (("doctor",), ("boards", "nrf52840"), ("--help",)):
        result = ghost(*words)
        assert "Traceback" not in result.stderr and result.stdout.isascii()
        assert "?" not in result.stdout and result.stdout


def test_a_project_is_found_from_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ghost.toml").write_text('boards = ["shed"]\nmodel = "models/my.tflite"\n')
    (tmp_path / "boards").mkdir()
    good = (Path(boards.__file__).parent / "microbit.toml").read_text(encoding="utf-8")
    (tmp_path / "boards" / "shed.toml").write_text(good, encoding="utf-8")
    (tmp_path / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "src" / "deep")
    project = ghost_toml.need()
    assert project.model == str(Path("..", "..", "models", "my.tflite"))
    assert workspace.root() == Path("..", "..") and "shed" in boards.names()
    assert boards.user_file("shed") == Path("..", "..", "boards", "shed.toml")


def test_a_broken_board_file_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "shed.toml").write_text("title =", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [board.name for board in boards.every()] == [n for n in boards.names() if n != "shed"]
    assert "left out: boards/shed.toml: is not valid TOML" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("rp2040", "Did you mean 'pico'?"),
        ("stm32f4", "Did you mean 'stm32f4discovery'"),
        ("STM32F407VGT6", "Did you mean 'stm32f4discovery'?"),
        ("nrf52833", "Did you mean 'microbit-v2'"),
        ("nrf52480", "Did you mean 'nrf52840'?"),
        ("esp32-c3", "That is no Cortex-M: `mcu-ghost export --as cmake --core any"),
        ("atmega328p", "That is no Cortex-M"),
        ("zx81", "There is no board 'zx81'. `mcu-ghost boards` lists all;"),
    ],
)
def test_a_board_is_guessed_by_what_is_meant(asked: str, told: str) -> None:
    with pytest.raises(GhostError) as caught:
        boards.load(asked)
    assert told in str(caught.value)


def test_ctrl_c_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise cli.click.Abort

    monkeypatch.setattr(cli.cli, "main", interrupted)
    for verb, told in (("train", "after the last whole epoch"), ("build", "error: stopped.\n")):
        monkeypatch.setattr(cli.sys, "argv", ["mcu-ghost", verb, "x"])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == 130 and told in capsys.readouterr().err
