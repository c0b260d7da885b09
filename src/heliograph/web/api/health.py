"""Whether the process lives, whether it can do its work, and its counters. For the operator's monitoring, without a token."""

import msgspec

from heliograph.metrics import CONTENT_TYPE
from heliograph.model.problem import Code, Problem
from heliograph.service import health
from heliograph.web.answer import Answer, json
from heliograph.web.operation import Reply, operation
from heliograph.web.resource import OpenResource, Request


class Live(msgspec.Struct, kw_only=True):
    status: str = "ok"


class Ready(msgspec.Struct, kw_only=True):
    """`status`: ok, or not ready; `missing`: what is missing, a sentence each."""

    status: str
    missing: list[str]


@operation("Say whether the process lives", answer=Live)
async def live(_request: Request) -> Answer:
    """The process answers."""
    return json(Live())


@operation("Say whether it can do its work", answer=Ready, also={503: Reply("Something is missing.", Ready)})
async def ready(request: Request) -> Answer:
    """200 where the database answers, takes what is new, and every link has an owner, else 503 and what is missing."""
    missing = await health.missing(request.context.core)
    return json(Ready(status="not ready" if missing else "ok", missing=missing), status=503 if missing else 200)


@operation("Show the counters of the process", answer=str, media=("text/plain",), refuses=(Code.FORBIDDEN,))
async def metrics(request: Request) -> Answer:
    """In Prometheus' text form, for the machine itself and for whom the setting `http.metrics_allow` names."""
    if not request.context.scrapers.allow(request.scope):
        raise Problem(Code.FORBIDDEN, "the metrics are not for this address: ask the operator to add it to the setting http.metrics_allow")
    return Answer(200, ((b"content-type", CONTENT_TYPE.encode()),), request.context.metrics.exposition())


ROUTES = {
    "/health/live": OpenResource(GET=live),
    "/health/ready": OpenResource(GET=ready),
    "/metrics": OpenResource(GET=metrics),
}
