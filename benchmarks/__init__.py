"""Side by side with nanoGPT: the same work on the same machine in the same run, as a table and as JSON."""
