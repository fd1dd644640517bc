"""Records to JSON and back; the one use of pydantic. Unknown keys are refused, never dropped.

`to_json` and `from_json` hold any domain record as it is. The public file formats (review, inventory file,
setup file, configuration) have functions of their own, because their keys are flatter than the records.
"""

from advisor.codec.anonymise import Anonymiser
from advisor.codec.files import (
    config_from_dict,
    config_to_dict,
    inventory_from_file_json,
    simulation_from_json,
    tail_fit_from_json,
)
from advisor.codec.records import checked, from_json, to_json
from advisor.codec.review import review_from_json, review_to_json, scoreboard_to_json
from advisor.codec.setups import setup_from_dict, setup_to_dict
from advisor.codec.task_runs import task_run_from_aws

__all__ = [
    "Anonymiser",
    "checked",
    "config_from_dict",
    "config_to_dict",
    "from_json",
    "inventory_from_file_json",
    "review_from_json",
    "review_to_json",
    "scoreboard_to_json",
    "setup_from_dict",
    "setup_to_dict",
    "simulation_from_json",
    "tail_fit_from_json",
    "task_run_from_aws",
    "to_json",
]
