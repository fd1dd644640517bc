"""Usage, inventory and bills from files (docs/interfaces.md, docs/bill.md); refused whole where a rule is broken."""

from advisor.importer.bill import read_bill
from advisor.importer.demand import read_demand
from advisor.importer.inventory import check_setup, read_inventory
from advisor.importer.usage import import_files, read_usage

__all__ = ["check_setup", "import_files", "read_bill", "read_demand", "read_inventory", "read_usage"]
