"""Makes a place for the person to stand in."""
