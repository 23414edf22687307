"""The pages of the customers app."""
