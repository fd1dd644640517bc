"""The store that belongs to the simulated fleet of `bill_world`: what a collection would have kept of it."""

from datetime import timedelta
from pathlib import Path

from bill_world import ACCOUNT, DEPLOYED, REGION, SECONDS, START, World, usage

from advisor.domain.inventory import Inventory, Service, SizeChange
from advisor.domain.service import CapacityShare, ServiceId, Setup, TaskSize
from advisor.store import Store, open_store

END = START + timedelta(seconds=SECONDS)
SERVICES = ("prod/web", "prod/worker", "prod/api")


def store_of(world: World, folder: Path) -> Store:
    store = open_store(folder, create=True)
    services = tuple(service(name) for name in SERVICES)
    inventory = Inventory(taken_at=END, services=services)
    store.add_import(inventory, {s.id: usage(world.tasks, s.id.service) for s in services})
    return store


def service(name: str) -> Service:
    size = TaskSize.of(vcpu=0.5, gib=1) if name == "prod/worker" else TaskSize.of(vcpu=1, gib=2)
    both = (CapacityShare(weight=1), CapacityShare(provider="FARGATE_SPOT", weight=1))
    capacity = both if name == "prod/worker" else (CapacityShare(),)
    before = SizeChange(at=START - timedelta(days=9), size=size, task_definition="a:1")
    deployed = SizeChange(at=START + timedelta(seconds=DEPLOYED), size=size, task_definition="a:2")
    return Service(
        id=ServiceId(account=ACCOUNT, region=REGION, service=name),
        setup=Setup(size=size, desired=4, minimum=2, maximum=8, capacity=capacity),
        seen_at=END,
        sizes=(before, deployed) if name == "prod/web" else (before,),
    )
