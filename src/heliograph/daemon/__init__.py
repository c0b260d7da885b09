"""The daemon: everything together in one process."""
