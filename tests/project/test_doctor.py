# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost doctor`: which verbs would work with what is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcu_ghost import boards, cli
from mcu_ghost.boards.flash.methods import METHODS
from mcu_ghost.host import tools
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.tools import TOOLS
from mcu_ghost.project import doctor
from tests.cli.in_process import ghost, refusal
from tests.host.test_tools import bare as bare
from tests.host.test_tools import program


def verdicts(diagnosis: doctor.Diagnosis) -> dict[str, bool]:
    return {verdict.verb: verdict.works for verdict in diagnosis.verdicts}


def test_every_tool_is_some_verbs_and_every_verb_exists() -> None:
    found = doctor.diagnose()
    assert {tool.name for tool in found.tools} == {*TOOLS, *METHODS}
    assert all(tool.verbs for tool in found.tools)
    assert {verb.split()[0] for verb in doctor.VERBS} <= set(cli.VERBS)


def test_a_machine_with_nothing_on_it(bare: Path) -> None:
    found = doctor.diagnose()
    assert not found.works
    assert [verb for verb, works in verdicts(found).items() if works] == ["flash"]  # by copying
    lines = {verdict.verb: verdict.install for verdict in found.verdicts}
    build = ("pip install ziglang", "pip install cmake", "pip install ninja")
    assert lines["build"] == build
    assert lines["test"] == (*build, "pip install 'mcu-ghost[emulate]'")
    assert lines["train"] == ("pip install 'mcu-ghost[train]'",)
    assert lines["convert"] == lines["inspect"] == ("pip install 'mcu-ghost[convert]'",)
    assert all(tool.install and not tool.version for tool in found.tools if not tool.there)


def test_the_road_by_pip_alone(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cmake", "ninja"):
        program(tmp_path / "scripts", name)
    program(tmp_path / "site", "zig")
    here = SimpleNamespace(submodule_search_locations=[str(tmp_path / "site")], origin="there.py")
    packages = {"ziglang": here, "unicorn": here}
    monkeypatch.setattr(tools.importlib.util, "find_spec", packages.get)
    found = doctor.diagnose()
    assert found.works
    works = [verb for verb, works in verdicts(found).items() if works]
    assert works == ["build", "test", "listen", "new", "check", "bench", "flash"]
    (profile,) = (verdict for verdict in found.verdicts if verdict.verb == "profile")
    assert profile.install == ("pip install 'mcu-ghost[emulate]'",)


def test_files_of_networks_are_read_without_tensorflow(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = {"h5py": SimpleNamespace(origin="there.py")}
    monkeypatch.setattr(tools.importlib.util, "find_spec", packages.get)
    assert doctor.diagnose(["convert"]).verdicts[0].install == ("pip install 'mcu-ghost[convert]'",)
    packages["onnx"] = packages["h5py"]
    found = doctor.diagnose(["convert"])
    assert found.works
    assert {tool.name: tool.there for tool in found.tools} == {
        "h5py": True,
        "onnx": True,
        "tensorflow": False,
        "tf-keras": False,
        "tensorflow-model-optimization": False,
    }


def test_scores_of_cleaned_speech_are_no_condition(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = SimpleNamespace(origin="there.py")
    lacking = ("pesq", "pystoi")
    monkeypatch.setattr(
        tools.importlib.util, "find_spec", lambda name: None if name in lacking else there
    )
    found = doctor.diagnose(["train"])
    assert found.works
    told = {tool.name: tool for tool in found.tools if not tool.there}
    assert tuple(told) == lacking
    for tool in told.values():
        assert tool.install == "pip install 'mcu-ghost[enhancement]'" and "scores" in tool.title


def test_a_microphone_takes_two_things_and_listening_to_boards_neither(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    program(bare, "apt")
    (verdict,) = doctor.diagnose(["data record"]).verdicts
    assert not verdict.works
    assert verdict.install == ("pip install 'mcu-ghost[record]'", "sudo apt install libportaudio2")
    there = SimpleNamespace(origin="there.py", submodule_search_locations=["there"])
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: there)
    found = doctor.diagnose(["data record"])
    assert found.works and [tool.name for tool in found.tools] == ["sounddevice", "portaudio"]
    assert all(not tool.install for tool in found.tools)
    assert "sounddevice" in {tool.name for tool in doctor.diagnose(["listen"]).tools}
    assert ("sounddevice",) not in doctor.VERBS["listen"]


def test_a_board_has_its_own_emulators_and_methods(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("cmake", "ninja"):
        program(tmp_path / "scripts", name)
    for name in ("arm-none-eabi-gcc", "apt"):
        program(bare, name, "12.2.1")
    unicorn = SimpleNamespace(origin="there.py")
    monkeypatch.setattr(
        tools.importlib.util, "find_spec", lambda name: unicorn if name == "unicorn" else None
    )
    assert doctor.diagnose(["test"], boards.load("nrf52840")).works
    found = doctor.diagnose(["test"], boards.load("mps3-an547"))  # MVE, which only QEMU has
    assert not found.works
    assert found.verdicts[0].install == ("sudo apt install qemu-system-arm",)
    found = doctor.diagnose(["flash"], boards.load("nrf52840"))
    assert [tool.name for tool in found.tools] == list(boards.load("nrf52840").flashing.methods)
    for verb, name in (("flash", "mps3-an547"), ("listen", "microbit")):
        found = doctor.diagnose([verb], boards.load(name))
        assert found.verdicts[0].install == ("nothing can, with this board",) and not found.works


def test_a_verb_that_works_for_some_boards_says_for_which(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QEMU alone is no emulator of the nRF52840, and without any `test` does not work."""
    for name in ("cmake", "ninja"):
        program(tmp_path / "scripts", name)
    for name in ("arm-none-eabi-gcc", "apt"):
        program(bare, name, "12.2.1")
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: None)
    (verdict,) = doctor.diagnose(["test"]).verdicts
    assert not verdict.works and verdict.boards == () and "nrf52840" in verdict.others
    program(bare, "qemu-system-arm", "QEMU emulator version 7.2.22")
    (verdict,) = doctor.diagnose(["test"]).verdicts
    assert verdict.works and "mps3-an547" in verdict.boards
    assert "nrf52840" in verdict.others and "nrf52840" not in verdict.boards
    assert "pip install 'mcu-ghost[emulate]'" in verdict.install


@pytest.mark.parametrize(
    ("name", "says", "version"),
    [
        ("qemu-system-arm", "QEMU emulator version 7.2.22 (Debian 1:7.2)", "7.2.22"),
        ("arm-none-eabi-gcc", "12.2.1", "12.2.1"),
        ("flite", "nothing of the kind", ""),
    ],
)
def test_versions(bare: Path, name: str, says: str, version: str) -> None:
    path = program(bare, name, says)
    key = "qemu" if name.startswith("qemu") else name
    found = doctor.look(key, ("test",))
    assert (found.there, found.path, found.version, found.install) == (True, path, version, "")


def test_a_program_that_cannot_be_run_has_no_version(bare: Path) -> None:
    path = program(bare, "espeak-ng")
    path.write_bytes(b"\x7fELF and no more")
    assert doctor.look("espeak-ng", ()).version == ""


def test_a_verb_that_needs_nothing() -> None:
    with pytest.raises(GhostError, match="Did you mean 'train'"):
        doctor.diagnose(["tran"])
    assert "no verb that needs anything" in refusal("doctor", "boards")


@pytest.mark.slow
def test_exit_codes_and_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = ghost("doctor", "flash", "--board", "nrf52840", "--json")
    data = json.loads(result.stdout)
    assert result.returncode == (0 if data["works"] else 1)
    assert [verdict["verb"] for verdict in data["verdicts"]] == ["flash"]
    result = ghost("doctor", "data", "synth")
    assert result.returncode == 1 and result.stderr == ""
    assert "✗ data synth" in result.stdout and "espeak-ng" in result.stdout
    result = ghost("doctor", "build", "--json")  # zig, cmake and ninja come with mcu-ghost
    assert result.returncode == 0 and json.loads(result.stdout)["works"] is True
