"""How fast one event reaches a thousand subscribers, what they cost, and whether a steady stream loses any."""
