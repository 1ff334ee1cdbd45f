"""Measures of governed writes: how fast they are accepted and carried out, against jobs that do nothing."""
