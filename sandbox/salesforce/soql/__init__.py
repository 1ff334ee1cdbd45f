"""SOQL, the documented subset: text to syntax, syntax to rows."""
