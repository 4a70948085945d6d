# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost new`: what it refuses, what it writes; a project that passes and fails its tests."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from mcu_ghost import boards
from mcu_ghost.boards import Board
from mcu_ghost.cli import VERBS
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import write
from mcu_ghost.project import baseline, costs, ghost_toml, new, requirement
from mcu_ghost.project.baseline import Costs
from mcu_ghost.train import recipe
from mcu_ghost.train.enhancement import recipe as enhancement_recipe
from tests.cli.in_process import ghost, refusal
from tests.conftest import ROOT
from tests.pages import Reader
from tests.project.test_baseline import changed

# action.yml of antmicro/renode-test-action 5.0.0
RENODE_INPUTS = {
    "renode-revision", "renode-repository", "tests-to-run", "renode-arguments", "artifacts-path",
    "gather-execution-metrics",
}  # fmt: skip


@pytest.fixture
def unbuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be built: what is written besides is of interest."""

    def board(project: object, target: Board, *rest: object) -> Costs:
        return changed(board=target.name)

    monkeypatch.setattr(costs, "board", board)


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it come from an index: a checkout makes a wheel first, as tests of requirements do."""
    monkeypatch.setattr(requirement, "_origin", dict)


@pytest.mark.parametrize(
    "name", ["", "1st", "-lamp", "lämp", "la mp", "lamp.d", "..", "x" * 65, "lamp\n"]
)
def test_names_that_files_cannot_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(GhostError, match="is no name for a project"):
        new.create(tmp_path / "in" / ".." / name if name else Path(), ["nrf52840"])
    assert not list(tmp_path.iterdir())


def test_the_name_of_its_own_file(tmp_path: Path) -> None:
    with pytest.raises(GhostError, match="cannot be called 'ghost'"):
        new.create(tmp_path / "ghost", ["nrf52840"])


@pytest.mark.slow
def test_what_exists_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("lamp", "file", "link"):
        told = refusal("new", name, "--board", "nrf52840", cwd=tmp_path)
        assert told.startswith(f"{name}: exists already")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "lamp", "link"]
    assert [p.name for p in folder.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_folders_that_are_missing_or_cannot_be_written(tmp_path: Path) -> None:
    told = refusal("new", "no/lamp", "--board", "nrf52840", cwd=tmp_path)
    assert told == "no: there is no such folder to put lamp into."
    # Nobody, not even root, makes folders here.
    assert "/proc/lamp: cannot be written" in refusal("new", "/proc/lamp", "--board", "nrf52840")


@pytest.mark.slow
def test_models_that_there_are_not(tmp_path: Path) -> None:
    given = ("new", "lamp", "--board", "nrf52840", "--model")
    assert refusal(*given, "clean_speach", cwd=tmp_path).startswith("clean_speach:")
    (tmp_path / "clean_speech").mkdir()  # hides no bundled one
    told = refusal(*given, "clean_speech", "--app", "kws", cwd=tmp_path)
    assert "clean_speech" in told and not (tmp_path / "lamp").exists()


@pytest.mark.slow
def test_boards_that_do_not_fit(tmp_path: Path) -> None:
    told = refusal("new", "lamp", "--board", "nrf52480", cwd=tmp_path)
    assert "Did you mean 'nrf52840'?" in told
    told = refusal("new", "lamp", "--board", "microbit", "--app", "kws", cwd=tmp_path)
    assert "microbit has no microphone" in told
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("ending", [GhostError("it does not fit"), KeyboardInterrupt()])
def test_nothing_is_left_of_one_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: BaseException
) -> None:
    seen: list[Path] = []

    def board(*rest: object) -> Costs:
        seen.extend(tmp_path.iterdir())
        raise ending

    monkeypatch.setattr(costs, "board", board)
    with pytest.raises(type(ending)):
        new.create(tmp_path / "lamp", ["nrf52840"])
    assert [p.name.startswith(".lamp.") for p in seen] == [True]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("released")
def test_wrong_bytes_make_no_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "board", lambda *rest: changed(different_bytes=7))
    with pytest.raises(GhostError, match="7 bytes differ from the reference"):
        new.create(tmp_path / "lamp", ["nrf52840"])
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("unbuilt", "released")
@pytest.mark.parametrize("names", [[name] for name in boards.names()] + [["nano33ble", "microbit"]])
def test_what_is_written_can_be_read(tmp_path: Path, names: list[str]) -> None:
    folder = tmp_path / "my-lamp_2"
    new.create(folder, names)
    project = ghost_toml.read(folder / "ghost.toml")
    hears = all(boards.load(name).microphone for name in names)
    assert project.boards == tuple(names) and project.app == ("kws" if hears else "stream")
    assert (folder / str(project.model)).read_bytes() == resources.default_model().read_bytes()
    assert recipe.read(folder / str(project.recipe)).board == names[0]
    assert [entry.board for entry in baseline.read(folder / "baseline.json").boards] == names
    assert (folder / str(project.recordings) / "README.md").is_file()
    compile((folder / "tests" / "test_firmware.py").read_text(), "test_firmware.py", "exec")
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [p.name for p in tmp_path.iterdir()] == [folder.name]


@pytest.mark.usefixtures("unbuilt", "released")
def test_tasks_of_an_editor_are_verbs(tmp_path: Path) -> None:
    new.create(tmp_path / "lamp", ["nrf52840"])
    text = (tmp_path / "lamp" / ".vscode" / "tasks.json").read_text()
    tasks = json.loads(text)["tasks"]
    verbs = [task["command"].removeprefix("mcu-ghost ") for task in tasks]
    assert set(verbs) <= set(VERBS) and "build" in verbs
    assert len({task["label"] for task in tasks}) == len(tasks)


@pytest.mark.usefixtures("unbuilt", "released")
def test_one_that_cleans_speech(tmp_path: Path) -> None:
    folder = tmp_path / "headset"
    new.create(folder, ["nucleo-g474re"], model=resources.enhancement_model())
    project = ghost_toml.read(folder / "ghost.toml")
    assert project.app == "denoise" and project.tolerance.si_sdr_db == 0.1
    network = costs.model(dataclasses.replace(project, model=str(folder / str(project.model))))
    assert network.name == "clean_speech"
    own = enhancement_recipe.read(folder / str(project.recipe))
    assert own.board == "nucleo-g474re" and own.speech.folders == ("data/speech",)
    assert "[train,enhancement]" in (folder / "requirements-train.txt").read_text()
    assert "recordings/noisy/" in (folder / "recordings" / "README.md").read_text()
    for kind in ("noisy", "clean"):
        assert (folder / "recordings" / kind / ".gitkeep").is_file()
    said = (folder / "README.md").read_text()
    assert "mcu-ghost denoise my.wav" in said
    assert "mcu-ghost listen" not in said and "words" not in said


@pytest.mark.usefixtures("unbuilt", "released")
def test_one_with_a_network_of_ones_own(tmp_path: Path) -> None:
    """Which is no task of ours: no recipe, no recordings, but data."""
    file = tmp_path / "mine.tflite"
    write.write(random_model(3, units=12, ratio=2, inputs=5), file)
    folder = tmp_path / "pump"
    new.create(folder, ["nucleo-g474re"], model=file)
    assert (folder / "pump.tflite").read_bytes() == file.read_bytes()
    project = ghost_toml.read(folder / "ghost.toml")
    assert (project.app, project.recipe, project.recordings) == ("stream", None, None)
    assert sorted(path.name for path in folder.iterdir()) == [
        ".github", ".gitignore", ".vscode", "README.md", "baseline.json", "ghost.toml",
        "pump.tflite", "requirements.txt", "schemas", "tests",
    ]  # fmt: skip
    said = (folder / "README.md").read_text()
    assert "a copy of yours" in said and "mcu-ghost train" not in said
    text = (folder / "ghost.toml").read_text()
    (folder / "ghost.toml").write_text(
        text.replace("# data =", "data =").replace("# expect", "expect")
    )
    assert ghost_toml.read(folder / "ghost.toml").expect == "answers.csv"


@pytest.mark.usefixtures("unbuilt", "released")
def test_a_board_of_ones_own_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bundled = Path(boards.__file__).parent / "mps2-an386.toml"
    own = tmp_path / "boards" / "mine.toml"
    own.parent.mkdir()
    own.write_bytes(bundled.read_bytes())
    chips = tmp_path / "boards" / "chips" / "mps2.toml"
    chips.parent.mkdir()
    chips.write_text("chips = []\n")
    new.create(Path("lamp"), ["mine"])
    assert (tmp_path / "lamp" / "boards" / "mine.toml").read_bytes() == own.read_bytes()
    assert (tmp_path / "lamp" / "boards" / "chips" / "mps2.toml").read_text() == "chips = []\n"


@pytest.mark.slow
@pytest.mark.usefixtures("unbuilt", "released")
@pytest.mark.parametrize("names", [["nrf52840"], ["microbit"], ["mps3-an547", "nano33ble"]])
def test_the_workflow(tmp_path: Path, names: list[str]) -> None:
    """Its steps are ones that exist: Renode's action with its own inputs, verbs of ours."""
    new.create(tmp_path / "lamp", names)
    flow = yaml.safe_load((tmp_path / "lamp/.github/workflows/firmware.yml").read_text())
    assert set(flow[True]) == {"push", "pull_request"}  # YAML 1.1 reads `on` so
    (job,) = flow["jobs"].values()
    runs = [line for step in job["steps"] for line in step.get("run", "").splitlines()]
    assert "mcu-ghost check" in runs and "python -m pytest -rs" in runs
    for line in runs:
        if line.startswith("mcu-ghost "):
            _, verb, *rest = shlex.split(line)
            assert verb in VERBS
            help_text = ghost(verb, "--help").stdout
            assert all(word in help_text for word in rest if word.startswith("--"))
    found = [boards.load(name).emulators for name in names]
    assert any("qemu-system-arm" in line for line in runs) == ("mps3-an547" in names)
    actions = [step for step in job["steps"] if "renode-test-action" in step.get("uses", "")]
    assert bool(actions) == any(emulators.renode for emulators in found)
    for step in actions:
        assert step["uses"] == "antmicro/renode-test-action@v5.0.0"
        assert set(step["with"]) <= RENODE_INPUTS
        assert step["with"]["tests-to-run"] == "build/*-selftest/renode/board.robot"
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])


@pytest.mark.toolchain
@pytest.mark.emulator
def test_a_project_passes_its_tests_until_it_gets_worse(tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    made = ghost("new", "lamp", "--board", "mps2-an386", cwd=tmp_path)
    assert made.returncode == 0, made.stderr

    def tested() -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)

    passes = tested()
    assert passes.returncode == 0, passes.stdout
    assert "2 passed, 1 skipped" in passes.stdout
    assert "recordings/ is empty: accuracy is not known" in passes.stdout

    path = folder / "baseline.json"
    data = json.loads(path.read_text())
    (entry,) = data["boards"]
    assert entry["toolchain"].startswith("zig (clang) 0.") and entry["accuracy"] is None
    entry["flash_bytes"] -= entry["flash_bytes"] // 50
    entry["instructions_per_frame"] -= entry["instructions_per_frame"] // 50
    path.write_text(json.dumps(data))
    fails = tested()
    assert fails.returncode == 1 and "1 failed, 1 passed, 1 skipped" in fails.stdout
    assert "mps2-an386: flash grew from" in fails.stdout
    assert "mps2-an386: instructions per frame grew from" in fails.stdout
    assert "RAM grew" not in fails.stdout


@pytest.mark.toolchain
@pytest.mark.emulator
def test_a_project_that_cleans_speech(tmp_path: Path) -> None:
    """Its recordings are counted once there are some."""
    folder = tmp_path / "headset"
    made = ghost("new", "headset", "--board", "mps2-an386", "--model", "clean_speech", cwd=tmp_path)
    assert made.returncode == 0, made.stderr

    def checked(*words: str) -> dict[str, Any]:
        result = ghost("check", "--json", *words, cwd=folder)
        assert result.returncode == 0, result.stdout + result.stderr
        (board,) = json.loads(result.stdout)["boards"]
        assert board["now"]["different_bytes"] == 0 and board["now"]["app"] == "denoise"
        return board["now"]

    assert checked()["cleaned"] is None
    speech, rate = soundfile.read(resources.demo_clips()[0], dtype="int16")
    noise = np.random.default_rng(1).normal(0, 600, len(speech)).astype(np.int16)
    for kind, samples in (("clean", speech), ("noisy", speech + noise)):
        soundfile.write(folder / "recordings" / kind / "one.wav", samples, rate)
    gained = checked("--update", "--html", "p.html")["cleaned"]["si_sdr_db"]
    assert gained > 1
    page = Reader((folder / "p.html").read_text("utf-8"))
    assert page.texts["h1"] == ["headset"] and page.texts["h2"][1] == "The baseline is new"
    assert f"{gained:+.1f} dB" in page.texts["b"] and f"{gained:.2f} dB" in page.texts["td"]


@pytest.mark.toolchain
@pytest.mark.emulator
def test_recordings_are_counted(tmp_path: Path) -> None:
    """The same recording is right in one folder and wrong in the other; then one is gone."""
    clip = next(clip for clip in resources.demo_clips() if clip.name.startswith("alexa_"))
    (tmp_path / "ghost.toml").write_text(
        'boards = ["mps2-an386"]\ntoolchain = "zig"\nrecordings = "recordings"\n'
    )
    for word in ("alexa", "unknown"):
        place = tmp_path / "recordings" / word
        place.mkdir(parents=True)
        (place / clip.name).write_bytes(clip.read_bytes())
    assert "no baseline yet" in refusal("check", cwd=tmp_path)
    (tmp_path / "r.toml").write_text('[words]\nfolders = ["data/words", "recordings"]\n')
    path = tmp_path / "ghost.toml"
    path.write_text(f'recipe = "r.toml"\n{path.read_text()}')
    assert "r.toml trains on these recordings" in refusal("check", "--update", cwd=tmp_path)
    (tmp_path / "r.toml").write_text('[words]\nfolders = ["data/words"]\n')
    made = ghost("check", "--update", "--json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (board,) = json.loads(made.stdout)["boards"]
    assert board["baseline"] is None
    assert (board["now"]["accuracy"]["right"], board["now"]["accuracy"]["recordings"]) == (1, 2)

    (tmp_path / "recordings" / "unknown" / clip.name).unlink()
    (tmp_path / "recordings" / "unknown").rmdir()
    result = ghost("check", cwd=tmp_path)
    assert result.returncode == 1
    assert "other recordings or samples than the baseline's (1 now, 2 then)" in result.stdout
    assert "+50.0 points" in result.stdout and "✗" in result.stdout  # the table

    (tmp_path / "recordings" / "alexa").rename(tmp_path / "recordings" / "alexia")
    told = refusal("check", cwd=tmp_path)
    assert "knows no 'alexia'" in told and "Did you mean 'alexa'?" in told
