"""People who log in: how they get in, how they are invited, and what they may."""
