"""What a training runs on and by which operations: no part of the experiment, noted with it."""

from dataclasses import dataclass, fields

from all_tf.config import choices
from all_tf.system.checks import ConfigError, at_least, of_type, one_of


@dataclass(frozen=True)
class Engine:
    """What chooses operations and leaves the science alone.

    Results differ by rounding; under XLA and on several devices also by the numbers that dropout
    draws, and on JAX by those that random weights begin with.
    """

    deterministic: bool = False  # Only operations that give equal bits for equal inputs.
    jit: str = "auto"  # Whether XLA compiles the training step (`all_tf.training.xla`).
    backend: str = "tensorflow"  # Of Keras; several processes need "jax".
    devices: int = 1  # Of each process, over which a batch is shared out.
    steps_per_execution: int = 1  # Steps in one call of the graph, at most; see `steps_a_call`.

    def __post_init__(self):
        for field in fields(self):
            of_type(field.name, getattr(self, field.name), field.type)
        one_of("jit", self.jit, choices.JITS)
        one_of("backend", self.backend, choices.BACKENDS)
        at_least("devices", self.devices, 1)
        at_least("steps_per_execution", self.steps_per_execution, 1)
        if self.jit == "on" and self.devices > 1 and self.backend == "tensorflow":
            raise ConfigError(
                "XLA cannot compile a step that several devices share. Leave out --jit on or "
                f"--devices. Received: jit={self.jit!r}, devices={self.devices}"
            )
        if self.steps_per_execution > 1 and self.devices > 1:
            raise ConfigError(
                "TensorFlow fails where several devices take several steps in one call. Leave out "
                "--steps-per-execution or --devices. Received: "
                f"steps_per_execution={self.steps_per_execution}, devices={self.devices}"
            )

    def steps_a_call(self, steps: int) -> int:
        """Of an epoch's steps how many run in one call: the most that divide them.

        Keras lets a call that is not full at the end of an epoch run on into the next one.
        """
        return max(n for n in range(1, self.steps_per_execution + 1) if steps % n == 0)

    @property
    def augments_in_step(self) -> bool:
        """Whether the step sees whole batches in TensorFlow; else the input augments them."""
        return self.backend == "tensorflow" and self.devices == 1


def engine_of(facts: dict) -> Engine:
    """The engine that a run's config.json holds beside its experiment.

    Raises:
        ConfigError: It holds none, or one of another version.
    """
    try:
        return Engine(**facts["engine"])
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"The run's config.json holds no engine that is known here: {error!r}. Go on with the "
            "version that environment.json names, or train again."
        ) from error
