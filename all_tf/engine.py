"""What a training runs on and by which operations: no part of the experiment, noted with it."""

from dataclasses import dataclass, fields

from all_tf import names
from all_tf.checks import ConfigError, at_least, of_type, one_of


@dataclass(frozen=True)
class Engine:
    """What chooses operations and leaves the science alone; results differ by rounding at most."""

    deterministic: bool = False  # Only operations that give equal bits for equal inputs.
    jit: str = "auto"  # Whether XLA compiles the training step.
    devices: int = 1  # Of one machine, over which each batch is shared out.
    steps_per_execution: int = 1  # Steps in one call of the compiled step.

    def __post_init__(self):
        for field in fields(self):
            of_type(field.name, getattr(self, field.name), field.type)
        one_of("jit", self.jit, names.JITS)
        at_least("devices", self.devices, 1)
        at_least("steps_per_execution", self.steps_per_execution, 1)


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
