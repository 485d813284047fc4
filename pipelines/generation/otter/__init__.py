"""Otter: rewards alongside tokens by parameters inserted into a frozen language model (arXiv 2408.10764, 2024)."""
