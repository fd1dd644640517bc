"""Nouns, units, frames and errors: what every other room speaks in."""
