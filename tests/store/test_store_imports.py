"""An import that is killed between its files leaves nothing that is read wrongly."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from store_samples import NOW, bytes_of, some_frame, some_id, some_service

from advisor.domain.inventory import Inventory, Service, SizeChange
from advisor.domain.service import TaskSize
from advisor.store import Store, open_store

FIRST, NEXT = NOW - timedelta(days=3), NOW - timedelta(days=1)


def resized(service: Service) -> Service:
    small = TaskSize.of(vcpu=1, gib=4)
    sizes = (SizeChange(at=FIRST, size=service.setup.size), SizeChange(at=NEXT, size=small))
    return replace(service, setup=replace(service.setup, size=small), sizes=sizes)


def test_new_sizes_of_a_known_service_are_there_before_usage_that_was_measured_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, other = some_service(some_id()), some_service(some_id("prod/new"))
    new = Inventory(taken_at=NOW, services=(resized(old), other))
    frames = {old.id: some_frame(NEXT, 60)}
    for folder in ("killed", "whole"):
        store = open_store(tmp_path / folder, create=True)
        store.add_import(Inventory(taken_at=FIRST, services=(old,)), {old.id: some_frame(FIRST, 60)})
    with monkeypatch.context() as patched:
        patched.setattr(Store, "add_usage", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            open_store(tmp_path / "killed").add_import(new, frames)
    assert open_store(tmp_path / "killed").services == (resized(old),), "a new service waits for its usage"
    for folder in ("killed", "whole"):
        open_store(tmp_path / folder).add_import(new, frames)
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "whole")
