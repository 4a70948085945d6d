# SPDX-License-Identifier: Apache-2.0
"""The whole road on two tones: train, quantise, convert, and the integer network still hears."""

from pathlib import Path

import numpy as np
import pytest

from mcu_ghost import audio

pytestmark = pytest.mark.train


def clips(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features of low tones, high tones and noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(8000) / audio.RATE
    features, labels = [], []
    for i in range(count):
        label = i % 3
        wave = rng.normal(0, 100, 8000)
        if label < 2:
            pitch = rng.uniform(300, 500) if label == 0 else rng.uniform(2000, 3000)
            wave += 6000 * np.sin(2 * np.pi * pitch * time) * (time > rng.uniform(0, 0.2))
        features.append(audio.frames(wave.astype(np.int16)))
        labels.append(label)
    return np.stack(features), np.array(labels)


def test_tones_from_training_to_integers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcu_ghost import convert, reference, tflite_file
    from mcu_ghost.train import inputs, keyword, pipeline
    from mcu_ghost.train.metrics import macro_accuracy

    features, labels = clips(0, 240)
    form = inputs.fit(features)
    recipe = keyword.Recipe(units=16, epochs=12, qat_epochs=4, batch=16, learning_rate=1e-2)
    data = form.real(features), labels
    held = clips(1, 90)
    folder = tmp_path / "run"
    model, quantised = keyword.train(recipe, data, data, 3, form.range, folder)
    real = form.real(held[0])
    assert macro_accuracy(held[1], keyword.scores(model, real).argmax(-1), 3) > 0.95

    out = tmp_path / "tones.tflite"
    about = pipeline.metadata(("low",), form, 0.5, {})
    convert.convert(quantised, out, metadata=about)
    network = tflite_file.load(out)
    assert network.metadata["features_to_int8"] == form.formula
    tensor = network.tensors[network.inputs[0]]
    assert (tensor.scale, tensor.zero_point) == (form.scale, form.zero_point)
    got = reference.run(network, form.quantize(held[0]))
    assert macro_accuracy(held[1], got.argmax(-1), 3) > 0.95
    want = keyword.scores(quantised, real)
    assert np.abs((got.astype(float) + 128) / 256 - want).mean() < 0.02

    # A finished run is loaded, not trained again.
    monkeypatch.setattr(keyword, "_fit", None)
    again = keyword.train(recipe, data, data, 3, form.range, folder)[1]
    assert np.array_equal(keyword.scores(again, real), want)


def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcu_ghost.train import inputs, keyword

    features, labels = clips(0, 60)
    form = inputs.fit(features)
    data = form.real(features), labels
    recipe = keyword.Recipe(units=4, epochs=4, qat_epochs=1, batch=20)
    seen: list[int] = []
    report = keyword._Report.on_epoch_end

    def stop(self: keyword._Report, epoch: int, logs: dict[str, float] | None = None) -> None:
        report(self, epoch, logs)
        seen.append(epoch)
        if seen == [0, 1, 2]:
            raise KeyboardInterrupt

    monkeypatch.setattr(keyword._Report, "on_epoch_end", stop)
    with pytest.raises(KeyboardInterrupt):
        keyword.train(recipe, data, data, 3, form.range, tmp_path)
    keyword.train(recipe, data, data, 3, form.range, tmp_path)
    assert seen[3:] in ([2, 3, 0], [3, 0])
