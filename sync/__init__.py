"""Everything that changes a platform: commands, the ledger, governed writes, and one file per business process."""
