# SPDX-License-Identifier: Apache-2.0
"""What Keras' layers are built with; any other argument may change what a layer computes."""

from __future__ import annotations

from mcu_ghost.convert.keras_config.layer import Layer

_KNOWN = frozenset(
    """
    activation adjustment alpha arguments autocast axis backward_layer batch_input_shape batch_shape
    batch_size cell cells center conv_op cropping data_format depth_multiplier dilation_rate dims
    dropout dtype dynamic epsilon filters force_generator function function_type fused
    ghost_activation go_backwards groups implementation input_dim input_length input_shape
    input_spec interpolation invert keepdims kernel_size l1 l2 layer lora_alpha lora_rank mask_value
    mask_zero max_value mean merge_mode module momentum n name negative_slope noise_shape offset
    output_dim output_shape output_shape_module output_shape_type padding pool_dimensions
    pool_function pool_mode pool_size quantization_config quantization_mode ragged rank rate ratio
    recurrent_activation recurrent_dropout renorm renorm_clipping renorm_momentum reset_after
    return_sequences return_state rms_scaling rng_type robust_masking scale seed shared_axes size
    sparse stateful stddev strides supports_masking synchronized target_shape theta threshold
    time_major trainable unit_forget_bias units unroll use_bias use_cudnn value variance
    virtual_batch_size weights zero_output_for_mask
    """.split()
)
_TRAINING = ("_constraint", "_initializer", "_regularizer")


def check_known(layer: Layer) -> None:
    """Refuse an argument that no version of Keras known here has, unless it is None or False.

    Raises:
        GhostError: Names the layer.
    """
    for key, value in layer.config.items():
        if value in (None, False) or key in _KNOWN or key.endswith(_TRAINING):
            continue
        raise layer.refuse(
            f"has an argument '{key}', which no version of Keras known here has; build the network"
            " without it"
        )
