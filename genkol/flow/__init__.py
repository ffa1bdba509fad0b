"""From what the user wants to what runs: flows, matrices, the Flow Generator, plans."""
