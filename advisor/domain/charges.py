"""What AWS billed for Fargate, as read from an exported bill: one row per owner, period, usage type and purchase.

==================  ==================  =====================================================================
column              type, unit          meaning
==================  ==================  =====================================================================
account, region     text                where; region is empty where the bill does not say
product             text                AmazonECS or AmazonEKS
cluster             text                empty where neither a tag nor a task's ARN names it
service             text                the ECS service by the bill's tags or by recorded runs; else null
family              text                the task-definition family of a recorded run without a service; else null
start, end          UTC seconds         the charge's period: an hour, a day or a month; `end` is not part of it
usage_type          text                as AWS spells it
purchase            text                on-demand, spot, savings-plan, or adjustment (credits, discounts)
quantity            decimal, unit-hour  vCPU-hours or GB-hours that were charged
cost                decimal, USD        what it came to: for savings-plan the plan's effective cost
on_demand_cost      decimal, USD        on-demand and savings-plan rows: the same at on-demand rates; else 0
used                decimal, unit-hour  measured use, from split-cost columns; 0 where there are none
used_of             decimal, unit-hour  the quantity of the rows that have a measured use
==================  ==================  =====================================================================
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from advisor.domain.measured import MeasuredMonth

if TYPE_CHECKING:
    import pyarrow as pa

Purchase = Literal["on-demand", "spot", "savings-plan", "adjustment"]

OWNER = ("account", "region", "product", "cluster", "service", "family")
KEYS = (*OWNER, "start", "end", "usage_type", "purchase")
SUMS = ("quantity", "cost", "on_demand_cost", "used", "used_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """A bill's charges for Fargate; `lines` is sorted, with the columns above.

    `start` and `end` are the first instant of usage that is charged and the one after the last; `period` is the length
    of the longest such row [s]: credits may speak of longer ones. `formats`: cur-legacy, cur-2.0, focus. `rows_read`:
    of all services; `rows_kept`: those of Fargate that count. `tagged`: (account, region) in which some row names its
    ECS service by tag. `measured`: what split-cost columns say, day by day, of services and families that are known.
    """

    source: str
    formats: tuple[str, ...]
    files: int
    rows_read: int
    rows_kept: int
    lines: "pa.Table"
    tagged: frozenset[tuple[str, str]]
    start: datetime
    end: datetime
    period: int
    measured: tuple[MeasuredMonth, ...] = ()
