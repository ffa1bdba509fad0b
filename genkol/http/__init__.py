"""The HTTP API: an ASGI application over an Engine."""
