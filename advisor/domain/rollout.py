"""How ECS replaces the tasks of a service: how fast, what it takes for a failure, and whether it goes back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What the service says of its deployments; the defaults are AWS's own (documented: botocore 1.44.5, ecs).

    `minimum_percent` and `maximum_percent` of the desired count run meanwhile; `circuit_breaker`: ECS gives a failing
    deployment up, `rollback`: and goes back; `threshold`: after so many failed tasks (`threshold_type` COUNT), or so
    many percent of the desired count. `alarms` are the names of those that fail a deployment, `alarms_roll_back`: and
    ECS goes back. `strategy`: ROLLING, BLUE_GREEN, LINEAR or CANARY; `bake_minutes`: how long both sets of tasks run
    once traffic has moved. `grace_seconds`: how long failed health checks of a task that starts do not count, None =
    not known (an inventory of before).
    """

    minimum_percent: int = 100
    maximum_percent: int = 200
    strategy: str = "ROLLING"
    circuit_breaker: bool = False
    rollback: bool = False
    threshold: int = 50
    threshold_type: str = "BOUNDED_PERCENT"
    alarms: tuple[str, ...] = ()
    alarms_roll_back: bool = False
    bake_minutes: int = 0
    grace_seconds: int | None = None

    @property
    def goes_back(self) -> bool:
        """Whether ECS itself takes a failing deployment back."""
        return self.circuit_breaker and self.rollback

    @property
    def alarms_go_back(self) -> bool:
        """Whether an alarm makes ECS take a deployment back; whether a failing one raises it is the alarm's matter."""
        return bool(self.alarms) and self.alarms_roll_back

    def failures(self, desired: int) -> int:
        """How many tasks must fail before the circuit breaker acts; the bounds of BOUNDED_PERCENT are UNCONFIRMED.

        >>> Rollout().failures(5), Rollout(threshold=20, threshold_type="COUNT").failures(5)
        (3, 20)
        """
        return self.threshold if self.threshold_type == "COUNT" else -(-desired * self.threshold // 100)
