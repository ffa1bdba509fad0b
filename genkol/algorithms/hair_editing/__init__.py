"""Hair editing: another colour, the same strands."""
