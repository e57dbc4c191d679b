"""What one record holds: the classes, the splits and the features of an example."""

CLASSES = ("hem", "all")  # Of C-NMC; the index is the label: 1 is ALL, the disease.
UNLABELLED = -1
SPLITS = ("train", "validation", "test")  # The folds, the preliminary and the final phase.
TEXTS = ("patient", "group", "name", "duplicate_of")  # The features of an example that are text.
IMAGE_SIDE = 450  # Pixels. Final-phase images are 600 px at the same scale and are cropped.
DATASET = "cnmc"  # The first word of every shard's file name.


def features(classes: tuple[str, str] = CLASSES):
    """The features of an example, as TFDS stores them beside the shards.

    Args:
        classes: The names of labels 0 and 1.

    Returns:
        `tfds.features.FeaturesDict`: `image` uint8 `(450, 450, 3)`, stored as PNG; `label` int64,
        1 = the disease, 0 = normal, -1 = unpublished; `patient`, `group`, `name` and
        `duplicate_of`, strings.
        `group` names the patients who share an image and are therefore one person; `duplicate_of`
        is the name of the first image with the same pixels, or empty.
    """
    # Importing TFDS takes half a second, and most users of this module need only the constants.
    import tensorflow_datasets as tfds

    return tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(IMAGE_SIDE, IMAGE_SIDE, 3), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=classes),
            **{name: tfds.features.Text() for name in TEXTS},
        }
    )
