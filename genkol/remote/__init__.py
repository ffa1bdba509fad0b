"""What the algorithms share that run at a cloud's API: clients, limits, faults, prices."""
