"""The canonical types: declarations of fields, owners and relations, without bodies."""
