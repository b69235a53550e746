"""Pages as programs: every line of code that a Markdown page shows is run, and what the reader copies runs alone."""
