"""Reports over many photographs: run, measured, shown."""
