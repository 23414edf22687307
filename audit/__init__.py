"""What people did, written down once and never changed: the lowest floor, which knows none above it."""
