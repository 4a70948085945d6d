# SPDX-License-Identifier: Apache-2.0
"""What a Linux machine can tell of others: the base verbs need nothing that only POSIX has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mcu_ghost.host.errors import GhostError
from mcu_ghost.project import new
from mcu_ghost.sound.data import layouts
from tests.conftest import ROOT
from tests.convert.keras_config import by_hand

ONLY_POSIX = ("fcntl", "termios", "resource", "pwd", "grp", "pty", "tty", "syslog")
RUN = f"""
import sys
for name in {ONLY_POSIX}:
    sys.modules[name] = None  # as where it does not exist: to import it is an ImportError
from click.testing import CliRunner
from mcu_ghost.cli import VERBS, cli
for line in sys.argv[1:]:
    result = CliRunner().invoke(cli, line.split(), catch_exceptions=False)
    assert result.exit_code == 0, (line, result.output)
"""


def run(folder: Path, *lines: str) -> None:
    """Run lines of ours in a Python that lacks these modules."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", RUN, *lines], cwd=folder, env=environment,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_every_verb_can_be_asked_for_its_help(tmp_path: Path) -> None:
    from mcu_ghost.cli import VERBS

    run(tmp_path, "--help", *(f"{verb} --help" for verb in VERBS))


@pytest.mark.slow
@pytest.mark.toolchain
@pytest.mark.emulator
def test_base_verbs_run_without_modules_of_posix(tmp_path: Path) -> None:
    gru = by_hand.layer("GRU", units=2, reset_after=True, return_sequences=True)
    shapes = ((4, 6), (2, 6), (2, 6))
    weights = [np.full(shape, 0.1) for shape in shapes]
    by_hand.write(str(tmp_path / "net.h5"), by_hand.sequential(gru), a=weights)
    np.save(tmp_path / "x.npy", np.ones((9, 5, 4)))
    run(
        tmp_path,
        "boards",
        "boards nrf52840",
        "schema board",
        "inspect net.h5",
        "convert net.h5 -o net.tflite --calibration x.npy",
        "build --board microbit --model net.tflite",
        "export net.tflite --as cmake --core any -o lib",
        "export net.tflite --as cmake --core any -o lib",  # takes the earlier one's place
        "new lamp --board microbit --model net.tflite",
    )
    assert (tmp_path / "lamp" / "baseline.json").is_file()


@pytest.mark.parametrize("name", ["nul", "CON", "com1", "Lpt9"])
def test_a_name_that_windows_keeps_for_a_device_is_none_for_a_project(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(GhostError, match=f"'{name}' is no name for a project: Windows keeps it"):
        new.create(tmp_path / name, ["microbit"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("slash", ["/", "\\"])
def test_lists_that_were_made_on_windows_name_the_same_recordings(
    slash: str, tmp_path: Path
) -> None:
    for label in ("stop", "go"):
        (tmp_path / label).mkdir()
        for voice in ("ann", "ben"):
            soundfile.write(tmp_path / label / f"{voice}_0.wav", np.full(1600, 0.1), 16000)
    (tmp_path / "testing_list.txt").write_text(f"stop{slash}ann_0.wav\ngo{slash}ann_0.wav\n")
    splits = {f"{i.label}/{i.path.name}": i.split for i in layouts.read(tmp_path).items}
    assert splits["stop/ann_0.wav"] == splits["go/ann_0.wav"] == "test"

    (tmp_path / "sounds").mkdir()
    (tmp_path / "stop").rename(tmp_path / "sounds" / "a")
    (tmp_path / "go").rename(tmp_path / "sounds" / "b")
    rows = [
        f"sounds{slash}{folder}{slash}{voice}_0.wav,{label},{voice}"
        for folder, label in (("a", "stop"), ("b", "go"))
        for voice in ("ann", "ben")
    ]
    (tmp_path / "list.csv").write_text("\n".join(["path,label,speaker", *rows]) + "\n")
    found = layouts.read(tmp_path)
    assert sorted((i.label, i.group, i.path.name) for i in found.items) == [
        ("go", "ann", "ann_0.wav"), ("go", "ben", "ben_0.wav"),
        ("stop", "ann", "ann_0.wav"), ("stop", "ben", "ben_0.wav")]  # fmt: skip
