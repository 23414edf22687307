"""People who log in: how they log in, how they are invited, and what they may do."""
