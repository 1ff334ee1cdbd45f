"""One invented professional-services firm, generated from a seed, before any system has seen it."""
