"""What the light algorithms share: models on the CPU, colour, warps and mattes."""
