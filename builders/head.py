"""From a feature map to one logit: average, then a linear layer in float32."""

from keras import KerasTensor, layers


def add_head(features: KerasTensor) -> KerasTensor:
    """One logit from a feature map; above 0 means ALL.

    Args:
        features: `(batch, height, width, channels)`, of any precision.

    Returns:
        float32 `(batch, 1)`.
    """
    pooled = layers.GlobalAveragePooling2D(name="pooled")(features)
    # In float32 whatever the policy: half precision would round probabilities near 0 and 1.
    return layers.Dense(1, dtype="float32", name="logit")(pooled)
