"""Tags with an id and a colour, over the text that stands on the devices: the two are always one."""

from typing import Any

import pytest

from heliograph.store import tag as tags
from tests.web.site import Site

PATH = "/api/v2/tags"


async def made(site: Site, name: str, **more: Any) -> int:
    reply = await site.post(PATH, {"name": name} | more)
    assert reply.status == 201, reply
    tag_id: int = reply.json["id"]
    return tag_id


async def listed(site: Site, query: str = "") -> dict[str, int]:
    page = (await site.get(f"{PATH}?{query}")).json
    return {each["name"]: each["resource_count"] for each in page["data"]}


async def text(site: Site) -> str | None:
    found: str | None = (await site.get(f"/api/v1/endpoint/{site.a.device_id}")).json["tags"]
    return found


def of_device(site: Site, tag_id: int | str = "") -> str:
    return f"/api/v2/endpoint/{site.a.device_id}/tags" + (f"/{tag_id}" if tag_id else "")


async def test_what_stands_on_a_device_as_text_is_a_tag(site: Site) -> None:
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"tags": "water, north"})
    assert await listed(site) == {"Alpha tag": 0, "north": 1, "water": 1}
    of = (await site.get(of_device(site))).json
    assert [each["name"] for each in of] == ["water", "north"]
    assert (await site.get(of_device(site))).json == of, "the same ids again"
    assert {each["id"] for each in of} <= {each["id"] for each in (await site.get(PATH)).json["data"]}


async def test_a_tag_is_given_and_taken_and_the_text_says_so(site: Site) -> None:
    tag_id = await made(site, "north", color={"id": 2.0})
    assert (await site.post(of_device(site), {"id": tag_id})).status == 201
    assert await text(site) == "Alpha,meter,north"
    assert (await site.post(of_device(site), {"id": tag_id})).status == 409
    assert (await site.get(of_device(site))).json[-1] == {"id": tag_id, "name": "north", "resource_count": 1, "tag_color": {"id": 2}}
    assert (await site.get("/api/v1/endpoint?q=tags:north")).headers["x-total-count"] == "1"
    assert (await site.delete(of_device(site, tag_id))).status == 200
    assert await text(site) == "Alpha,meter"
    assert (await site.delete(of_device(site, tag_id))).status == 404
    assert (await site.post(of_device(site), {"id": 999})).status == 404


@pytest.mark.parametrize("before", ["north", "north,south", "south, north", "a, north, south", "a,north,b", "northern,north"])
async def test_another_name_or_none_is_on_every_device_at_once(site: Site, before: str) -> None:
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"tags": before})
    names = [each.strip() for each in before.split(",")]
    await site.get(PATH)
    (tag,) = [each for each in (await site.get(PATH)).json["data"] if each["name"] == "north"]
    assert (await site.patch(f"{PATH}/{tag['id']}", {"name": "up"})).status == 204
    assert tags.names_of(await text(site)) == ["up" if each == "north" else each for each in names]
    assert (await site.delete(f"{PATH}/{tag['id']}")).status == 204
    assert tags.names_of(await text(site)) == [each for each in names if each != "north"]
    assert not {"north", "up"} & (await listed(site)).keys()


async def test_tags_are_searched_and_paged_by_name(site: Site) -> None:
    for name in ("b2", "a1", "B3"):
        await made(site, name)
    assert list(await listed(site, "name=b")) == ["b2", "B3"]
    page = (await site.get(f"{PATH}?page=2&page_size=2")).json
    assert (page["total"], page["page"], page["page_size"], page["last_page"]) == (6, 2, 2, 3)
    assert (await site.get(f"{PATH}?page=99&page_size=2")).json["page"] == 3


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "a,b"}, {"name": "x" * 65}])
async def test_a_tag_that_cannot_be_is_422(site: Site, body: dict[str, Any]) -> None:
    assert (await site.post(PATH, body)).status == 422


async def test_a_name_that_there_is_is_409_and_a_colour_that_there_is_not_404(site: Site) -> None:
    first, second = await made(site, "one"), await made(site, "two")
    assert (await site.post(PATH, {"name": "one"})).status == 409
    assert (await site.patch(f"{PATH}/{second}", {"name": "one"})).status == 409
    assert (await site.patch(f"{PATH}/{first}", {"color": {"id": 99}})).status == 404
    known = {each["id"] for each in (await site.get("/api/v2/tag-colors")).json}
    assert {each["tag_color"]["id"] for each in (await site.get(PATH)).json["data"]} <= known
