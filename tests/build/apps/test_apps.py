# SPDX-License-Identifier: Apache-2.0
"""Apps are data: one registry, which everything that asks for an app reads."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from mcu_ghost import boards
from mcu_ghost.build import apps, build, folder
from mcu_ghost.build.apps import APPS, App
from mcu_ghost.cli import build as build_verb
from mcu_ghost.cli import new as new_verb
from mcu_ghost.host import resources, templates
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import golden
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.project import ghost_toml
from tests.conftest import ROOT
from tests.listeners import listener
from tests.sound.enhancers import random_enhancer

BOARD = boards.load("nrf52840")
# A comparison of an app with a name, in Python or in a template.
_COMPARED = re.compile(
    rf"""\bapp(\.name)?\s*(==|!=|(not\s+)?in\b)\s*[\[({{]*["']({"|".join(APPS)})["']"""
)


def plain_model() -> Model:
    return random_model(1, units=8, ratio=2, inputs=4)


def test_every_app_is_a_file_and_a_file_of_firmware() -> None:
    here = {p.stem for p in Path(apps.__file__).parent.glob("*.py")} - {"__init__", "app"}
    firmware = {p.stem for p in (resources.folder("firmware") / "apps").glob("*.c")}
    assert here == firmware == set(APPS)
    assert all(name == app.name and app.summary for name, app in APPS.items())


def test_nothing_outside_asks_which_app_it_is() -> None:
    assert _COMPARED.search('if app == "kws":') and _COMPARED.search("app.name in ('stream',)")
    files = [*(ROOT / "mcu_ghost").rglob("*.py"), *(ROOT / "templates").rglob("*.jinja")]
    assert len(files) > 200
    asking = [f for f in files if f.parent.name != "apps" and _COMPARED.search(f.read_text())]
    assert asking == []


def test_the_sources_of_an_app_exist() -> None:
    firmware = resources.folder("firmware")
    for app in APPS.values():
        for name in (*app.hot, *app.cold(BOARD)):
            assert (firmware / name).is_file(), name


@pytest.mark.parametrize("verb", [build_verb, new_verb])
def test_options_offer_the_registry(verb: object) -> None:
    (option,) = [p for p in verb.command.params if p.name == "app"]  # type: ignore[attr-defined]
    context = click.Context(verb.command)  # type: ignore[attr-defined]
    assert option.type.get_metavar(option, context) == f"[{'|'.join(APPS)}]"
    assert [option.type.convert(name, option, context) for name in APPS] == list(APPS)
    with pytest.raises(
        click.BadParameter,
        match="is none of kws, kws_clips, denoise_live, denoise, stream, selftest, record",
    ):
        option.type.convert("kvs", option, context)


@pytest.mark.parametrize("name", APPS)
def test_a_project_may_name_any_app(name: str, tmp_path: Path) -> None:
    path = tmp_path / "ghost.toml"
    path.write_text(f'boards = ["nrf52840"]\napp = "{name}"\n')
    assert ghost_toml.read(path).app == name


def test_an_app_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(GhostError, match="no app 'steam': take .*Did you mean 'stream'?"):
        build.build(plain_model(), BOARD, "steam", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_the_first_that_fits_is_what_all_boards_and_the_model_can_run() -> None:
    deaf = boards.load("microbit")
    assert apps.fitting(listener(), [BOARD]).name == "kws"
    assert apps.fitting(listener(), [BOARD, deaf]).name == apps.DEFAULT == "stream"
    assert apps.fitting(plain_model(), [BOARD]).name == "stream"
    assert apps.fitting(random_enhancer(), [deaf]).name == "denoise"
    assert apps.fitting(random_enhancer(), [BOARD]).name == "denoise_live"


def test_the_first_that_answers_a_host() -> None:
    found = [apps.answering(m, BOARD).name for m in (listener(), plain_model(), random_enhancer())]
    assert found == ["stream", "stream", "denoise"]


def test_an_app_of_speech_refuses_other_models() -> None:
    with pytest.raises(GhostError, match="is for classification: it cannot clean speech"):
        APPS["denoise"].validate(plain_model(), BOARD)
    with pytest.raises(GhostError, match="it cannot clean speech"):
        APPS["denoise_live"].validate(plain_model(), BOARD)


def test_clean_sound_takes_a_quick_console() -> None:
    APPS["denoise_live"].validate(random_enhancer(), boards.with_baud(BOARD, 460_800))
    with pytest.raises(GhostError, match="takes 366 kbit/s, the console of nrf52840 has 115"):
        APPS["denoise_live"].validate(random_enhancer(), boards.with_baud(BOARD, 115_200))
    with pytest.raises(GhostError, match="microbit has no microphone"):
        APPS["denoise_live"].validate(random_enhancer(), boards.load("microbit"))


def test_what_an_app_says_of_itself_is_what_is_compiled() -> None:
    app = App("pulse", "…", proof="link", definitions=("A=1", "B=2"), user="apps/pulse.h",
              cold=lambda board: ("runtime/led.c",), microphone=True)  # fmt: skip
    context = folder.context(BOARD, app, ("model.c",), ())
    assert context.firmware_sources[-2:] == ("runtime/led.c", "apps/pulse.c")
    cmake = templates.render("build/CMakeLists.txt.jinja", context)
    assert "target_compile_definitions(pulse PRIVATE A=1 B=2)\n" in cmake
    assert "add_executable(pulse ${FIRMWARE} ${MODEL} ${KERNELS} ${USER})\n" in cmake
    assert "# Your own, see apps/pulse.h.\nfile(GLOB USER CONFIGURE_DEPENDS user/*.c)" in cmake
    header = templates.render("build/board.h.jinja", context)
    assert "#define BOARD_HAS_MICROPHONE 1" in header and "BOARD_HAS_LED" in header
    plain = folder.context(BOARD, APPS["stream"], ("model.c",), ())
    cmake = templates.render("build/CMakeLists.txt.jinja", plain)
    assert "USER" not in cmake and "target_compile_definitions" not in cmake
    assert "BOARD_LED_PIN" not in templates.render("build/board.h.jinja", plain)


def test_what_selftest_generates_takes_flash() -> None:
    model = plain_model()
    made = APPS["selftest"].generate(model, BOARD)
    assert set(made.texts) == {"golden.h", "golden.c"}
    (part,) = made.constants
    cases = golden.make(model)
    sizes = cases.inputs.nbytes + cases.outputs.nbytes + 2 * len(cases.inputs)
    assert (part.name, part.bytes) == ("golden cases", sizes)
