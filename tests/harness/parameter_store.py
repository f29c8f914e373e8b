"""The strict Parameter Store (fake/parameter_store.py) as a fixture, and its users."""
