# SPDX-License-Identifier: Apache-2.0
"""The Zephyr module: its files by Zephyr's rules, its sample on a stub of Zephyr's build."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kconfiglib
import numpy as np
import pytest
import yaml

from tests.build.export import libraries
from tests.build.export.libraries import MODELS
from tests.conftest import need

# What scripts/zephyr_module.py takes; True stands for a string.
MODULE: dict[str, Any] = {
    "name": True,
    "build": {"cmake": True, "kconfig": True},
    "samples": [True],
}
# What twister takes of a sample, of what is used here.
SAMPLE: dict[str, Any] = {"name": True, "description": True}
TEST: dict[str, Any] = {
    "tags": True,
    "arch_allow": True,
    "harness": True,
    "harness_config": {"type": True, "regex": [True]},
}


def check(given: Any, schema: Any) -> None:
    """Assert that YAML has no other keys and types than a schema."""
    if isinstance(schema, dict):
        assert isinstance(given, dict) and set(given) <= set(schema), given
        for key, value in given.items():
            check(value, schema[key])
    elif isinstance(schema, list):
        assert isinstance(given, list) and given
        for value in given:
            check(value, schema[0])
    else:
        assert isinstance(given, str) and given


@pytest.fixture(scope="module", params=["any", "cortex-m0", "cortex-m4", "cortex-m55"])
def core(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def module(core: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp(core) / "net"
    return libraries.make(MODELS["listener"](), "zephyr", out, core, "my_net")


def test_the_modules_yaml(module: Path) -> None:
    given = yaml.safe_load((module / "zephyr" / "module.yml").read_text())
    check(given, MODULE)
    assert given["name"] == "my_net"
    assert (module / given["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (module / given["build"]["kconfig"]).is_file()
    assert [(module / sample).is_dir() for sample in given["samples"]] == [True]


def test_the_samples_yaml(module: Path, core: str) -> None:
    given = yaml.safe_load((module / "samples" / "check" / "sample.yaml").read_text())
    assert set(given) == {"sample", "tests"}
    check(given["sample"], SAMPLE)
    ((name, test),) = given["tests"].items()
    check(test, TEST)
    assert re.fullmatch(r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)+", name)
    assert test.get("arch_allow") == (None if core == "any" else "arm")
    assert test["harness"] == "console" and test["harness_config"]["type"] == "one_line"


@pytest.mark.parametrize("arm", [True, False])
def test_the_option(module: Path, core: str, arm: bool, tmp_path: Path) -> None:
    """The sample switches it on, on the cores that it is for."""
    words = ["FPU", "FPU_SHARING"]
    root = tmp_path / "Kconfig"
    root.write_text(
        f"config CPU_CORTEX_M\n\tdef_bool {'ny'[arm]}\n"
        'config MAIN_STACK_SIZE\n\tint "stack"\n\tdefault 1024\n'
        + "".join(f'config {word}\n\tbool "{word}"\n' for word in words)
        + f'source "{module}/zephyr/Kconfig"\n'
    )
    config = kconfiglib.Kconfig(str(root), warn_to_stderr=False)
    config.load_config(str(module / "samples" / "check" / "prj.conf"))
    wanted = arm or core == "any"
    assert config.syms["GHOST_MY_NET"].str_value == "ny"[wanted]
    assert config.syms["MAIN_STACK_SIZE"].str_value == "4096"
    assert config.syms["FPU"].str_value == "ny"[core == "cortex-m55"]
    assert [w for w in config.warnings if wanted] == []


@pytest.mark.toolchain
@pytest.mark.parametrize("core", ["any"], indirect=True)
@pytest.mark.parametrize("model", MODELS)
def test_the_sample_runs(model: str, core: str, tmp_path: Path) -> None:
    need("gcc", "gcc")
    made = MODELS[model]()
    module = libraries.make(made, "zephyr", tmp_path / "net", core, "my_net")
    stub = Path(__file__).with_name("zephyr_stub")
    built = libraries.cmake(module / "samples/check", tmp_path / "build", f"-DZephyr_DIR={stub}")
    said = libraries.run([built / "zephyr"])
    np.testing.assert_array_equal(libraries.outputs(said), libraries.wanted(made))
    assert said.endswith("PASS\n")


def test_the_build_names_every_source(module: Path) -> None:
    text = (module / "zephyr" / "CMakeLists.txt").read_text()
    named = set(re.findall(r"\$\{GHOST_SOURCES\}/(\S+)\"", text))
    folder = module / "src"
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*.[cS]")}
    assert named == present
