"""Policies, webhooks and technician links as people use them: saved only when asked, seen at a receiver, refused after revocation."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.browser import Browser
from tests.browser.receiver import Receiver
from tests.browser.world import World, wait_until

SLOWLY_MS = 40_000


def test_a_webhook_policy_is_made_tested_attached_and_its_receipt_arrives(
    world: World, sign_in: Callable[..., Browser.Tab], receiver: Receiver
) -> None:
    page = sign_in("operator").open("/policies/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Fleet with webhook")
    page.get_by_role("radio", name="Webhook").check()
    page.get_by_label("Webhook URL").fill(receiver.url)
    expect(page.locator("#preview")).to_contain_text("goes to the webhook", timeout=SLOWLY_MS)
    expect(page.locator("#changed")).to_contain_text("changes not saved")
    assert "Fleet with webhook" not in str(world.call("GET", "/service_profile"))  # saved only when asked
    page.get_by_role("button", name="Create policy").click()
    expect(page.get_by_text("Saved the service policy Fleet with webhook.")).to_be_visible()
    page.get_by_role("button", name="Send test").click()
    expect(page.get_by_text("The test was answered 200")).to_be_visible(timeout=SLOWLY_MS)
    policy = next(each["id"] for each in world.call("GET", "/service_profile") if each["name"] == "Fleet with webhook")
    device = world.behaves("delivers")
    page.goto(f"{world.url}/devices/{device['id']}/settings")
    page.get_by_label("Service policy").select_option("Fleet with webhook")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    world.call("POST", f"/endpoint/{device['id']}/sms", {"payload": "with a receipt"})
    wait_until(lambda: any(method == "PATCH" for method, _ in receiver.got), "the receipt arrives")
    page.goto(f"{world.url}/policies/{policy}")
    page.get_by_role("link", name="Its deliveries and settings").click()
    expect(page.get_by_role("cell", name="sms.delivered PATCH")).to_be_visible()


def test_an_observer_reads_a_policy_and_the_server_refuses_what_they_forge(world: World, sign_in: Callable[..., Browser.Tab]) -> None:
    tab = sign_in("many", observer=True)
    policy = world.tenants["many"].policy_id
    page = tab.open(f"/policies/{policy}")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_disabled()
    assert page.get_by_role("button", name="Save").count() == 0
    tab.expects_failures = True
    answered = page.request.post(f"{world.url}/policies/{policy}", form={"name": "Forged"}, headers={"origin": world.url})
    assert answered.status == 403
