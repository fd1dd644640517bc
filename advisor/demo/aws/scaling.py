"""Application Auto Scaling as AWS has it for ECS: importing this module registers every correction.

Nothing scales by itself here: the demo's history is simulated, and the activities are put in (`record_activity`).
"""

from advisor.demo.aws import scaling_activities, scaling_policies, scaling_schedule, scaling_targets

MODULES = (scaling_activities, scaling_policies, scaling_schedule, scaling_targets)
