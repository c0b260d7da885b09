"""Heliograph: a self-hosted SMS platform for fleets of IoT devices. Holds the version and nothing else."""

__version__ = "0.1.0"
