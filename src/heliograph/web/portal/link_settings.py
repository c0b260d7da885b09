"""What a link is to be: added and changed by a form of its kind, with what each setting means, or as JSON."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET

from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import link
from heliograph.service.manage.link import LinkChange, LinkDetail
from heliograph.web.portal import links
from heliograph.web.portal.link_form import PRESET, LinkForm, Typed
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import errors_of, words_of

USUAL: Final = "smpp"
JSON: Final = "settings"
"""The field of the form that is JSON: where it was sent, it counts."""
KINDS: Final = {"smpp": "SMPP", "simulator": "Simulator"}


async def show_new(asked: Asked) -> Reply:
    """An empty form."""
    kind = asked.query.text("kind") or USUAL
    form = _form(asked, kind)
    return _new(asked, kind, form, form.shown({}), "")


async def add(asked: Asked) -> Reply:
    """Make one; a daemon runs it within a second."""
    kind, name = asked.form.text("kind"), asked.form.text("name")
    form = _form(asked, kind)
    typed = _typed(asked, form, {})
    if "fill" in asked.form:
        return _new(asked, kind, form, typed, name)
    try:
        settings = _wanted(asked, kind, form, typed, {})
        link_id = await link.add(asked.core, asked.actor, name, kind, settings)
    except Problem as problem:
        return _new(asked, kind, form, typed, name, problem=problem)
    return asked.see(f"/links/{link_id}", f"Added the link {name}: it is started within a second.")


async def show(asked: Asked) -> Reply:
    """The settings of one."""
    detail = await _detail(asked)
    form = _form(asked, detail.link.kind)
    return _settings(asked, detail, form, form.shown(detail.settings), detail.link.name)


async def save(asked: Asked) -> Reply:
    """Change its name and settings."""
    detail, name = await _detail(asked), asked.form.text("name")
    form = _form(asked, detail.link.kind)
    typed = _typed(asked, form, detail.settings)
    if "fill" in asked.form:
        return _settings(asked, detail, form, typed, name)
    try:
        wanted = _wanted(asked, detail.link.kind, form, typed, detail.settings)
        settings = dict.fromkeys(detail.settings.keys() - wanted.keys()) | wanted
        await link.update(asked.core, asked.actor, detail.link.id, LinkChange(name=name or UNSET, settings=settings))
    except Problem as problem:
        return _settings(asked, detail, form, typed, name, problem=problem)
    return asked.see(f"/links/{detail.link.id}", "Saved: the link goes on with it within a second.")


async def take(asked: Asked) -> Reply:
    """Set what a check found to be right."""
    await link.update(asked.core, asked.actor, asked.id("link_id"), LinkChange(settings=_json(asked)))
    return asked.see(f"/links/{asked.id('link_id')}", "Set: the link goes on with it within a second. Check it once more.")


async def _detail(asked: Asked) -> LinkDetail:
    return await link.view(asked.core, asked.actor, asked.id("link_id"))


def _form(asked: Asked, kind: str) -> LinkForm:
    kinds = asked.core.link_kinds
    return LinkForm(kinds.form(kind), [each for each in kinds.presets() if each.kind == kind])


def _typed(asked: Asked, form: LinkForm, before: Mapping[str, Any]) -> Typed:
    """What stands in the fields: what was typed there, or, where JSON was sent, what is set."""
    return form.shown(before) if JSON in asked.form else form.typed(asked.form)


def _new(asked: Asked, kind: str, form: LinkForm, typed: Typed, name: str, *, problem: Problem | None = None) -> Reply:
    return _page(asked, "link_new.html", form, typed, {}, problem, kind=kind, name=name, kinds=KINDS)


def _settings(asked: Asked, detail: LinkDetail, form: LinkForm, typed: Typed, name: str, *, problem: Problem | None = None) -> Reply:
    shown = links.state_of(detail.link)
    return _page(asked, "link_settings.html", form, typed, detail.settings, problem, view=detail.link, name=name, shown=shown)


def _page(
    asked: Asked, template: str, form: LinkForm, typed: Typed, sets: Mapping[str, Any], problem: Problem | None, **more: Any
) -> Reply:
    is_json = JSON in asked.form
    written = asked.form.raw(JSON) if is_json else msgspec.json.format(msgspec.json.encode(sets), indent=2).decode()
    parts = () if problem is None else problem.parts or (problem,)
    said = " ".join(words_of(each) for each in parts)
    wrongs = {JSON if is_json else (each.field or "").removeprefix(f"{JSON}.") for each in parts}
    placed = wrongs & {*form.settings, "name", JSON}
    preset = form.presets.get(str(typed.get(PRESET, "")))
    return asked.render(
        template,
        200 if problem is None else 409 if problem.code is Code.DUPLICATED else 422,
        form=form,
        typed=typed,
        sets=sets,
        sources={} if preset is None or preset.name == form.preset_of({}) else preset.sources,
        written=written,
        is_json=is_json,
        errors=(lambda field: said if field == JSON else None) if is_json and problem is not None else errors_of(problem),
        wrongs=wrongs,
        refusal="" if placed == wrongs else said,
        **more,
    )


def _wanted(asked: Asked, kind: str, form: LinkForm, typed: Typed, before: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were typed. Raises Problem, with all that is wrong."""
    if JSON in asked.form:
        return _json(asked)
    settings, wrong = form.read(typed, before, asked.form.texts("gone"))
    if not asked.form.text("name"):
        wrong.append(Problem(Code.REQUIRED, "a link needs a name: give it one", field="name"))
    if wrong:
        try:
            asked.core.link_kinds.accept(kind, settings)
        except Problem as problem:
            wrong += problem.parts or (problem,)
        raise Problem(Code.INVALID, "some fields are not taken", parts=tuple(wrong))
    return settings


def _json(asked: Asked) -> dict[str, Any]:
    """Settings as JSON. Raises Problem for what is no object."""
    try:
        return msgspec.json.decode(asked.form.raw(JSON) or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Problem(Code.INVALID_FORMAT, f"the settings are no JSON object ({error})", field=JSON) from None


PAGES: Final[dict[str, Page]] = {
    "/links": Page(get=links.show_list, post=add, read=Right.OPERATE, write=Right.OPERATE),
    "/links/new": Page(get=show_new, read=Right.OPERATE),
    "/links/{link_id}/settings": Page(get=show, post=save, read=Right.OPERATE, write=Right.OPERATE),
    "/links/{link_id}/set": Page(post=take, write=Right.OPERATE),
}
