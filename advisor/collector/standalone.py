"""Tasks that no service owns: seen, not covered, and therefore listed."""

from collections.abc import Iterator, Mapping
from typing import Any

from advisor.collector.asking import ask, pages
from advisor.collector.sessions import AwsSession
from advisor.domain.errors import one_line
from advisor.domain.inventory import Skipped

PER_CALL = 100  # documented: DescribeTasks takes at most 100
_WHY = "AWS/ECS has no metrics for tasks without a service"


def scheduled_tasks(session: AwsSession, region: str, cluster_arn: str) -> Iterator[Skipped]:
    """Tasks that EventBridge rules start in a cluster; raises AwsFailed."""
    for rule in pages(session, region, "events", "ListRuleNamesByTarget", "RuleNames", TargetArn=cluster_arn):
        for target in pages(session, region, "events", "ListTargetsByRule", "Targets", Rule=rule):
            said = target.get("EcsParameters")
            if said and target.get("Arn") == cluster_arn:
                family = str(said.get("TaskDefinitionArn", "")).rpartition("/")[2].partition(":")[0]
                why = f"scheduled task of EventBridge rule {one_line(rule)}: {_WHY}"
                yield _skipped(session, region, cluster_arn, family, why)


def running_tasks(session: AwsSession, region: str, cluster_arn: str) -> Iterator[Skipped]:
    """Tasks that run now and belong to no service; raises AwsFailed."""
    arns = list(pages(session, region, "ecs", "ListTasks", "taskArns", cluster=cluster_arn))
    for first in range(0, len(arns), PER_CALL):
        some = arns[first : first + PER_CALL]
        for task in ask(session, region, "ecs", "DescribeTasks", cluster=cluster_arn, tasks=some)["tasks"]:
            if not _of_service(task):
                family = str(task.get("taskDefinitionArn", "")).rpartition("/")[2].partition(":")[0]
                yield _skipped(session, region, cluster_arn, family, f"standalone task: {_WHY}")


def _of_service(task: Mapping[str, Any]) -> bool:
    return str(task.get("group", "")).startswith("service:") or str(task.get("startedBy", "")).startswith("ecs-svc/")


def _skipped(session: AwsSession, region: str, cluster_arn: str, family: str, reason: str) -> Skipped:
    cluster = cluster_arn.rpartition("/")[2]
    return Skipped(service=f"{cluster}/{family}", account=session.account, region=region, reason=reason)
