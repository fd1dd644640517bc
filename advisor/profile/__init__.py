"""The profile room: from utilisation to demand in absolute work, and what is typical and extreme in it."""

from advisor.profile.demand import infer_demand
from advisor.profile.fit import fit_profile
from advisor.profile.leaks import Leak, find_leak
from advisor.profile.memories import Followed, follows_size
from advisor.profile.older import months_of
from advisor.profile.records import DayPeak, Demand, Kill, MemoryModel, Profile, Regime
from advisor.profile.shifts import Shift, find_shift

__all__ = [
    "DayPeak",
    "Demand",
    "Followed",
    "Kill",
    "Leak",
    "MemoryModel",
    "Profile",
    "Regime",
    "Shift",
    "find_leak",
    "find_shift",
    "fit_profile",
    "follows_size",
    "infer_demand",
    "months_of",
]
