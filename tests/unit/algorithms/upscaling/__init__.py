"""Algorithms that enlarge the finished picture."""
