"""Show a page that answers for pictures of cells with a finished run, and an API beside it.

    python scripts/page.py runs/RUN
    python scripts/page.py runs/folds --port 8080 --token TOKEN --host 0.0.0.0

Open the address that is printed: drop pictures of cells, or fields of a smear, on the page. The
answers are those of predict.py. POST /predict takes the same pictures from programs, GET /model and
GET /health say what answers, and GET /openapi.json describes it all. The server listens on this
machine alone, unless --host and --token are given; it writes no file, and logs no name. Ctrl-C ends
it. docs/page.md says more. For research use only: no basis for the care of any patient.
"""

import argparse
from pathlib import Path

from all_tf.config import choices
from all_tf.system.arguments import whole_number
from all_tf.system.cli import exit_on_errors, script_parser
from all_tf.system.extras import require_modules
from tfrecords.counted import counted

_LOCAL = "127.0.0.1"
_LEAST_OF_TOKEN = 16  # Characters.


@exit_on_errors()
def main() -> None:
    """Load the networks and serve."""
    args = _parse()
    require_modules(("starlette", "uvicorn", "python_multipart"), extra="page", what="The page")
    from all_tf.runs.finished import require_finished
    from all_tf.system.tensorflow_import import load_tensorflow

    runs = [args.run, *(args.ensemble or ())]
    require_finished(runs, calibration=args.calibration)
    load_tensorflow()
    from all_tf.evaluation.predict_images import load_predictor
    from all_tf.page.server import bind, build_app, door_of, server_of

    taken = bind(args.host, args.port)
    predictor = load_predictor(runs, tta=args.tta, calibration=args.calibration)
    app = build_app(predictor, runs, door_of(taken, args.token))
    host, port = taken.getsockname()[:2]
    print(f"Research use only. Open http://{host}:{port}/ ; Ctrl-C ends the server.", flush=True)
    server_of(app).run(sockets=[taken])


def _parse() -> argparse.Namespace:
    parser = script_parser(__doc__)
    add = parser.add_argument
    add("run", type=Path, help="the folder of a run, or of a cross-validation: all folds as one")
    add("--ensemble", type=Path, nargs="+", metavar="RUN", help="more runs, which answer with RUN")
    add("--tta", type=int, choices=choices.TTA, default=1, help="average the 8 flips and turns")
    text = "one that calibrate.py fitted on other cells; default: the run's own"
    add("--calibration", metavar="NAME", help=text)
    port = whole_number(0, 65535)
    add("--port", type=port, default=8000, metavar="N", help="default: 8000; 0: any that is free")
    add("--host", default=_LOCAL, metavar="ADDRESS", help="default: 127.0.0.1, this machine alone")
    text = "that every request has to bring: 16 letters and digits or more, nothing else"
    add("--token", metavar="TEXT", help=text)
    args = parser.parse_args()
    if args.host != _LOCAL and not args.token:
        parser.error("--host opens the server to other machines: pass --token as well")
    if fault := _fault_of_token(args.token):
        parser.error(
            f"--token: expected {_LEAST_OF_TOKEN} letters and digits or more, nothing else; "
            f"received {fault}. Make one: openssl rand -hex 16"
        )
    return args


def _fault_of_token(token: str | None) -> str | None:
    """Which character a token may not have, or how short it is; never the token itself."""
    if token is None:
        return None
    others = (char for char in token if not (char.isascii() and char.isalnum()))
    if (other := next(others, None)) is not None:
        return repr(other)
    return counted(len(token), "character") if len(token) < _LEAST_OF_TOKEN else None
