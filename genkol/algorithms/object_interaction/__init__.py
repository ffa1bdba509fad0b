"""Products with the person: in a hand, beside, in front."""
