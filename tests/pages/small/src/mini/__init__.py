"""A package as small as the tests need it."""
