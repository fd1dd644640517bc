"""The demo fleet's control plane: the calls that a team would make to get each service as its spec says."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from advisor.demo.aws.ecs_history import backdate
from advisor.demo.aws.wire import LocalAws
from advisor.demo.fleet_spec import DemoService, container
from advisor.domain.policy import StepScaling, TargetTracking
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.fargate.schedule import occurrences

DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-0a1b2c3d4e5f60718"],
        "securityGroups": ["sg-0a1b2c3d4e5f60718"],
        "assignPublicIp": "DISABLED",
    }
}
METRICS = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}


def ask(aws: LocalAws, id: ServiceId, service: str, action: str, **params: Any) -> dict[str, Any]:
    """Call in the account and region of a service."""
    return aws.call(service, action, account=id.account, region=id.region, **params)


def create_clusters(aws: LocalAws, ids: list[ServiceId]) -> None:
    """Every cluster that the services name, with both Fargate capacity providers."""
    for account, region, cluster in sorted({(id.account, id.region, id.cluster) for id in ids}):
        aws.call(
            "ecs",
            "CreateCluster",
            account=account,
            region=region,
            clusterName=cluster,
            capacityProviders=["FARGATE", "FARGATE_SPOT"],
        )


def create_service(aws: LocalAws, service: DemoService, *, desired: int, now: datetime) -> None:
    """Task definitions, the service with its past, and its scaling."""
    created = now - service.age
    deployments = []
    if service.resize is not None:
        deployments.append((created, register(aws, service, service.resize.before)))
        created_now = now - service.resize.ago
    else:
        created_now = created
    definition = register(aws, service, service.setup.size)
    deployments.append((created_now, definition))
    ask(
        aws,
        service.id,
        "ecs",
        "CreateService",
        cluster=service.id.cluster,
        serviceName=service.id.name,
        taskDefinition=definition,
        desiredCount=desired,
        **_placement(service),
        **_extras(service),
    )
    backdate(
        aws,
        service.id.account,
        service.id.region,
        service.id.cluster,
        service.id.name,
        created=created,
        deployments=deployments,
    )
    if service.setup.minimum is not None:
        _add_scaling(aws, service, now=now)


def register(aws: LocalAws, service: DemoService, size: TaskSize) -> str:
    """Register a revision at this size; the ARN."""
    setup, slug = service.setup, service.slug
    named = service.containers or (("app", 0, None),)
    ephemeral = {"ephemeralStorage": {"sizeInGiB": setup.ephemeral_gib}} if setup.ephemeral_gib > 20 else {}
    role = f"arn:aws:iam::{service.id.account}:role/{slug}"
    answer = ask(
        aws,
        service.id,
        "ecs",
        "RegisterTaskDefinition",
        family=slug,
        cpu=str(size.cpu),
        memory=str(size.memory),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        runtimePlatform={"cpuArchitecture": setup.architecture, "operatingSystemFamily": setup.os},
        executionRoleArn=f"{role}-start",
        taskRoleArn=role,
        containerDefinitions=[container(n, slug, cpu=cpu, memory=mib) for n, cpu, mib in named],
        tags=[{"key": "repository", "value": f"git.example.com/{slug}"}],
        **ephemeral,
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def target_group(id: ServiceId) -> tuple[str, str]:
    """(load balancer, target group) as CloudWatch names them in dimensions."""
    digest = sha256(str(id).encode()).hexdigest()
    return (f"app/{id.cluster}/{digest[:16]}", f"targetgroup/{id.cluster}-{id.name}/{digest[16:32]}")


def _placement(service: DemoService) -> dict[str, Any]:
    """Where tasks run: `launchType`, or a strategy, which excludes it."""
    shares = service.setup.capacity
    network: dict[str, Any] = {"networkConfiguration": NETWORK, "platformVersion": "LATEST"}
    if len(shares) == 1:
        return network | {"launchType": shares[0].provider}
    strategy = [{"capacityProvider": s.provider, "base": s.base, "weight": s.weight} for s in shares]
    return network | {"capacityProviderStrategy": strategy}


def _extras(service: DemoService) -> dict[str, Any]:
    """Tags, deployment settings, load balancer and metric resolution."""
    extras: dict[str, Any] = {
        "tags": [{"key": key, "value": value} for key, value in service.tags.items()],
        "deploymentConfiguration": {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
    }
    if service.load_balanced:
        where = f"arn:aws:elasticloadbalancing:{service.id.region}:{service.id.account}"
        group = f"{where}:{target_group(service.id)[1]}"
        extras["loadBalancers"] = [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}]
        extras["healthCheckGracePeriodSeconds"] = 60
    if service.resolution_seconds != 60:
        names = ["CPUUtilization", "MemoryUtilization"]
        seconds = service.resolution_seconds
        extras["monitoring"] = {"metricConfigurations": [{"metricNames": names, "resolutionSeconds": seconds}]}
    return extras


def _add_scaling(aws: LocalAws, service: DemoService, *, now: datetime) -> None:
    """Register the scalable target with the bounds in force, its policies and its scheduled actions."""
    target = DIMENSION | {"ResourceId": f"service/{service.id.service}"}
    low, high = bounds_in_force(service.setup, now=now)
    autoscaling = "application-autoscaling"
    ask(aws, service.id, autoscaling, "RegisterScalableTarget", **target, MinCapacity=low, MaxCapacity=high)
    for number, policy in enumerate(service.setup.policies):
        if isinstance(policy, TargetTracking):
            _track(aws, service, target, policy)
        elif isinstance(policy, StepScaling):
            _step(aws, service, target, policy, number=number)
    for action in service.setup.schedule:
        bounds = {"MinCapacity": action.minimum, "MaxCapacity": action.maximum}
        ask(
            aws,
            service.id,
            autoscaling,
            "PutScheduledAction",
            **target,
            ScheduledActionName="stop" if action.maximum == 0 else "start",
            Schedule=action.expression,
            Timezone=action.timezone,
            ScalableTargetAction=bounds,
        )


def bounds_in_force(setup: Setup, *, now: datetime) -> tuple[int, int]:
    """(minimum, maximum) after the newest scheduled action of the last week; without one, the setup's."""
    low, high = setup.bounds
    due = [
        (instant, action)
        for action in setup.schedule
        for instant in occurrences(str(action.expression), action.timezone, now - timedelta(days=7), now)
    ]
    for _, action in sorted(due, key=lambda pair: pair[0]):
        low = low if action.minimum is None else action.minimum
        high = high if action.maximum is None else action.maximum
    return low, high


def _track(aws: LocalAws, service: DemoService, target: dict[str, str], policy: TargetTracking) -> None:
    metric: dict[str, Any] = {"PredefinedMetricType": METRICS[policy.metric]}
    if policy.metric == "requests":
        metric["ResourceLabel"] = "/".join(target_group(service.id))
    configuration: dict[str, Any] = {"TargetValue": policy.target, "PredefinedMetricSpecification": metric}
    if (policy.scale_out_cooldown, policy.scale_in_cooldown) != (300, 300):
        configuration["ScaleOutCooldown"] = policy.scale_out_cooldown
        configuration["ScaleInCooldown"] = policy.scale_in_cooldown
    ask(
        aws,
        service.id,
        "application-autoscaling",
        "PutScalingPolicy",
        **target,
        PolicyName=f"{service.id.name}-{policy.metric}-{policy.target:g}",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=configuration,
    )


def _step(aws: LocalAws, service: DemoService, target: dict[str, str], policy: StepScaling, *, number: int) -> None:
    """A step policy, and the alarm that a team makes for it."""
    name = f"{service.id.name}-{policy.direction}-{number}"
    answer = ask(
        aws,
        service.id,
        "application-autoscaling",
        "PutScalingPolicy",
        **target,
        PolicyName=name,
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": policy.adjustment_type,
            "StepAdjustments": [_adjustment(*step) for step in policy.steps],
            "Cooldown": policy.cooldown,
            "MetricAggregationType": "Average",
        },
    )
    above = policy.direction == "out"
    ask(
        aws,
        service.id,
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName=name,
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=[
            {"Name": "ClusterName", "Value": service.id.cluster},
            {"Name": "ServiceName", "Value": service.id.name},
        ],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=policy.points,
        DatapointsToAlarm=policy.points,
        Threshold=policy.threshold,
        ComparisonOperator="GreaterThanThreshold" if above else "LessThanThreshold",
        AlarmActions=[answer["PolicyARN"]],
    )


def _adjustment(low: float | None, high: float | None, adjustment: int) -> dict[str, Any]:
    bounds = {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high}
    return {key: value for key, value in bounds.items() if value is not None} | {"ScalingAdjustment": adjustment}
