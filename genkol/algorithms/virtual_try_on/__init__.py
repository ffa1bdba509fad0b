"""Virtual try-on: dressing the person in a garment, or changing the one that is worn."""
