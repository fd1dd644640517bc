"""The memory: what was collected or imported, in immutable files, in a local folder or under `s3://bucket/prefix`.

    store/
      usage/account=A/region=R/new-<sha>.parquet          as it was added: one row group per day and service
      usage/account=A/region=R/2026-11-23-<sha>.parquet   one day while young: one row group per service
      usage/account=A/region=R/2026-10-<sha>.parquet      one month once it is over
      usage-300/, usage-3600/, usage-20/                  the same in longer steps of older days, and in shorter ones
      reach/account=A/region=R/1970-01-<sha>.parquet      until when the usage of each service was asked for
      tasks/account=A/region=R/2026-10-<sha>.parquet      task runs, one file per month in which they were made
      prices/account=/region=R/2026-10-<sha>.parquet      collected prices, of each the newest
      reconciliations/account=/region=/2026-10-<sha>.parquet   bills against the store, by the month of their end
      savings-plans/account=/region=/2026-11-<sha>.parquet   what plans charge and which are owned, as last told
      inventory/account=A/region=R/20261123T201000Z-<sha>.json   dated snapshots
      manifest/<sha>.json                                 which files there are, as of the last compaction
      runs/                                               what each collection did; no part of what is known
      keys/                                               which key hides the account ids, if one does; likewise

Every whole file counts, and holds what its footer says. Adding puts a file; compaction merges files, and removes one
only after all that it said is in another. So any number of processes may write at once, and any may be killed
(docs/decisions/0004-store.md). Names of services are never part of a path.
"""

from advisor.store.opening import open_store
from advisor.store.store import Store

__all__ = ["Store", "open_store"]
