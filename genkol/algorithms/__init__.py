"""The built-in algorithms: one folder a service, one file an algorithm."""
