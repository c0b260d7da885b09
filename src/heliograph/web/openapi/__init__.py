"""The API described by itself (OpenAPI 3.1): made from the routes, from what their handlers declare, and from the payload types."""
