"""What came after the lecture, built on the core, which knows nothing of it."""
