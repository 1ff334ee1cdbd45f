"""The graph's side of governed writes: what callers see of the ledger, and how their wishes reach the desk."""
