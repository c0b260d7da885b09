"""`heliograph config`: what the settings are, and where each came from."""

from cyclopts import App

from heliograph.cli.answer import DONE, WRONG_USAGE, Table, show
from heliograph.cli.desk import PLAIN, Options, settings

app = App(name="config")


@app.command(name="show")
def show_(*, options: Options = PLAIN) -> int:
    """Show every setting, its value and where that came from; passwords are hidden."""
    config = settings(options.config)
    if config is None:
        return WRONG_USAGE
    rows = [{"setting": name, "value": value, "from": origin} for name, value, origin in config.shown()]
    show(Table(rows, ("setting", "value", "from"), "no settings"), as_json=options.json)
    return DONE
