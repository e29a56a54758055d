"""The tables of the README that come from the corpus itself."""


def write(path, models, refused):
    """Writes the tables."""
