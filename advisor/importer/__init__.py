"""Usage and inventory from files, in the formats of docs/interfaces.md; refused whole where a rule is broken."""

from advisor.importer.demand import read_demand
from advisor.importer.inventory import check_setup, read_inventory
from advisor.importer.usage import import_files, read_usage

__all__ = ["check_setup", "import_files", "read_demand", "read_inventory", "read_usage"]
