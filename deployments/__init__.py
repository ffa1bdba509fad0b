"""GenKOL on Ray Serve: one application per algorithm, and the Engine as ingress."""
