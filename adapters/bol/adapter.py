"""The bol adapter: bol.com's Retailer API v10, split by noun."""

from adapters.bol.catalog import BolCatalog
from adapters.bol.orders import BolOrders
from adapters.bol.processes import BolProcesses
from adapters.bol.shipments import BolShipments


class BolAdapter(BolCatalog, BolOrders, BolShipments, BolProcesses):
    """Orders of bol's customers, the catalogue they buy from, our shipments, and bol's processes."""


ADAPTER = BolAdapter
