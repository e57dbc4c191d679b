"""Optimizers by name, with a rate, a decay and a start of its own for each weight."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import keras
from keras import ops

from builders.fused_operations import FusedAdam
from builders.layer_groups import backbone_layers, layer_rates
from builders.schedules import LearningRate


class UpdateRule(NamedTuple):
    """How one weight is updated in comparison with the others."""

    rate: float = 1.0  # Factor of the learning rate, and so of the weight decay.
    decay: float = 0.0  # Share of the weight that is taken off at a learning rate of 1.
    late: int = 0  # Steps at the beginning of the run in which it is frozen.


class _PerVariable(keras.optimizers.Optimizer):
    """Updates each variable by its own rule; comes before a Keras optimizer in the bases.

    Gradients are unchanged except for the classical decay: Adam divides by their size, so that a
    factor on them would change nothing.
    """

    decoupled = False

    def __init__(self, learning_rate: LearningRate, *, rules: Sequence[UpdateRule], **kwargs):
        super().__init__(learning_rate, **kwargs)
        self._rules = [tuple(rule) for rule in rules]

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable; `apply` calls this."""
        rate, decay, late = self._rules[self._get_variable_index(variable)]
        learning_rate = ops.cast(learning_rate, variable.dtype) * rate
        if decay and self.decoupled:
            self.assign_sub(variable, ops.multiply(variable, learning_rate * decay))
        elif decay:
            gradient = gradient + ops.multiply(variable, decay)
        super().update_step(gradient, variable, learning_rate * self._late_start(late))

    def _late_start(self, late: int):
        """Factor of the rate of a variable that was frozen for `late` steps."""
        del late
        return 1.0


class _Adam(_PerVariable, FusedAdam):
    def _late_start(self, late: int):
        """The factor that makes the bias correction count from the variable's own first step.

        Its moments are empty then, but Keras corrects them by the steps of the whole run. Left at
        that, a backbone's first updates after a frozen epoch would be up to six times too large.
        """
        if not late:
            return 1.0
        step = ops.cast(self.iterations + 1, "float32")
        return self._correction(ops.maximum(step - late, 1.0)) / self._correction(step)

    def _correction(self, step):
        """Kingma and Ba, 2015, arXiv:1412.6980, the end of section 2."""
        return ops.sqrt(1 - ops.power(self.beta_2, step)) / (1 - ops.power(self.beta_1, step))


class _AdamW(_Adam):
    decoupled = True


class _SGD(_PerVariable, keras.optimizers.SGD):
    pass


OPTIMIZERS: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
    "adam": _Adam,
    "adamw": _AdamW,
    "sgd": partial(_SGD, momentum=0.9, nesterov=True),
}


# Many gradients are too small for float16 (Micikevicius et al., 2018, arXiv:1710.03740, section
# 3.2); bfloat16 has the range of float32.
_SCALERS = {"mixed_float16": keras.optimizers.LossScaleOptimizer}


def update_rules(
    model: keras.Model,
    *,
    weight_decay: float = 0.0,
    layer_decay: float = 1.0,
    frozen_steps: int = 0,
) -> list[UpdateRule]:
    """The rule of each trainable weight of a model, in their order.

    Weights decay where they are kernels; biases and batch norm's scales do not.

    Args:
        model: As `builders.registry.build_model` builds it, nothing frozen.
        weight_decay: Not negative.
        layer_decay: As `builders.layer_groups.layer_rates` takes it; it scales decoupled decay as
            well.
        frozen_steps: In which the backbone will be frozen.
    """
    late = {v.path for layer in backbone_layers(model) for v in layer.trainable_variables}
    rate_of_path = layer_rates(model, decay=layer_decay)
    return [
        UpdateRule(
            rate_of_path[variable.path],
            weight_decay if len(variable.shape) > 1 else 0.0,  # Only kernels have two axes or more.
            frozen_steps if variable.path in late else 0,
        )
        for variable in model.trainable_variables
    ]


def build_optimizer(
    name: str,
    model: keras.Model,
    *,
    learning_rate: LearningRate,
    rules: Sequence[UpdateRule] | None = None,
    precision: str = "float32",
) -> keras.optimizers.Optimizer:
    """An optimizer for all weights of a model, also those that start frozen.

    Under adamw weight decay is decoupled: `learning_rate * decay` of a weight is taken off at each
    step (Loshchilov and Hutter, 2019, arXiv:1711.05101, algorithm 2, line 12). Under adam and sgd
    it is the classical one, `decay` times the weight added to its gradient. `weight_decay=` of
    Keras' own optimizers is decoupled in all of them, which makes its Adam an AdamW; it is not
    used here.

    Args:
        name: A key of `OPTIMIZERS`.
        model: As `builders.registry.build_model` builds it, nothing frozen.
        learning_rate: Of the head, as `builders.schedules` makes it.
        rules: Of `update_rules`; None where all weights are updated alike and none decays.
        precision: As `builders.registry.build_model` takes it. In "mixed_float16" the loss is
            scaled, and a step whose gradients are not finite is skipped.
    """
    variables = model.trainable_variables
    rules = rules or [UpdateRule()] * len(variables)
    optimizer = OPTIMIZERS[name](learning_rate, rules=rules, name=name)
    if precision in _SCALERS:
        optimizer = _SCALERS[precision](optimizer)
    optimizer.build(variables)
    return optimizer
