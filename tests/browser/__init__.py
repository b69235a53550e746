"""A package, so that what it starts ends with its last test: another's event loop may not run inside Playwright's."""
