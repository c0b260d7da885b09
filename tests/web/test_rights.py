"""The table of rights holds for every call there is: a role that lacks the right is refused with 403, and nobody else is."""

import itertools

import pytest

from heliograph.model.account import Role
from heliograph.model.permission import RIGHTS as OF_ROLE
from heliograph.web import rights
from heliograph.web.api import ROUTES
from tests.core_world import statement
from tests.web.site import Site
from tests.web.test_authenticate import log_in
from tests.web.test_tenancy import CALLS, ids_of

# Refused by a rule of its own to those who have the right: only the operator enters SIMs where there are several organisations.
# One's own second factor everybody deletes, another's an Administrator; the path here has another's.
FURTHER_RULES = {("POST", "/api/v1/sim"), ("PATCH", "/api/v1/sim_batch/bic/{bic}"), ("DELETE", "/api/v1/sim/{sim_id}")} | {
    call for call in CALLS if call[1].startswith("/api/v1/user/{user_id}/mfa/")
}


def test_every_exception_names_a_call_there_is() -> None:
    assert rights.RIGHTS.keys() <= set(CALLS)
    assert {template for _, template in CALLS} <= ROUTES.keys()


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.USER, Role.ADMINISTRATOR])
async def test_a_call_is_refused_where_the_role_lacks_its_right_and_only_there(site: Site, role: Role) -> None:
    query = statement("UPDATE app_user SET role = :role WHERE email = :email")
    await site.world.database.write(lambda tx: tx.run(query, role=role.value, email=site.a.email))
    token = (await log_in(site, site.a.email)).json["auth_token"]
    wrong = {}
    for (method, template), lacks in itertools.product(CALLS, [True, False]):
        if (rights.right_of(method, template) not in OF_ROLE[role]) is not lacks:
            continue
        path = template.format(**ids_of(site.a, 1))
        reply = await site.call(method, path, b"no JSON", token=token)
        refused = reply.status == 403 and reply.json["error_code"] == 1104
        if refused is not lacks and (method, template) not in FURTHER_RULES:
            wrong[method, template] = reply
    assert wrong == {}
