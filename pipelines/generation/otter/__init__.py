"""Otter: rewards alongside tokens by parameters inserted into a frozen language model (Yuan et al. 2024)."""
