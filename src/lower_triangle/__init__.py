"""Self-attention and GPT from scratch: the code that the pages teach, and that runs."""
