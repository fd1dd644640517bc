"""ECS as AWS has it, where moto differs: importing this module registers every correction.

Clusters and the numbering of task definitions are moto's; services, deployments, revisions and tasks are held
by the layer itself (`ecs_state`).
"""

from advisor.demo.aws import (
    ecs_clusters,
    ecs_definitions,
    ecs_deployments,
    ecs_services,
    ecs_tags,
    ecs_task_calls,
)

MODULES = (ecs_clusters, ecs_definitions, ecs_deployments, ecs_services, ecs_tags, ecs_task_calls)
