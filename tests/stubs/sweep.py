"""Copied beside a train.py: runs the command sweep, which then trains with that one."""

import sys
from pathlib import Path

from all_tf.commands.sweep import main
from all_tf.launch import run_queue

TRAIN = Path(__file__).with_name("train.py")

if __name__ == "__main__":
    run_queue.process_command = lambda name: [sys.executable, str(TRAIN)]
    main()
