"""Where operations are kept."""
