"""`heliograph organisation`: add and list tenants."""

from cyclopts import App

from heliograph.cli.answer import Answer, Said, Table, time_of
from heliograph.cli.desk import PLAIN, Desk, Options, at_desk
from heliograph.service.manage import account, organisation
from heliograph.service.manage.organisation import OrganisationChange

app = App(name="organisation")


@app.command
def add(name: str, /, *, options: Options = PLAIN) -> int:
    """Make an organisation, with a service policy and a tariff to begin with. Makes the database where there is none yet.

    Parameters
    ----------
    name
        What people call it.
    """

    async def work(desk: Desk) -> Answer:
        made = await organisation.create(desk, desk.caretaker(), OrganisationChange(name=name))
        text = f"made the organisation {made.name}, with a service policy and a tariff; its id:"
        return Said(text, {"id": made.id, "name": made.name}, str(made.id))

    return at_desk(options, work, founds=True)


@app.command(name="list")
def list_(*, options: Options = PLAIN) -> int:
    """List the organisations."""

    async def work(desk: Desk) -> Answer:
        found = await account.list_organisations(desk, await desk.viewer())
        rows = [
            {"id": each.id, "name": each.name, "default_source": each.default_source, "created": time_of(each.created_at_ms)}
            for each in found
        ]
        return Table(rows, ("id", "name", "default_source", "created"), "no organisation yet: `heliograph organisation add NAME` makes one")

    return at_desk(options, work)
