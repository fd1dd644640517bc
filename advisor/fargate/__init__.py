"""The fargate room."""
