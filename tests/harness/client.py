"""The stand-in client (fake/claude) and the loopback API it talks to, as fixtures."""
