"""Guided labs: Jupytext percent scripts and the converter that makes the student notebooks of them."""
