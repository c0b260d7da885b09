"""What people set up: organisations, users, tokens, devices, SIMs, policies, webhooks. One file per subject; who may is in `scope`."""
