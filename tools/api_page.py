"""Write docs/api.md from the OpenAPI document: `python tools/api_page.py`. A test compares the two."""

from pathlib import Path
from typing import Any

from heliograph.model.problem import Code
from heliograph.web.api import ROUTES
from heliograph.web.openapi.curl import curl
from heliograph.web.openapi.document import document
from heliograph.web.openapi.errors import MEANING
from heliograph.web.problem import TABLE

PAGE = Path(__file__).parent.parent / "docs" / "api.md"

INTRODUCTION = """\
# REST API

<!-- Written by tools/api_page.py from what the handlers declare (@operation in src/heliograph/web/api); change those instead. -->

The API is wire-compatible with emnify's public one for everything that SMS need: change the base URL, and clients go on. An installation
describes itself: `/api/docs` is a page to read and try every call, `/api/openapi.json` the same for programs (OpenAPI 3.1). This page is
the overview; fields, parameters and examples of every answer stand there.

## Begin

```sh
HOST=http://127.0.0.1:8080                       # heliograph try
APPLICATION_TOKEN=...                            # it prints one; later: heliograph token create
TOKEN=$(curl -s $HOST/api/v1/authenticate --json "{\\"application_token\\": \\"$APPLICATION_TOKEN\\"}" | jq -r .auth_token)

curl "$HOST/api/v1/endpoint" -H "Authorization: Bearer $TOKEN"                             # your devices
curl -i "$HOST/api/v1/endpoint/1/sms" -H "Authorization: Bearer $TOKEN" --json '{"payload": "valve open"}'
curl "$HOST/api/v1/endpoint/1/sms" -H "Authorization: Bearer $TOKEN"                       # what became of it
```

- Every call but those marked *open* needs the header `Authorization: Bearer <auth_token>`. A token is good for four hours (`jwt_minutes`).
- Bodies are JSON in UTF-8, at most 4 MiB. Ids may be written `1`, `1.0` or `"1"`. Fields that a call does not know are not read, as
  emnify does; calls of ours that send to many, again, or from the simulator refuse them, since a slip there is dear.
- Moments are UTC unless they name a zone; answers write `2027-01-15T08:00:00.000+0000`.
- What is made is answered 201, with its absolute address in `Location`: `public_url` where it is set, else the Host that was asked for.
- Calls that send take an `Idempotency-Key`, so that a request whose answer was lost can be sent again.

## Lists

A list is a bare array. `page` (from 1) and `per_page` choose a part; `X-Current-Page`, `X-Count-Per-Page`, `X-Total-Count`, `X-Total-Pages`
and `Link` say which it is. `sort=-status,id` sorts, `-` falls. `q=name:meter,status:0` filters: all criteria hold, texts are searched for
within a field, numbers by their digits, however they are written. A comma ends a value if a `field:` follows it. A page behind the last
shows the last: `X-Current-Page` says so. What a list knows of `q` and `sort` stands at `/api/docs`, and in the answer to a criterion it
does not know.

`/api/v1/sms`, which may hold millions, goes from new to old by `cursor` instead, with filters of its own (`?tag=north&status=FAILED`).

## Errors

```json
{"error_code": 1400, "error_token": "InputValidationFailed", "message": "Input validation error: payload is missing: add it",
 "errors": [{"error_code": 1402, "error_token": "Required", "message": "payload is missing: add it", "field": "payload"}]}
```

Every error has this shape. `message` says what is wrong and what to do. Every 422 has `errors`, one for each thing that is wrong, or the
first value that has not the type it needs; `field` is the path of the value at fault (`sim.id`, `[0].iccid`). Where a rule of the platform
refuses (`error_code` 1406), `rule` names it. 401 is only for callers that are nobody, since emnify's SDK authenticates and asks again
whenever it reads one; who may not is answered 403.
An answer 500 has the header `X-Request-Id`, by which the operator finds the fault.

| HTTP | error_code | error_token | rule | what it means |
|---|---|---|---|---|
"""
DIFFERENCES = """\

## What differs from emnify

- **More**: lists and searches over all devices, sends to many, timelines, scheduled sends, sending again, `Idempotency-Key`, CSV,
  entering SIMs, the simulator, audit, organisations for the operator. What is ours says so at `/api/docs`.
- **Sends**: a text longer than one SMS is split here; `dest_address` in an SMS names the other end; `reason` and `reason_code` say why
  one failed. An 8-bit `dcs` takes and shows the payload in hex. A refused SMS is not counted and not charged.
- **Lists of SMS of a device** have pages where `page` or `per_page` is given; without them the latest 1,000 come, as there.
- **Errors** carry `field` and `rule` beside what emnify's carry. 422 always has `errors`.
- **Nothing here**: data sessions, voice, locations and prices are no business of an SMS platform. Such fields are there and empty, and
  resets of a connection are taken and do nothing, so that clients written for them go on.
"""


def page() -> str:
    made = document(ROUTES)
    return INTRODUCTION + "".join(_error(code) for code in Code) + DIFFERENCES + "".join(_topic(made, topic) for topic in made["tags"])


def _error(code: Code) -> str:
    status, error_code, token = TABLE[code]
    rule = f"`{code.value}`" if error_code == 1406 else ""
    return f"| {status} | {error_code} | {token} | {rule} | {MEANING[code]} |\n"


def _topic(made: dict[str, Any], topic: dict[str, str]) -> str:
    calls = [
        (method, path, said) for path, methods in made["paths"].items() for method, said in methods.items() if topic["name"] in said["tags"]
    ]
    rows = "".join(f"| `{method.upper()} {path}` | {_what(said)} |\n" for method, path, said in calls)
    examples = "\n\n".join(f"# {said['summary']}\n{curl(method, path, said)}" for method, path, said in calls if "requestBody" in said)
    shown = f"\n```sh\n{examples}\n```\n" if examples else ""
    return f"\n## {topic['name']}\n\n{topic['description']}\n\n| call | what it does |\n|---|---|\n{rows}{shown}"


def _what(said: dict[str, Any]) -> str:
    is_open = said.get("security") == []
    return said["summary"] + (" (*open*)" if is_open else "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
