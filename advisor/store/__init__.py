"""The memory: what was collected or imported, in immutable Parquet files under one manifest.

    store/
      manifest.json                          which files count, with sha256; written last, atomically
      usage/account=A/region=R/2026-11-23-<sha>.parquet   one day while young: one row group per service
      usage/account=A/region=R/2026-10-<sha>.parquet      one month once it is over
      inventory/account=A/region=R/20261123T201000Z-<sha>.json   dated snapshots
      tasks/account=A/region=R/2026-10-<sha>.parquet      task runs, one file per month in which they were made

A file that the manifest does not name does not count: it is what a killed write left, and the next write
removes it. Names of services are never part of a path.
"""

from advisor.store.store import Store, open_store

__all__ = ["Store", "open_store"]
