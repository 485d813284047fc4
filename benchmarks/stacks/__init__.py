"""The same work done by Assay and by the libraries people usually put together, timed in one run."""
