"""How the trail is kept: a partition for every month, a chain of digests, and the file of it."""
