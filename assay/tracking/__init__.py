"""MLflow tracking: a finished experiment as one parent run with one child run for each configuration.

``runs`` decides what is written and ``writing`` writes it, ``values`` turns results into metrics, parameters and tags,
``privacy`` keeps secrets and machine paths out, ``backend`` opens the store, ``views`` prepares the pages that answer
the question in MLflow's own interface.
"""

from assay.tracking.runs import experiment_fingerprint, log_run

__all__ = ["experiment_fingerprint", "log_run"]
