"""GenKOL on Ray Serve: one application per algorithm, the finisher, and the Engine in front."""
