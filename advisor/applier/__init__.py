"""Plan, apply, verify, undo: the only room that writes to AWS, and the way back stands before the way forward."""

from advisor.applier.execute import apply_plan
from advisor.applier.plan import make_plan
from advisor.applier.results import Applied, Done, Undone
from advisor.applier.undo import undo

__all__ = ["Applied", "Done", "Undone", "apply_plan", "make_plan", "undo"]
