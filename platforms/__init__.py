"""The connected platforms: the only code that speaks to a vendor, and the ports that all vendors share."""
