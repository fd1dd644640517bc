"""Clusters, as moto has them, with AWS's paging, counts and repeated creation; and the Fargate providers."""

from advisor.demo.aws.ecs_paging import page
from advisor.demo.aws.ecs_rollouts import settled
from advisor.demo.aws.ecs_state import Wire, World, is_wanted, missing, refuse_more_than, short
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
_WITHHELD = {"TAGS": "tags", "SETTINGS": "settings"}  # empty unless asked for with `include`


@answers("ecs", "CreateCluster")
def create_cluster(aws: LocalAws, call: Call) -> Wire:
    """Creating a cluster that exists returns it and changes nothing; moto makes a new one [B44:ecs]."""
    name = call.params.get("clusterName") or "default"
    there = _describe(aws, call, [name])
    if there and there[0]["status"] == "ACTIVE":
        return {"cluster": there[0]}
    return aws.moto(call)


@answers("ecs", "ListClusters")
def list_clusters(aws: LocalAws, call: Call) -> Wire:
    """Cluster ARNs come in pages of at most 100; deleted clusters are not listed [FACTS 8]."""
    arns = aws.moto(call)["clusterArns"]
    there = [c["clusterArn"] for c in _describe(aws, call, arns) if c["status"] == "ACTIVE"] if arns else []
    return page(sorted(there), call, "clusterArns")


@answers("ecs", "DescribeClusters")
def describe_clusters(aws: LocalAws, call: Call) -> Wire:
    """Counts follow the services and tasks that exist; at most 100 clusters a call [FACTS 8]."""
    names = call.params.get("clusters") or ["default"]
    refuse_more_than(100, names, "Clusters")
    world = settled(aws, call.account, call.region)
    clusters = [_counted(cluster, world) for cluster in _describe(aws, call, names)]
    found = {cluster["clusterName"] for cluster in clusters}
    hidden: Wire = {key: [] for wish, key in _WITHHELD.items() if wish not in call.params.get("include", ())}
    shown = [cluster | hidden for cluster in clusters]
    return {"clusters": shown, "failures": missing(world, "cluster", (n for n in names if short(n) not in found))}


@answers("ecs", "DeleteCluster")
def delete_cluster(aws: LocalAws, call: Call) -> Wire:
    """A cluster that still has services or tasks is not deleted [B44:ecs]."""
    world = settled(aws, call.account, call.region)
    name = short(call.params["cluster"])
    if any(cluster == name and service.status == "ACTIVE" for (cluster, _), service in world.services.items()):
        raise AwsError("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if any(is_wanted(task) for task in world.tasks.values() if short(task["clusterArn"]) == name):
        raise AwsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    return aws.moto(call)


@answers("ecs", "DescribeCapacityProviders")
def describe_capacity_providers(aws: LocalAws, call: Call) -> Wire:
    """FARGATE and FARGATE_SPOT exist in every account, beside those that it made [B44:ecs]."""
    world = settled(aws, call.account, call.region)
    named = {short(name): name for name in call.params.get("capacityProviders", ())}
    asked = [name for name in FARGATE_PROVIDERS if not named or name in named]
    own = [name for short_name, name in named.items() if short_name not in FARGATE_PROVIDERS]
    answer: Wire = {"capacityProviders": [], "failures": []}
    if own or not named:
        answer = aws.moto(call, capacityProviders=own)
    providers = [_fargate(world, name) for name in asked] + answer["capacityProviders"]
    return page(providers, call, "capacityProviders", most=10, default=10) | {"failures": answer["failures"]}


def _fargate(world: World, name: str) -> Wire:
    arn = world.arn("capacity-provider", name)
    return {"capacityProviderArn": arn, "name": name, "status": "ACTIVE", "type": name}


def _describe(aws: LocalAws, call: Call, names: list[str]) -> list[Wire]:
    asked = Call(service="ecs", action="DescribeClusters", account=call.account, region=call.region)
    clusters: list[Wire] = aws.moto(asked, clusters=names, include=["TAGS", "SETTINGS"])["clusters"]
    return clusters


def _counted(cluster: Wire, world: World) -> Wire:
    arn = cluster["clusterArn"]
    tasks = [t for t in world.tasks.values() if t["clusterArn"] == arn and is_wanted(t)]
    return cluster | {
        "activeServicesCount": sum(s.cluster_arn == arn and s.status == "ACTIVE" for s in world.services.values()),
        "runningTasksCount": sum(task["lastStatus"] == "RUNNING" for task in tasks),
        "pendingTasksCount": sum(task["lastStatus"] != "RUNNING" for task in tasks),
    }
