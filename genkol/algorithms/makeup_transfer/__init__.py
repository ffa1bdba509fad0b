"""Makeup transfer: from a reference face or a named look."""
