"""Flows to start from, and the demo."""
