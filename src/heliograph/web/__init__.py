"""The HTTP faces: the REST API, and beside it the portal. They hold no rule: words in, a use case, words out."""
