"""Whether the process lives, whether it can do its work, and its counters. For the operator's monitoring, without a token."""

from heliograph.metrics import CONTENT_TYPE
from heliograph.service import health
from heliograph.web.answer import Answer, json
from heliograph.web.resource import OpenResource, Request


async def live(_request: Request) -> Answer:
    """The process answers."""
    return json({"status": "ok"})


async def ready(request: Request) -> Answer:
    """200 where the database answers and every link has an owner, else 503 and what is missing."""
    missing = await health.missing(request.context.core)
    return json({"status": "not ready" if missing else "ok", "missing": missing}, status=503 if missing else 200)


async def metrics(request: Request) -> Answer:
    """In Prometheus' text form."""
    return Answer(200, ((b"content-type", CONTENT_TYPE.encode()),), request.context.metrics.exposition())


ROUTES = {
    "/health/live": OpenResource(GET=live),
    "/health/ready": OpenResource(GET=ready),
    "/metrics": OpenResource(GET=metrics),
}
