"""Measures of the gateway against the usual hand-written service, over the same fast upstream."""
