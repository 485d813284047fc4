"""Gradient steps as the small trainers here take them."""

from typing import Any

WARMUP = 0.1
"""Share of the steps in which the learning rate rises."""
MAX_GRADIENT = 1.0


class Descent:
    """``steps`` steps of a torch ``optimizer``, whose learning rate rises linearly over the first tenth of them and
    then falls linearly. Gradients are scaled down to a norm of 1 over all that is trained."""

    def __init__(self, optimizer: Any, steps: int) -> None:
        from torch.optim.lr_scheduler import LambdaLR

        warmup = max(1.0, WARMUP * steps)
        self._optimizer = optimizer
        self._trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        self._schedule = LambdaLR(
            optimizer, lambda step: min((step + 1) / warmup, (steps - step) / max(1.0, steps - warmup))
        )

    def step(self, loss: Any) -> None:
        """One step down the gradient of ``loss``, a scalar tensor."""
        from torch.nn.utils import clip_grad_norm_

        loss.backward()
        clip_grad_norm_(self._trained, MAX_GRADIENT)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._schedule.step()
