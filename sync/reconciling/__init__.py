"""Reconciliation: what two platforms say of the same thing, held against each other, and what becomes of it."""
