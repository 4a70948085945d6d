# SPDX-License-Identifier: Apache-2.0
"""Every kind of layer in its options, from both files of both libraries, against their floats."""

import pytest

from tests.convert.keras_config.saved import check

pytestmark = pytest.mark.train

SEQUENCE = {
    "dense": lambda L: [L.Dense(3), L.Dense(2, activation="softmax", use_bias=False)],
    "dense activations": lambda L: [
        L.Dense(3, activation=name)
        for name in ("relu", "elu", "selu", "sigmoid", "hard_sigmoid", "tanh", "softplus",
                     "softsign", "swish", "gelu", "exponential", "leaky_relu", "mish")
    ],
    "activations": lambda L: [
        L.ReLU(), L.Dense(3), L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2),
        L.Dense(3), L.LeakyReLU(), L.Dense(3), L.PReLU(), L.Dense(3), L.PReLU(shared_axes=[1]),
        L.Dense(3), L.ELU(alpha=0.5), L.Dense(3), L.Softmax(), L.Activation("relu6"),
    ],
    "activation object": lambda L: [L.Dense(3, activation=L.LeakyReLU()), L.Activation("linear")],
    "conv1d": lambda L: [
        L.Conv1D(4, 3, padding="same", activation="relu"),
        L.Conv1D(6, 3, padding="causal", dilation_rate=2, use_bias=False),
        L.Conv1D(4, 2, strides=2, groups=2), L.Conv1D(2, 3, strides=2, padding="same"),
    ],
    "depthwise conv1d": lambda L: [
        L.DepthwiseConv1D(3, padding="same", depth_multiplier=2),
        L.DepthwiseConv1D(2, strides=2, activation="relu", use_bias=False),
    ],
    "separable conv1d": lambda L: [
        L.SeparableConv1D(5, 3, depth_multiplier=2, padding="same"),
        L.SeparableConv1D(3, 2, strides=2, use_bias=False, activation="tanh"),
    ],
    "max pooling": lambda L: [L.MaxPooling1D(2, padding="same"), L.MaxPooling1D(3, strides=1)],
    "average pooling": lambda L: [
        L.AveragePooling1D(3, strides=2, padding="same"), L.AveragePooling1D(2),
    ],
    "global pooling": lambda L: [L.GlobalAveragePooling1D(), L.Dense(2)],
    "global pooling kept": lambda L: [L.GlobalMaxPooling1D(keepdims=True), L.Dense(2)],
    "batch normalization": lambda L: [
        L.BatchNormalization(), L.Dense(3), L.BatchNormalization(scale=False, epsilon=0.1),
        L.BatchNormalization(center=False, trainable=False),
    ],
    "normalization": lambda L: [L.Normalization(), L.Normalization(axis=None)],
    "normalization by numbers": lambda L: [
        L.Normalization(mean=0.5, variance=2.0, axis=None),
        L.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 2, 3, 4]),
    ],
    "rescaling": lambda L: [L.Rescaling(0.5, offset=-1.0), L.Rescaling([1.0, 2, 3, 4])],
    "layer normalization": lambda L: [
        L.LayerNormalization(), L.LayerNormalization(center=False, scale=False, epsilon=0.1),
    ],
    "lstm": lambda L: [
        L.LSTM(3, return_sequences=True), L.LSTM(4, use_bias=False, return_sequences=True),
        L.LSTM(2, go_backwards=True, return_sequences=True),
        L.LSTM(2, recurrent_activation="hard_sigmoid", unroll=True),
    ],
    "gru": lambda L: [
        L.GRU(3, return_sequences=True), L.GRU(4, use_bias=False, return_sequences=True),
        L.GRU(2, reset_after=False, return_sequences=True, recurrent_activation="hard_sigmoid"),
        L.GRU(3, reset_after=False, use_bias=False, go_backwards=True, return_sequences=True),
        L.GRU(2, go_backwards=True),
    ],
    "simple rnn": lambda L: [
        L.SimpleRNN(3, return_sequences=True), L.SimpleRNN(2, use_bias=False),
    ],
    "cells": lambda L: [
        L.RNN(L.GRUCell(3, reset_after=False), return_sequences=True),
        L.RNN(L.LSTMCell(3), return_sequences=True, go_backwards=True),
        L.RNN([L.SimpleRNNCell(2), L.LSTMCell(3), L.GRUCell(4), L.LSTMCell(2)]),
    ],
    "stacked cells backwards": lambda L: [
        L.RNN([L.GRUCell(3), L.GRUCell(4)], go_backwards=True, return_sequences=True)],
    "bidirectional": lambda L: [
        L.Bidirectional(L.LSTM(3, return_sequences=True)),
        L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum"),
        L.Bidirectional(L.SimpleRNN(3, return_sequences=True), merge_mode="mul"),
        L.Bidirectional(L.GRU(3), merge_mode="ave"),
    ],
    "bidirectional of two": lambda L: [
        L.Bidirectional(
            L.LSTM(3, return_sequences=True),
            backward_layer=L.GRU(3, return_sequences=True, go_backwards=True),
        ),
        L.Bidirectional(L.RNN(L.GRUCell(2))),
    ],
    "time distributed": lambda L: [
        L.TimeDistributed(L.Dense(6, activation="relu")), L.TimeDistributed(L.Reshape((2, 3))),
        L.TimeDistributed(L.BatchNormalization()), L.TimeDistributed(L.GlobalMaxPooling1D()),
        L.Reshape((10, 1, 3)), L.TimeDistributed(L.Flatten()),
    ],
    "time distributed windows": lambda L: [
        L.Reshape((2, 5, 4)), L.TimeDistributed(L.Conv1D(4, 3, padding="same", strides=1)),
        L.TimeDistributed(L.SeparableConv1D(3, 2)), L.TimeDistributed(L.MaxPooling1D(2)),
        L.TimeDistributed(L.AveragePooling1D(2, strides=1, padding="same")),
        L.TimeDistributed(L.PReLU()), L.TimeDistributed(L.Flatten()), L.LSTM(2),
    ],
    "repeat": lambda L: [L.GRU(3), L.RepeatVector(4), L.LSTM(2, return_sequences=True)],
    "up sampling": lambda L: [L.UpSampling1D(3)],
    "margins": lambda L: [
        L.ZeroPadding1D((2, 1)), L.Dense(3), L.Cropping1D((1, 3)), L.ZeroPadding1D(2)],
    "shapes": lambda L: [L.Permute((2, 1)), L.Reshape((5, -1)), L.Flatten(), L.Dense(2)],
    "masking": lambda L: [L.Masking(0.25), L.Dropout(0.5), L.GRU(3)],
    "nothing": lambda L: [
        L.Dropout(0.5), L.GaussianNoise(0.1), L.GaussianDropout(0.1), L.SpatialDropout1D(0.2),
        L.ActivityRegularization(0.1), L.AlphaDropout(0.1), L.Dense(2), L.Dropout(0.1)],
}  # fmt: skip
PICTURE = {
    "conv2d": lambda L: [
        L.Conv2D(4, (3, 2), padding="same", activation="relu"),
        L.Conv2D(4, 3, strides=(2, 1), groups=2, padding="same"), L.Conv2D(2, 2, dilation_rate=2),
    ],
    "depthwise conv2d": lambda L: [
        L.DepthwiseConv2D(3, strides=2, padding="same"), L.DepthwiseConv2D(2, depth_multiplier=2),
    ],
    "separable conv2d": lambda L: [L.SeparableConv2D(5, (2, 3), padding="same")],
    "pooling 2d": lambda L: [
        L.MaxPooling2D((2, 1)), L.AveragePooling2D(2, strides=1, padding="same"),
        L.GlobalAveragePooling2D(), L.Dense(2, activation="sigmoid"),
    ],
    "margins 2d": lambda L: [
        L.ZeroPadding2D(((1, 0), (2, 1))), L.Cropping2D(((0, 1), (1, 1))), L.UpSampling2D((2, 3)),
        L.ZeroPadding2D((1, 2)), L.Permute((2, 1, 3)), L.BatchNormalization(),
    ],
    "frames of pictures": lambda L: [L.TimeDistributed(L.Flatten()), L.LSTM(2)],
}  # fmt: skip


@pytest.mark.parametrize("name", SEQUENCE)
def test_sequence(library, tmp_path, name):
    layers = library.layers
    check(library.Sequential([layers.Input((10, 4)), *SEQUENCE[name](layers)]), tmp_path)


@pytest.mark.parametrize("name", PICTURE)
def test_picture(library, tmp_path, name):
    layers = library.layers
    check(library.Sequential([layers.Input((7, 6, 2)), *PICTURE[name](layers)]), tmp_path)


def test_ghost_gru(keras, ghost, tmp_path):
    layers = [ghost(6, return_sequences=True), ghost(5, ratio=3, use_bias=False),
              keras.layers.Dense(2)]  # fmt: skip
    check(keras.Sequential([keras.layers.Input((5, 3)), *layers]), tmp_path)


def test_embedding(library, tmp_path):
    layers = library.layers
    model = library.Sequential([layers.Input((5,)), layers.Embedding(7, 3), layers.GRU(2)])
    check(model, tmp_path, scale=0.0)
