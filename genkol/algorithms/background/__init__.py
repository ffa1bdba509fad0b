"""Backgrounds: the subject in another place."""
