"""The head of every network: average pooling, dropout, one linear layer in float32."""

from keras import KerasTensor, layers


def add_head(features: KerasTensor, *, dropout: float = 0.0) -> KerasTensor:
    """One logit from a feature map; above 0 means the positive class.

    Args:
        features: `(batch, height, width, channels)`, of any precision.
        dropout: Share of the pooled features that a training step leaves out, in [0, 1).

    Returns:
        float32 `(batch, 1)`.
    """
    # In float32 whatever the policy: half precision would round probabilities near 0 and 1.
    pooled = layers.GlobalAveragePooling2D(name="pooled", dtype="float32")(features)
    if dropout:
        pooled = layers.Dropout(dropout, name="dropout", dtype="float32")(pooled)
    return layers.Dense(1, dtype="float32", name="logit")(pooled)
