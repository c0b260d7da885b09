"""The REST API, wire-compatible with emnify's public one for everything SMS needs; one file per resource. What is ours says so."""

from heliograph.web.api import (
    api_callback,
    application_token,
    audit,
    authenticate,
    connectivity,
    documentation,
    endpoint,
    event,
    explain,
    fleet,
    health,
    link,
    me,
    message,
    mfa,
    operator,
    organisation,
    quota,
    service,
    service_profile,
    sim,
    simulator,
    sms,
    stats,
    tag,
    tariff_profile,
    unmatched_inbound,
    user,
)  # fmt: skip
from heliograph.web.resource import AnyResource, Resource

ROUTES: dict[str, AnyResource] = {
    **authenticate.ROUTES,
    **application_token.ROUTES,
    **user.ROUTES,
    **mfa.ROUTES,
    **endpoint.ROUTES,
    **sms.ROUTES,
    **message.ROUTES,
    **me.ROUTES,
    **connectivity.ROUTES,
    **event.ROUTES,
    **fleet.ROUTES,
    **operator.ROUTES,
    **sim.ROUTES,
    **service_profile.ROUTES,
    **service.ROUTES,
    **quota.ROUTES,
    **explain.ROUTES,
    **api_callback.ROUTES,
    **tag.ROUTES,
    **tariff_profile.ROUTES,
    **organisation.ROUTES,
    **link.ROUTES,
    **stats.ROUTES,
    **audit.ROUTES,
    **unmatched_inbound.ROUTES,
    **simulator.ROUTES,
    **health.ROUTES,
}
ROUTES |= documentation.routes(lambda: ROUTES)

for _template, _resource in ROUTES.items():
    if isinstance(_resource, Resource):
        _resource.at(_template)
