"""Pages of the segmentation floor, and of the site as a whole."""
