"""Files to records: usage, inventory, bills, task events; refused whole where a rule is broken (docs/interfaces.md)."""

from advisor.importer.bill import read_bill
from advisor.importer.demand import read_demand
from advisor.importer.events import read_task_events
from advisor.importer.inventory import check_setup, read_inventory
from advisor.importer.sizes import with_sizes
from advisor.importer.usage import import_files, read_usage

__all__ = [
    "check_setup",
    "import_files",
    "read_bill",
    "read_demand",
    "read_inventory",
    "read_task_events",
    "read_usage",
    "with_sizes",
]
