"""The SMS console in a browser, against simulated devices: states that change under the eye, replies that appear, all of it by keyboard."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from heliograph.web.portal import static_files
from tests.browser.browser import DEADLINE_MS, Browser
from tests.browser.world import World

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "composer.json").read_text(encoding="utf-8"))["texts"]
WATCH = """(text) => {
    window.words = [];
    const look = () => {
        const item = [...document.querySelectorAll(".msg.mt")].find((each) => each.textContent.includes(text));
        const word = item?.querySelector(".st").textContent.trim();
        if (word && word !== window.words.at(-1)) window.words.push(word);
    };
    new MutationObserver(look).observe(document.getElementById("list"), { childList: true, subtree: true });
}"""
SLOW_NETWORK: dict[str, object] = {"delivery": "stored", "receipt_delay_ms": 3000}
"""Takes an SMS at once, and tells a while later that it was delivered."""
SignIn = Callable[..., Browser.Tab]

expect.set_options(timeout=DEADLINE_MS)


def open_console(tab: Browser.Tab, device: dict[str, Any]) -> Page:
    with tab.page.expect_response(lambda answer: "/stream" in answer.url):
        return tab.open(f"/devices/{device['id']}")


def send(page: Page, text: str) -> Any:
    """Write and send; the message as it stands in the thread."""
    page.get_by_label("Message to").fill(text)
    page.get_by_role("button", name="Send SMS").click()
    item = page.locator(".msg.mt", has_text=text).last
    item.wait_for()
    return item


def test_a_message_is_queued_sent_and_delivered_and_an_answer_appears_without_a_reload(world: World, sign_in: SignIn) -> None:
    device = world.behaves("delivers")
    link = world.call("POST", "/link", {"name": "Slow network", "kind": "simulator", "settings": SLOW_NETWORK})["id"]
    route = world.call("POST", "/route", {"kind": "device", "value": device["id"], "links": [{"id": link}], "position": 1})["id"]
    world.call("PATCH", f"/link/{link}", {"enabled": False})
    page = open_console(sign_in("operator"), device)
    page.evaluate("window.stayed = true")
    page.evaluate(WATCH, "wake up")
    sent = send(page, "wake up")
    expect(sent.locator(".st")).to_have_text("Queued")
    world.call("PATCH", f"/link/{link}", {"enabled": True})
    expect(sent.locator(".st")).to_have_text("Delivered")
    words = page.evaluate("window.words")
    assert [each for each in words if each != "Sending"] == ["Queued", "Sent", "Delivered"], words
    world.originate(device["id"], "reporting")
    expect(page.locator(".msg.mo", has_text="reporting")).to_be_visible()
    assert page.evaluate("window.stayed"), "the page was loaded anew"
    world.call("DELETE", f"/route/{route}")
    world.call("PATCH", f"/link/{link}", {"enabled": False})
    world.call("DELETE", f"/link/{link}")


def test_what_is_waited_for_is_said_and_changes_under_the_eye(world: World, sign_in: SignIn) -> None:
    tab = sign_in("operator")
    page = open_console(tab, world.behaves("absent-then-delivers"))
    expect(send(page, "come back").locator(".st")).to_have_text("Delivered")
    page = open_console(tab, world.idle("absent"))
    expect(send(page, "are you there").locator(".st")).to_have_text("Waiting for device")
    expect(send(page, "and now").locator(".st")).to_have_text("Queued")
    page = open_console(tab, world.behaves("silent"))
    expect(send(page, "anybody").locator(".st")).to_have_text("Sent")


def test_what_a_device_sends_appears_by_itself_and_a_pill_tells_who_reads_elsewhere(world: World, sign_in: SignIn) -> None:
    tab = sign_in("operator")
    page = open_console(tab, world.behaves("echo"))
    send(page, "echo this")
    expect(page.locator(".msg.mo", has_text="echo this")).to_be_visible()
    for number in range(12):
        send(page, f"filler {number}")
    expect(page.locator(".msg.mo", has_text="filler 11")).to_be_visible()
    page.evaluate("document.getElementById('thread').scrollTop = -400")
    page.wait_for_function("document.getElementById('thread').scrollTop < -300")
    world.originate(world.behaves("echo")["id"], "look at me")
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    assert page.evaluate("document.getElementById('thread').scrollTop") < -300, "who reads above is not moved"
    page.get_by_role("button", name="1 new").click()
    expect(page.locator(".msg.mo", has_text="look at me")).to_be_in_viewport()


def test_a_stream_that_is_lost_is_said_until_it_is_back_and_nothing_is_missed(world: World, sign_in: SignIn) -> None:
    device = world.behaves("silent")
    tab = sign_in("operator")
    tab.expects_failures = True
    tab.page.route("**/stream?*", lambda route: route.abort())
    page = tab.open(f"/devices/{device['id']}")
    page.get_by_text("Reconnecting…").wait_for()
    world.originate(device["id"], "sent while nobody heard")
    tab.page.unroute("**/stream?*")
    page.get_by_text("Reconnecting…").wait_for(state="hidden")
    page.locator(".msg.mo", has_text="sent while nobody heard").wait_for()
    tab.wrongs = [each for each in tab.wrongs if "Failed to fetch" not in each]


def test_what_waits_is_cancelled_and_what_failed_is_retried(world: World, sign_in: SignIn) -> None:
    tab = sign_in("operator")
    page = open_console(tab, world.behaves("absent"))
    item = send(page, "take this back")
    item.get_by_role("button", name="Cancel").click()
    expect(item.locator(".st")).to_have_text("Canceled")
    page = open_console(tab, world.behaves("undeliverable"))
    item = send(page, "to nobody")
    expect(item.locator(".st")).to_have_text("Failed")
    expect(item.locator(".why")).to_contain_text("The network knows no subscriber with this number")
    item.get_by_role("button", name="Retry").click()
    expect(page.locator(".msg.mt", has_text="to nobody")).to_have_count(2)


def test_the_whole_console_by_keyboard_alone(world: World, sign_in: SignIn) -> None:
    tab = sign_in("operator")
    device = world.behaves("delivers")
    page = tab.open("/devices")
    page.keyboard.press("/")
    with page.expect_response(lambda answer: "q=" in answer.url):
        page.keyboard.type(device["name"])
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    with page.expect_response(lambda answer: "/stream" in answer.url):
        page.keyboard.press("Enter")
    page.keyboard.press("c")
    page.keyboard.type("by keyboard ✓ “only”")
    expect(page.locator("#hint")).to_contain_text("70 characters a part")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Message to")).to_have_value('by keyboard ✓ "only"')
    page.keyboard.press("Control+Enter")
    item = page.locator(".msg.mt", has_text="by keyboard").last
    expect(item.locator(".st")).to_have_text("Delivered")
    expect(page.get_by_label("Message to")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="What happened")).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('.msg') !== null"), "the focus is back where it was"
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/devices")


def test_the_meter_counts_as_the_network_does(world: World, sign_in: SignIn) -> None:
    tab = sign_in("operator")
    page = tab.open(f"/devices/{world.devices[0]['id']}")
    module = static_files.url("js/segments.js")
    texts = [each["text"] for each in VECTORS]
    found = page.evaluate(
        "async ([module, texts]) => { const { segments } = await import(module); return texts.map(segments) }", [module, texts]
    )
    wanted = [{name: each[name] for name in ("alphabet", "units", "parts", "odd")} for each in VECTORS]
    assert [{name: each[name] for name in ("alphabet", "units", "parts", "odd")} for each in found] == wanted
    page.get_by_label("Message to").fill("x" * 320)
    expect(page.locator("#meter")).to_contain_text("3 parts: counts as 3 SMS")


def test_without_scripts_one_sends_looks_and_cancels(world: World, browser: Browser) -> None:
    tab = browser.tab(world.url, world.operator["email"], world.operator["password"], java_script_enabled=False)
    device = world.behaves("absent")
    page = tab.open(f"/devices/{device['id']}")
    page.get_by_label("Message to").fill("plain form")
    page.get_by_role("button", name="Send SMS").click()
    item = page.locator(".msg.mt", has_text="plain form").last
    expect(item).to_be_in_viewport()
    item.get_by_role("button", name="Cancel").click()
    expect(page.locator(".msg.mt", has_text="plain form").last).to_contain_text("Canceled")
    page.locator(".msg.mt", has_text="plain form").last.locator("[data-inspect]").click()
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    tab.context.close()


def test_an_observer_sees_the_thread_and_no_way_to_write(world: World, sign_in: SignIn) -> None:
    tab = sign_in("many", observer=True)
    tab.expects_failures = True
    page = tab.open(f"/devices/{world.tenants['many'].device_id}")
    expect(page.get_by_text("You may look, not send")).to_be_visible()
    assert page.locator("textarea, form[action^='/devices/'] button").count() == 0
    status = page.evaluate(
        "fetch(location.pathname, {method: 'POST', body: new URLSearchParams({text: 'x'})}).then((answer) => answer.status)"
    )
    assert status == 403


def test_a_technician_link_is_made_at_the_device_opened_in_a_clean_browser_and_refused_after_revocation(
    world: World, browser: Browser, sign_in: SignIn
) -> None:
    page = sign_in("operator").open(f"/devices/{world.behaves('echo')['id']}")
    page.get_by_role("link", name="Make a technician link").click()
    page.get_by_label("For whom").fill("Anna")
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#link [data-copy]").get_attribute("data-copy")
    assert link is not None
    stranger = browser.stranger(world.url)
    theirs = stranger.open(link.removeprefix(world.url))
    theirs.get_by_role("button", name="Open").click()
    theirs.get_by_label("Text").fill("who is there")
    theirs.get_by_role("button", name="Send", exact=True).click()
    theirs.get_by_text("Sent.").wait_for()
    theirs.evaluate("window.stayed = true")
    expect(theirs.locator(".msg.mt", has_text="who is there")).to_contain_text("Delivered")
    expect(theirs.locator(".msg.mo", has_text="who is there")).to_be_visible()
    world.originate(world.behaves("echo")["id"], "door is open")
    expect(theirs.locator(".msg.mo", has_text="door is open")).to_be_visible()
    assert theirs.evaluate("window.stayed"), "the page was loaded anew"
    assert stranger.open("/devices").url.endswith("/sign-in?next=%2Fdevices")
    page.goto(f"{world.url}/technician-links")
    page.get_by_role("link", name="Anna").first.click()
    for used in ("Opened", "Sent"):
        expect(page.get_by_role("region", name="Uses")).to_contain_text(used)
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Revoked: whoever has it open is refused from now on.")).to_be_visible()
    stranger.expects_failures = True
    expect(stranger.open("/technician").get_by_text("This link opens nothing any more")).to_be_visible()
    stranger.close()
