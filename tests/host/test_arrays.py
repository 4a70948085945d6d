# SPDX-License-Identifier: Apache-2.0
"""Arrays out of a user's files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.host import arrays
from mcu_ghost.host.errors import GhostError


def refusal(path: Path, *names: str) -> str:
    with pytest.raises(GhostError) as caught:
        arrays.read(path, names)
    return str(caught.value).replace(str(path), "FILE")


def test_npy_and_npz(tmp_path: Path) -> None:
    x, y = np.arange(6, dtype=np.int8).reshape(2, 3), np.array(["on", "off"])
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "one.npz", whatever=x)
    np.savez_compressed(tmp_path / "two.npz", x=x, y=y)
    for name in ("x.npy", "one.npz", "two.npz"):
        found = arrays.read(tmp_path / name, ("data", "x"))
        assert found.dtype == np.int8 and found.tolist() == x.tolist()
    assert arrays.read(tmp_path / "two.npz", ("y",)).tolist() == ["on", "off"]
    assert arrays.names(tmp_path / "two.npz") == ["x", "y"]
    assert arrays.names(tmp_path / "x.npy") == []
    assert refusal(tmp_path / "two.npz", "data") == (
        "FILE: holds 2 arrays (x, y); call the one to take data."
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,2\n3,4.5\n", [[1, 2], [3, 4.5]]),
        ("\ufeffx, y\r\n1, 2\r\n\r\n3,4\r\n", [[1, 2], [3, 4]]),
        ("walk\nrun\n", [["walk"], ["run"]]),
        ("1,nan\n", [[1, np.nan]]),
    ],
)
def test_csv(tmp_path: Path, text: str, found: list[list[float | str]]) -> None:
    (tmp_path / "x.csv").write_text(text, "utf-8")
    np.testing.assert_array_equal(arrays.read(tmp_path / "x.csv"), found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "FILE: there is nothing in it."),
        ("1,2\n3\n", "FILE: line 2 has 1 value, line 1 has 2."),
        ("a,b\n1,2\n3,x\n", "FILE: line 3 holds 'x', which is no number."),
    ],
)
def test_wrong_csv(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    assert refusal(tmp_path / "x.csv") == said


def test_no_code_of_a_file_runs(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "evil",)  # type: ignore[return-value]

    objects = np.array([Evil()], dtype=object)
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=objects)
    for name in ("x.npy", "x.npz"):
        assert "it holds Python objects, which could run code" in refusal(tmp_path / name)
    assert not (tmp_path / "evil").exists()


def test_files_that_are_none(tmp_path: Path) -> None:
    assert refusal(tmp_path / "x.npy") == "FILE: there is no such file."
    (tmp_path / "x.npy").write_text("no")
    assert refusal(tmp_path / "x.npy").startswith("FILE: not a NumPy .npy array (")
    (tmp_path / "x.npz").write_bytes(b"PK\3\4 and no more")
    assert refusal(tmp_path / "x.npz").startswith("FILE: not a NumPy .npz archive (")
    huge = b"\x93NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }"
    (tmp_path / "x.npy").write_bytes(huge.ljust(127) + b"\n")
    assert refusal(tmp_path / "x.npy").startswith("FILE: not a NumPy .npy array (")
