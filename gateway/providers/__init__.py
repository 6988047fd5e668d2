"""How flows are driven and requests leave."""
