"""A call as a line of curl, for the page and for docs/api.md."""

import json
import re
import shlex
from typing import Any

Said = dict[str, Any]


def curl(method: str, path: str, said: Said) -> str:
    """What does it with the examples of the document; `$HOST` and `$TOKEN` stand for the installation and the auth_token."""
    filled = re.sub(r"\{(\w+)\}", lambda match: "1" if match[1].endswith("id") else match[1].upper(), path)
    words = ["curl"]
    if method.upper() not in ("GET", "POST") or (method.upper() == "POST" and "requestBody" not in said):
        words.append(f"-X {method.upper()}")
    words.append(f'"$HOST{filled}"')
    if said.get("security") != []:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if body := said.get("requestBody"):
        example = body["content"]["application/json"].get("example")
        words.append(f"--json {shlex.quote(json.dumps(example, ensure_ascii=False))}")
    return " \\\n  ".join([" ".join(words[:-1]), words[-1]]) if len(" ".join(words)) > 110 else " ".join(words)
