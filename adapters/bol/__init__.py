"""bol: marketplace orders, catalogue and shipments through the Retailer API v10."""
