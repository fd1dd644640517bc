"""A small fleet in the local AWS, made through boto3 as a customer would; secrets are canaries."""

import json
from typing import Any

import boto3

REGION = "eu-west-1"
CANARY = "canary-7d2e9a"


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def register(family: str, *, cpu: str = "512", memory: str = "1024", **more: Any) -> str:
    container = {
        "name": "app",
        "image": "nginx",
        "memory": 512,
        "essential": True,
        "environment": [{"name": "PASSWORD", "value": f"{CANARY}-environment"}],
        "secrets": [{"name": "TOKEN", "valueFrom": f"arn:aws:ssm:eu-west-1:1:parameter/{CANARY}-secret"}],
    }
    given = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": cpu, "memory": memory, **more}
    answer = client("ecs").register_task_definition(family=family, containerDefinitions=[container], **given)
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def create(cluster: str, name: str, definition: str, **more: Any) -> None:
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
    given = {"desiredCount": 2, "launchType": "FARGATE", "networkConfiguration": network, **more}
    if "capacityProviderStrategy" in given:
        del given["launchType"]
    if given.get("launchType") == "EC2":
        del given["networkConfiguration"]
    client("ecs").create_service(cluster=cluster, serviceName=name, taskDefinition=definition, **given)


def scale(cluster: str, name: str) -> None:
    """Bounds, a target-tracking policy and a scheduled action."""
    scaling = client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{cluster}/{name}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=9)
    scaling.put_scaling_policy(
        **target,
        PolicyName="cpu70",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        },
    )
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="morning",
        Schedule="cron(0 8 * * ? *)",
        Timezone="Asia/Tokyo",
        ScalableTargetAction={"MinCapacity": 4},
    )


def schedule(cluster_arn: str, definition: str) -> None:
    """Two schedules of EventBridge Scheduler: a templated target, and a queue that is none of ours."""
    scheduler = client("scheduler")
    role = {"RoleArn": "arn:aws:iam::123456789012:role/r"}
    secret = json.dumps({"containerOverrides": [{"environment": [{"name": "K", "value": CANARY}]}]})
    parameters = {"TaskDefinitionArn": definition.rpartition(":")[0], "TaskCount": 3, "LaunchType": "FARGATE"}
    target = role | {"Arn": cluster_arn, "EcsParameters": parameters, "Input": secret}
    when = {"FlexibleTimeWindow": {"Mode": "OFF"}, "ScheduleExpressionTimezone": "Asia/Tokyo"}
    scheduler.create_schedule(Name="hourly", ScheduleExpression="rate(1 hour)", Target=target, **when)
    queue = role | {"Arn": "arn:aws:sqs:eu-west-1:123456789012:q"}
    scheduler.create_schedule(Name="post", ScheduleExpression="rate(1 hour)", Target=queue, **when)


def small_fleet() -> None:
    """prod: api (scaled, deployed twice), mix (Spot), other (EC2); my-prod: api; a rule, schedules, a lone task."""
    ecs = client("ecs")
    for cluster in ("prod", "my-prod"):
        ecs.create_cluster(clusterName=cluster, capacityProviders=["FARGATE", "FARGATE_SPOT"])
    first = register("api")
    group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/1"
    balancer = [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]
    create("prod", "api", first, tags=[{"key": "team", "value": "shop"}], loadBalancers=balancer)
    second = register("api", cpu="1024", memory="2048")
    ecs.update_service(cluster="prod", service="api", taskDefinition=second)
    scale("prod", "api")
    mix = [{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 3}]
    create("prod", "mix", first, capacityProviderStrategy=mix)
    host = {"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}
    create("prod", "other", register("host", **host), launchType="EC2")
    create("my-prod", "api", first)
    nightly = register("nightly")
    events = client("events")
    events.put_rule(Name="every-night", ScheduleExpression="cron(0 2 * * ? *)")
    cluster_arn = ecs.describe_clusters(clusters=["prod"])["clusters"][0]["clusterArn"]
    parameters = {"TaskDefinitionArn": nightly, "TaskCount": 1, "LaunchType": "FARGATE"}
    events.put_targets(
        Rule="every-night",
        Targets=[
            {
                "Id": "t",
                "Arn": cluster_arn,
                "RoleArn": "arn:aws:iam::123456789012:role/r",
                "EcsParameters": parameters,
                "Input": json.dumps({"containerOverrides": [{"environment": [{"name": "K", "value": CANARY}]}]}),
            }
        ],
    )
    schedule(cluster_arn, nightly)
    lone = register("lone")
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
    overrides = {"containerOverrides": [{"name": "app", "environment": [{"name": "K", "value": CANARY}]}]}
    ecs.run_task(
        cluster="prod", taskDefinition=lone, launchType="FARGATE", networkConfiguration=network, overrides=overrides
    )
