"""Recipes by family; each module has `fill(book)`."""
