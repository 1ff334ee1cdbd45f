"""The ledger: the only durable place. What was asked, what was done about it, and what people decided."""
