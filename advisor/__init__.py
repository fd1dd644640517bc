"""Make Amazon ECS on AWS Fargate cost what it should, and prove it: `import advisor as ad`."""
