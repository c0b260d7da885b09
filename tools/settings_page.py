"""Write docs/config.md from the settings themselves: `python tools/settings_page.py`. A test compares the two."""

from pathlib import Path

from heliograph.config import SETTINGS, Setting

PAGE = Path(__file__).parent.parent / "docs" / "config.md"

INTRODUCTION = """\
# Settings

<!-- Written by tools/settings_page.py; change src/heliograph/config.py instead. -->

Settings are read from the file that `--config` or `HELIOGRAPH_CONFIG` names, and from the environment, once, at the start. Organisations,
users, tokens, devices, policies and links are no settings: they stand in the database and are changed while the daemon runs, by the API,
the portal or the [command line](cli.md). `heliograph config show` shows each value and where it came from.

`http.listen` stands as `listen` under `[http]` in the TOML file, and as `HELIOGRAPH_HTTP_LISTEN` in the environment. The command line wins
over the environment, that over the file, that over the default. A setting that does not exist is an error, so a slip is never silent.

```toml
data_dir = "/var/lib/heliograph"
application_numbers = ["4915900000000", "88210*"]

[http]
listen = "0.0.0.0:8080"
public_url = "https://sms.example.com"
trusted_proxies = ["10.0.0.1"]
```

What is wrong is said at once, each with its name, its value, where it stands and what is accepted; the exit code is then 2.

| setting | environment | default | accepted | what it does |
|---|---|---|---|---|
"""


def page() -> str:
    return INTRODUCTION + "".join(_row(one) for one in SETTINGS.values())


def _row(one: Setting) -> str:
    default = one.kind.show(one.default)
    cells = (f"`{one.name}`", f"`{one.variable}`", f"`{default}`" if default else "none", one.kind.accepts, one.doc)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
