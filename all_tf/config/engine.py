"""Settings of the hardware and the compiler: saved with an experiment, but not part of it."""

from dataclasses import dataclass, fields

from all_tf.config import choices
from all_tf.system.checks import ConfigError, at_least, of_type, one_of


@dataclass(frozen=True)
class Engine:
    """Settings of the hardware and the compiler; they change results only by rounding.

    Two exceptions: with XLA or several devices dropout draws other random numbers, and on JAX
    random initial weights are others.
    """

    deterministic: bool = False  # Use only operations that give equal bits for equal inputs.
    jit: str = "auto"  # Whether XLA compiles the training step (`all_tf.training.xla`).
    backend: str = "tensorflow"  # Of Keras; several processes need "jax".
    devices: int = 1  # Devices of each process, which share each batch.
    steps_per_execution: int = 1  # Most steps in one call of the graph; see `steps_a_call`.

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
        """Return how many steps run in one call: the largest allowed divisor of `steps`.

        Args:
            steps: Steps of an epoch, at least 1. A call must not cross the end of an epoch, and
                Keras lets an incomplete last call continue into the next one.
        """
        most = min(self.steps_per_execution, steps)
        return max(n for n in range(1, most + 1) if steps % n == 0)

    @property
    def augments_in_step(self) -> bool:
        """Whether the training step augments; if not, the input pipeline does.

        The step must run in TensorFlow and see whole batches.
        """
        return self.backend == "tensorflow" and self.devices == 1


def engine_of(facts: dict) -> Engine:
    """Return the engine that is saved in a run's config.json.

    Args:
        facts: The entries of config.json other than the experiment.

    Raises:
        ConfigError: It has no engine, or one of another version.
    """
    try:
        return Engine(**facts["engine"])
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"The run's config.json has no engine that this version can read: {error!r}. Resume "
            "with the version that environment.json names, or train again."
        ) from error
