# SPDX-License-Identifier: Apache-2.0
"""The lines that no test can run, and why; each must at least be a line that could be run."""

from __future__ import annotations

INSTALLS = "changes the machine"
INTERNET = "downloads"
RENODE = "needs Renode"
HOURS = "takes more than minutes"
SUITE = "runs what this is part of"
MICROPHONE = "needs a microphone"
TRAINED = "trains as docs/journey.md's `mcu-ghost train words` does, a minute at least"

NOT_RUN = {
    ("README.md", "make demo"): INSTALLS,
    ("README.md", "make test"): SUITE,
    ("README.md", "pip install '.[emulate]'"): INSTALLS,
    ("docs/index.md", "pip install '.[emulate]'"): INSTALLS,
    ("docs/journey.md", "pip install '.[emulate]'"): INSTALLS,
    ("docs/journey.md", "pip install '.[flash]'"): INSTALLS,
    ("docs/journey.md", "pip install '.[train]'"): INSTALLS,
    ("CONTRIBUTING.md", "make test"): SUITE,
    ("CONTRIBUTING.md", "make lint"): INSTALLS,
    ("CONTRIBUTING.md", "make docs"): INSTALLS,
    ("CONTRIBUTING.md", ".venv/bin/pytest"): SUITE,
    ("docs/data.md", "pip install 'mcu-ghost[record]'"): INSTALLS,
    ("docs/data.md",
     'mcu-ghost data record --words "hey lamp,stop" --out lamp'): MICROPHONE,
    ("docs/data.md",
     'mcu-ghost data record --words "hey lamp,stop" --out mine'): MICROPHONE,
    ("docs/data.md", "mcu-ghost train mine"): TRAINED,
    ("docs/data.md", "mcu-ghost data fetch speech_commands_v2 --out speech_commands"): INTERNET,
    ("docs/enhancement.md", "pip install 'mcu-ghost[train,enhancement]'"): INSTALLS,
    ("docs/enhancement.md", "mcu-ghost train clean.toml"): HOURS,
    ("docs/hardware.md", "pip install 'mcu-ghost[flash]'"): INSTALLS,
    ("docs/hardware.md", 'mcu-ghost data record --board nrf52840 --words "hey lamp,stop"'
     " --out lamp"): MICROPHONE,
    ("docs/hardware.md", "mcu-ghost listen --live --board nrf52840"): MICROPHONE,
    ("docs/renode.md", "mcu-ghost test --board nrf52840 --emulator renode"): RENODE,
    ("docs/renode.md", "pip install -r RENODE/tests/requirements.txt"): INSTALLS,
    ("docs/renode.md", "renode-test renode/board.robot"): RENODE,
    ("docs/training.md", "mcu-ghost listen --live --model lamp.tflite"): MICROPHONE,
    ("docs/training.md", "mcu-ghost train lamp/"): TRAINED,
    ("docs/training.md", "mcu-ghost train lamp.toml"): TRAINED,
    ("docs/experiments/kws.md", "mcu-ghost data synth"
     " --words yes,no,up,down,left,right,on,off,stop,go --per-word 840 --seed 1"
     " --out commands"): HOURS,
    ("docs/experiments/kws.md",
     "python -m experiments.kws --data FOLDER --commands commands"): HOURS,
    ("docs/experiments/denoise.md", "python -m experiments.denoise --root FOLDER"): HOURS,
    ("docs/experiments/denoise.md", "python -m experiments.denoise.report --root FOLDER"): HOURS,
    ("docs/experiments/denoise.md", "python -m experiments.denoise.compare --root FOLDER"
     " --model mcu_ghost/models/clean_speech.tflite --python PYTHON"
     " --out docs/experiments/denoise.json"): HOURS,
    ("docs/experiments/narrower.md", "python -m experiments.narrower --data FOLDER"): HOURS,
    ("examples/clean_speech/README.md",
     "pip install 'mcu-ghost[emulate,train,enhancement]'"): INSTALLS,
    ("examples/clean_speech/README.md",
     "python -m examples.clean_speech.noise FOLDER/noise"): INTERNET,
    ("examples/clean_speech/README.md",
     "mcu-ghost train examples/clean_speech/clean_speech.toml --root FOLDER"): HOURS,
    ("examples/wake_words/README.md", "pip install 'mcu-ghost[emulate,train]'"): INSTALLS,
    ("examples/wake_words/README.md",
     "apt install espeak-ng flite ffmpeg wamerican-small"): INSTALLS,
    ("examples/wake_words/README.md", "mcu-ghost data synth"
     ' --words "alexa,computer,jarvis,smart mirror,snowboy,view glass"'
     " --augment none --per-word 600 --unknown 3000 --clip-ms 1500"
     " --out FOLDER/synthetic"): HOURS,
    ("examples/wake_words/README.md",
     "python -m examples.wake_words.negatives FOLDER/negatives"): INTERNET,
    ("examples/wake_words/README.md",
     "python -m examples.wake_words.phrases FOLDER/phrases"): HOURS,
    ("examples/wake_words/README.md",
     "mcu-ghost train examples/wake_words/wake_words.toml --root FOLDER"): HOURS,
}  # fmt: skip
