"""Recolouring worn cloth: where it lies, its folds, its new tone and its pattern."""
