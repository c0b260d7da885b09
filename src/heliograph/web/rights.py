"""Which right a call of the API needs: reading needs READ, any other method CHANGE, and the rest stands here, once.

Which role has which right: `model/permission.py`. The services check rights too, for the faces beside this one.
"""

from collections.abc import Mapping
from typing import Final

from heliograph.model.permission import Right

RIGHTS: Final[Mapping[tuple[str, str], Right]] = {
    ("POST", "/api/v1/authenticate/workspace"): Right.OWN_ACCOUNT,
    ("POST", "/api/v1/user"): Right.ADMINISTER,
    ("PATCH", "/api/v1/user/{user_id}"): Right.ADMINISTER,
    ("PUT", "/api/v1/user/{user_id}/role/{role_id}"): Right.ADMINISTER,
    ("POST", "/api/v1/user/{user_id}/password_link"): Right.ADMINISTER,
    ("POST", "/api/v2/user/invitation"): Right.ADMINISTER,
    ("PATCH", "/api/v1/user/password"): Right.OWN_ACCOUNT,
    ("POST", "/api/v1/user/mfa"): Right.OWN_ACCOUNT,
    ("PATCH", "/api/v1/user/mfa/{key_id}"): Right.OWN_ACCOUNT,
    ("DELETE", "/api/v1/user/{user_id}/mfa/{key_id}"): Right.OWN_ACCOUNT,
    ("DELETE", "/api/v1/user/{user_id}/mfa/trusted_device/{trusted_device_id}"): Right.OWN_ACCOUNT,
    ("GET", "/api/v1/application_token"): Right.ADMINISTER,
    ("POST", "/api/v1/application_token"): Right.ADMINISTER,
    ("PATCH", "/api/v1/application_token/{token_id}"): Right.ADMINISTER,
    ("GET", "/api/v1/audit"): Right.ADMINISTER,
    ("GET", "/api/v1/technician_link/{technician_link_id}/use"): Right.CHANGE,
    ("GET", "/api/v1/esme_interface_type"): Right.READ_INTERFACES,
    ("POST", "/api/v1/smpp_account"): Right.ADMINISTER,
    ("PATCH", "/api/v1/smpp_account/{system_id}"): Right.ADMINISTER,
    ("DELETE", "/api/v1/smpp_account/{system_id}"): Right.ADMINISTER,
    ("POST", "/api/v1/smpp_account/{system_id}/password"): Right.ADMINISTER,
    ("POST", "/api/v1/link"): Right.OPERATE,
    ("GET", "/api/v1/link/{link_id}"): Right.OPERATE,
    ("PATCH", "/api/v1/link/{link_id}"): Right.OPERATE,
    ("DELETE", "/api/v1/link/{link_id}"): Right.OPERATE,
    ("POST", "/api/v1/link/{link_id}/start"): Right.OPERATE,
    ("POST", "/api/v1/link/{link_id}/stop"): Right.OPERATE,
    ("POST", "/api/v1/link/{link_id}/check"): Right.OPERATE,
    ("POST", "/api/v1/link/{link_id}/trace"): Right.OPERATE,
    ("GET", "/api/v1/link_preset"): Right.OPERATE,
    ("GET", "/api/v1/route"): Right.OPERATE,
    ("POST", "/api/v1/route"): Right.OPERATE,
    ("PUT", "/api/v1/route/{route_id}"): Right.OPERATE,
    ("DELETE", "/api/v1/route/{route_id}"): Right.OPERATE,
    ("PUT", "/api/v1/link/{link_id}/organisation/{organisation_id}"): Right.OPERATE,
    ("DELETE", "/api/v1/link/{link_id}/organisation/{organisation_id}"): Right.OPERATE,
    ("GET", "/api/v1/unmatched_inbound"): Right.OPERATE,
    ("GET", "/api/v1/unmatched_receipt"): Right.OPERATE,
    ("POST", "/api/v1/organisation"): Right.OPERATE,
    ("PATCH", "/api/v1/organisation/{organisation_id}"): Right.ADMINISTER,
    ("DELETE", "/api/v1/organisation/{organisation_id}"): Right.OPERATE,
}


def right_of(method: str, template: str) -> Right:
    """What a caller needs for `method` at the route `template`."""
    return RIGHTS.get((method, template)) or (Right.READ if method == "GET" else Right.CHANGE)
