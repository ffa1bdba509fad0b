"""Puts the person in another place."""
