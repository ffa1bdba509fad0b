"""Algorithms that find the face."""
