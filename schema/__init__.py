"""What the firm agreed on: canonical types, who owns each field, inputs, errors and the printed schema."""
