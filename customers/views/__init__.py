"""Pages of the customers' floor."""
