"""How the ledger's tables came to be what they are, one revision a step. `crosswalk migrate` goes up to the last."""

REVISIONS = ("0001", "0002")
"""Every revision, first to last; a test holds it and the files in `versions/` together."""
