# SPDX-License-Identifier: Apache-2.0
"""Which section of the page on troubleshooting is about an error."""

from __future__ import annotations

import re

PAGES = "docs"
"""Where the pages are: in a checkout, as long as no site is published."""

# Headings of docs/troubleshooting.md, as links into it end, and what their errors say. The first
# that fits counts; an error that none fits says itself what to do.
KINDS = {
    "no-such-board": ("^There is no board '",),
    "no-microphone": (r"has no microphone\. Boards that have one",),
    "no-compiler": (
        "^There is no compiler for Cortex-M",
        "^There is no toolchain '",
    ),
    "a-tool-is-missing": (
        " is not installed: ",
        "^Training needs ",
        "^Training and conversion need ",
        r"\btakes h5py: ",
        "needs the package onnx",
        "^--plot needs ",
    ),
    "the-build-failed": (
        "^The build failed in ",
        ": cmake and ninja cannot ",
    ),
    "the-chip-is-locked": (r"is locked \(APPROTECT\)",),
    "the-image-is-not-for-this-board": (
        "was built for (the|another) board",
        ": is for the processor ",
        "for another core than the",
        "in the flash that images of",
        "begins with no vector table for",
        "would overwrite the bootloader",
        "are for the chip's UICR",
    ),
    "no-image-yet": (
        "^No image for .* is in ",
        "has images of several apps for",
    ),
    "nothing-to-flash-through": (
        " cannot be flashed:",
        "is emulated, not flashed",
        "^There is no method '",
        "is no mounted drive",
        "^No method of ",
        "but you may not open it",
        "^none has the serial number",
    ),
    "which-port": (
        "with --port",
        "^There is no port ",
    ),
    "the-port-is-taken-or-gone": (
        "^You may not use ",
        "is in use by ",
        "is gone, and was not back",
        "takes no bytes: ",
        r"cannot do \S+ baud",
        "cannot be used as a serial port",
    ),
    "the-board-does-not-answer": (
        "^The board (no longer answers|lost the session|crashed|refused|speaks|ran )",
        "^The board's answer to HELLO",
    ),
    "another-model-or-other-bytes": (
        "^The board runs another model",
        "of the board is .* where the PC has",
        r"from the reference\. `mcu-ghost test`",
        "^The board (takes frames of|does not take sound)",
    ),
    "the-emulator-stopped": (
        "does not run on .*, but on ",
        "^No emulator knows ",
        "did not start the board in",
        "ended (while|before) the board",
        "^The image (ended|ran no frame)",
    ),
    "a-folder-that-is-not-ours": (
        "holds other files than an mcu-ghost",
        "which no export wrote",
        "edited by hand since",
        "not a manifest that this",
        "not what a complete build left",
    ),
    "a-layer-is-refused": (r"\b(Layer|Node) '[^']*' \(",),
    "shapes-that-are-not-fixed": ("^(.*: )?(Input|Model) '.*(its shape|has no shape|dynamic)",),
    "a-file-that-is-no-model": (
        "not a TensorFlow Lite file",
        "is damaged, or no ",
        "damaged TensorFlow Lite file",
        "holds weights and no model",
        "no SavedModel",
        "not a SavedModel",
        "whose code would run",
        "Convert the model again",
        "the options are (not|damaged)",
    ),
    "a-model-that-does-not-listen": (
        "does not say how (to turn audio|its scores become)",
        "cleans speech and hears no words",
        "it cannot clean speech",
        "must end in a softmax",
    ),
    "calibration-data": (
        "give calibration data",
        "needs? calibration data",
        "[Cc]alibration data (are|have|hold|must|for)",
    ),
    "inputs-of-another-shape": (
        "has shape .* takes ",
        "has windows of .* takes ",
        "holds text, not numbers",
        r"\(NaN or infinite\)",
        "that are no finite numbers",
        "not a NumPy",
        "not a CSV file",
    ),
    "recordings": (
        "not a readable recording",
        ": is silent",
        "holds no samples",
        "Convert it first, for example",
        "is shorter than a frame of the model",
    ),
    "data-sets": (
        "holds no folders of recordings",
        "holds no WAV(, FLAC| or FLAC)",
        r"of .* can be read\. ",
        "has no recordings of '",
        "has no words, only",
        r"words\.folders names it",
        "is not called '",
    ),
    "words-from-text": (
        "is not a word that can be spoken",
        "ms to say, clips are",
        "^espeak-ng does not speak",
        "holds a set made with other settings",
    ),
    "names": (
        "^A (library|project|network) cannot be called '",
        "is no name for a project",
    ),
    "recordings-of-a-project": (
        "trains on these recordings",
        "has no partner",
        "(of|for) a model that cleans speech",
        "there is nothing to (clean|compare)",
    ),
    "settings": (
        ": unknown key ",
        ": is not valid ",
        "^There is no .* here or above",
    ),
    "training": (
        "^The loss became ",
        "are more than there are scenes",
    ),
    "files-and-folders": (
        "cannot be (read|written)",
        "(exists|is there) already",
        "there is no such (file|folder)",
        ": is a folder",
    ),
}


def place(message: str) -> str:
    """Return where the pages have more on an error: file and heading, or nothing."""
    for heading, patterns in KINDS.items():
        if any(re.search(pattern, message) for pattern in patterns):
            return f"{PAGES}/troubleshooting.md#{heading}"
    return ""
