"""Answers the graph, live: plan, batched reads, joins, freshness."""
