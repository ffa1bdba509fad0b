"""Face alignment: where the face is."""
