"""How the API is divided for those who read about it: the file of a handler tells its topic."""

from typing import Final

# In the order in which they are read.
TOPICS: Final[dict[str, str]] = {
    "Authentication": "From credentials to an `auth_token`, and the application tokens of your organisation.",
    "SMS": "Send to devices, see what became of it, take it back.",
    "Devices": 'Devices ("endpoints"): who sends and receives, with which SIM, under which policy.',
    "SIMs": "SIMs and batches of them.",
    "Service policies": "What devices may do, where their SMS go, and what limits them.",
    "Webhooks": "Where SMS and delivery reports are handed to your application, and the secrets that sign them.",
    "Events": "What happened in your organisation and to your devices.",
    "Links": "The legs toward mobile networks, by which SMS leave and come.",
    "Usage": "How many SMS devices, SIMs and organisations sent and received.",
    "Organisations": "Your organisation, and for the operator all of them.",
    "Users": "People who log in: invited, given a role, suspended; their passwords and second factors.",
    "Look-ups": "Lists that other calls refer to by id.",
    "Simulator": "Devices and phones that do not exist, where a simulator link runs.",
    "Operation": "For the operator's monitoring, and this documentation.",
}
OF_FILE: Final[dict[str, str]] = {
    "api_callback": "Webhooks",
    "application_token": "Authentication",
    "audit": "Organisations",
    "authenticate": "Authentication",
    "connectivity": "Devices",
    "documentation": "Operation",
    "endpoint": "Devices",
    "event": "Events",
    "fleet": "Devices",
    "health": "Operation",
    "me": "Authentication",
    "link": "Links",
    "message": "SMS",
    "mfa": "Users",
    "operator": "Look-ups",
    "organisation": "Organisations",
    "sending": "SMS",
    "service": "Service policies",
    "service_profile": "Service policies",
    "sim": "SIMs",
    "simulator": "Simulator",
    "sms": "SMS",
    "stats": "Usage",
    "tag": "Devices",
    "tariff_profile": "Look-ups",
    "user": "Users",
}
