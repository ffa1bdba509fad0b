"""`genkol cluster check` and the files in cluster/."""
