"""Problems as the compatible API says them: one table, code to HTTP status, error_code and error_token.

An answer 401 makes emnify's SDK authenticate and ask again without end, so it is only for callers that are nobody; 403 is for those who
are somebody and may not.
"""

from typing import Any, Final

from heliograph.model.problem import Code, Problem
from heliograph.service.limit import TooMany
from heliograph.web.answer import Answer, Header, json

# HTTP status, error_code, error_token
TABLE: Final[dict[Code, tuple[int, int, str]]] = {
    Code.BAD_REQUEST: (400, 1000, "BadRequest"),
    Code.TOO_LARGE: (413, 1000, "BadRequest"),
    Code.INVALID: (422, 1400, "InputValidationFailed"),
    Code.REQUIRED: (422, 1402, "Required"),
    Code.INVALID_FORMAT: (422, 1403, "InvalidFormat"),
    Code.INVALID_QUERY: (422, 1301, "InvalidQueryCriteria"),
    Code.INVALID_SORT: (422, 1302, "InvalidSortCriteria"),
    Code.INVALID_REFERENCE: (404, 1401, "InvalidReference"),
    Code.NOT_FOUND: (404, 1201, "NotFound"),
    Code.DUPLICATED: (409, 1405, "Duplicated"),
    Code.IN_USE: (409, 1406, "NotAllowed"),
    Code.NOT_ALLOWED: (409, 1406, "NotAllowed"),
    Code.KEY_REUSED: (422, 1406, "NotAllowed"),
    Code.FORBIDDEN: (403, 1104, "Forbidden"),
    Code.INVALID_CREDENTIALS: (401, 1101, "InvalidCredentials"),
    Code.INVALID_TOKEN: (401, 1102, "InvalidToken"),
    Code.TOKEN_EXPIRED: (401, 1103, "TokenExpired"),
    Code.LOCKED_OUT: (401, 1105, "TooManyRequests"),
    Code.TOO_MANY_REQUESTS: (429, 1105, "TooManyRequests"),
    Code.UNAVAILABLE: (503, 1601, "Unavailable"),
    Code.DEVICE_DISABLED: (422, 1406, "NotAllowed"),
    Code.SIM_NOT_ACTIVE: (422, 1406, "NotAllowed"),
    Code.NO_SIM: (422, 1406, "NotAllowed"),
    Code.NO_ROUTE: (422, 1406, "NotAllowed"),
    Code.NOT_A_DEVICE: (422, 1406, "NotAllowed"),
    Code.NO_RELAY: (422, 1406, "NotAllowed"),
    Code.LOOP: (422, 1406, "NotAllowed"),
    Code.MT_OFF: (422, 1406, "NotAllowed"),
    Code.MO_OFF: (422, 1406, "NotAllowed"),
    Code.A2P_OFF: (422, 1406, "NotAllowed"),
    Code.P2P_INTERNAL_OFF: (422, 1406, "NotAllowed"),
    Code.P2P_EXTERNAL_OFF: (422, 1406, "NotAllowed"),
    Code.SENDER_NOT_ALLOWED: (422, 1406, "NotAllowed"),
    Code.P2P_RATE: (422, 1406, "NotAllowed"),
    Code.MT_LIMIT: (422, 1406, "NotAllowed"),
    Code.MO_LIMIT: (422, 1406, "NotAllowed"),
    Code.ORGANISATION_LIMIT: (422, 1406, "NotAllowed"),
    Code.QUOTA: (422, 1406, "NotAllowed"),
    Code.QUOTA_NOT_SET: (422, 1406, "NotAllowed"),
    Code.RECEIVER_REFUSES: (422, 1406, "NotAllowed"),
    Code.NOT_SUPPORTED: (422, 1406, "NotAllowed"),
    Code.ALREADY_FINAL: (409, 1406, "NotAllowed"),
    Code.ON_ITS_WAY: (409, 1406, "NotAllowed"),
    Code.HANDED_OVER: (409, 1406, "NotAllowed"),
}
NOT_ALLOWED: Final = 1406
VALIDATION: Final = 422
WORDED_BY_EMNIFY: Final = frozenset({Code.MT_LIMIT})
OF_ONE_FIELD: Final = frozenset({Code.REQUIRED, Code.INVALID_FORMAT})


def answer(problem: Problem) -> Answer:
    """The answer to a request that was refused. A problem of one field is put into a validation error, as emnify does, and every 422 has
    `errors`, so that clients may read them without a look at error_code."""
    status = TABLE[problem.code][0]
    if problem.code in OF_ONE_FIELD:
        problem = Problem(Code.INVALID, f"Input validation error: {problem.text}", parts=(problem,))
    body = error(problem)
    if problem.parts or status == VALIDATION:
        body["errors"] = [error(part) for part in problem.parts or (problem,)]
    return json(body, *_headers(problem), status=status)


def error(problem: Problem) -> dict[str, Any]:
    """One error, as it stands alone, in a list of errors, or beside the item of a batch it is about."""
    _, code, token = TABLE[problem.code]
    said: dict[str, Any] = {"error_code": code, "error_token": token, "message": problem.text}
    if code == NOT_ALLOWED:
        said["rule"] = problem.code.value
        if problem.code not in WORDED_BY_EMNIFY:
            said["message"] = f"{problem.text} (rule: {problem.code.value})"
    if problem.field is not None:
        said["field"] = problem.field
    return said


def _headers(problem: Problem) -> tuple[Header, ...]:
    if isinstance(problem, TooMany):
        return ((b"retry-after", b"%d" % problem.retry_after_s),)
    if TABLE[problem.code][0] == 401:
        return ((b"www-authenticate", b"Bearer"),)
    return ()
