"""Charts: a result in, a matplotlib Figure out; `rendering` turns figures into SVG or PNG bytes."""
