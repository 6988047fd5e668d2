"""What can be seen of the running gateway."""
