"""The ECS target: a service that exists already gets task definitions with the image by digest, and ECS rolls it."""
