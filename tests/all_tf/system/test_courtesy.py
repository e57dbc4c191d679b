"""What is not the work ends in a warning, never in an error."""

import pytest

from all_tf.system.courtesy import courtesy


def test_failure_is_a_warning_of_one_line(capsys):
    with courtesy("The chart"):
        raise OSError(28, "No space\nleft")
    assert capsys.readouterr().err == (
        "warning: The chart failed and was left out (OSError: [Errno 28] No space left)\n"
    )


def test_interruption_is_none(capsys):
    with pytest.raises(KeyboardInterrupt), courtesy("The chart"):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == ""
