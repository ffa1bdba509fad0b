"""Algorithms that put makeup on a face."""
