"""Examples of answers, made from their schema: what a field shows is told by its name, here, once for all types."""

from typing import Any, Final

Schema = dict[str, Any]

BY_FIELD: Final[dict[str, Any]] = {
    "Attachment.description": "ATTACHED",
    "CallbackView.created": "2026-11-22 08:00:00",
    "Country.name": "Germany",
    "Endpoint.status": {"id": 0, "description": "Enabled"},
    "EnteredSim.error_code": 1405,
    "EnteredSim.error_token": "Duplicated",
    "EnteredSim.message": "ICCID 8988228000000000001 is here already",
    "Event.description": "Status of SIM changed from 'Issued' to 'Activated'",
    "Event.event_severity": {"id": 0, "description": "Info"},
    "Event.event_source": {"id": 2, "description": "API"},
    "Event.event_type": {"id": 8, "description": "SIM activation"},
    "Event.alert": False,
    "Event.sim": {"id": 7, "iccid": "8988228000000000001", "production_date": "2026-12-01T08:00:00.000Z"},
    "Event.imsi": {"id": 7, "imsi": "901280000000001", "import_date": "2026-12-01T08:00:00.000Z"},
    "OrganisationView.name": "Water works",
    "Network.name": "Telekom",
    "Operator.name": "Telekom",
    "Profile.description": "for the meters in the north",
    "Profile.esme_interface_type": {"id": 1, "description": "RestAPI"},
    "Profile.name": "Meters",
    "Profile.service": [
        {"id": 6, "description": "SMS MT", "traffic_limits": []},
        {
            "id": 32,
            "description": "SMS MO",
            "traffic_limits": [{"id": 10032, "volume": 100, "period": {"id": 2, "time_units": 1, "unit": "Month"}}],
        },
    ],
    "Profile.mt_limit": None,
    "Profile.mo_limit": 100,
    "Profile.mo_to_application": "short_numbers",
    "Profile.used_count": 4,
    "Ready.missing": [],
    "Ready.status": "ok",
    "Minutes.rx": [["08:15", 2]],
    "Minutes.tx": [["08:15", 1]],
    "ShortProfile.name": "Meters",
    "Sim.status": {"id": 1, "description": "Activated"},
    "SimOfEndpoint.status": {"id": 1, "description": "Activated"},
    "Sms.endpoint": {"id": 12, "name": "Meter 17"},
    "Sms.esme_interface_type": {"id": 1, "description": "RestAPI"},
    "Sms.p2p_ext": 0,
    "Sms.sms_type": {"id": 1, "description": "MT"},
    "Sms.source_address_type": {"id": 161, "description": "National"},
    "Sms.status": {"id": 4, "description": "DELIVERED"},
    "VolumeInTexts.volume": "12",
    "VolumeInTexts.volume_rx": "8",
    "VolumeInTexts.volume_tx": "4",
    "VolumeInTexts.traffic_type_id": "6",
    "TypeOfTraffic.description": "SMS",
    "TypeOfTraffic.unit": "SMS",
    "TariffProfile.name": "Standard",
    "TokenView.status": {"id": 0, "description": "Activated"},
    "TypeOfEvent.description": "SIM activation",
}
"""Where the name alone does not tell: type and field."""
BY_NAME: Final[dict[str, Any]] = {
    "action_on_exhaustion": {"id": 1, "description": "Block"},
    "address": "192.0.2.7",
    "aliases": ["491700000001"],
    "application_token": "8LmT2sBqX4vWc7RkYpZ9dHjN",
    "auth_token": "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9.c2lnbmF0dXJl",
    "bic": "8988-2026-01",
    "country_code": "49",
    "country_name": "Germany",
    "created": "2026-11-22T08:00:00.000+0000",
    "dcs": "0",
    "dest_address": "1000",
    "description": "for the meters in the north",
    "direction": "MT",
    "dlr_status_id": "4",
    "email": "ada@example.com",
    "endpoint_id": "12",
    "field": "sim.id",
    "iccid": "8988228000000000001",
    "iccid_with_luhn": "89882280000000000017",
    "imei": "3529060000000012",
    "imei_with_luhn": "352906000000001",
    "imsi": "901280000000001",
    "ip": "192.0.2.0/24",
    "ip_address": "10.0.0.12",
    "iso_code": "de",
    "mcc": "262",
    "message": "The device is disabled",
    "mnc": "01",
    "model": {"description": "Quectel BG95"},
    "msisdn": "882285000000001",
    "name": "Meter 17",
    "name_and_country": "Germany / Telekom",
    "operator": "Telekom",
    "organisation_id": "3",
    "payload": "level 42 cm",
    "month": "2026-11-01",
    "pid": "0",
    "purpose": "SmsCallback",
    "reason": "device_absent",
    "reason_code": "27",
    "refresh_token": "fH3kQ9wLr2",
    "retry_count": "0",
    "role": "Administrator",
    "rule": "device_disabled",
    "sim_id": "7",
    "source_address": "1000",
    "tags": "meter,north",
    "udh": "",
    "url": "https://app.example.com/sms",
    "used_count": "4",
    "username": "ada@example.com",
    "warning": "the secret is shorter than 32 octets: a guess is easier than it should be",
}
MOMENT: Final = "2026-11-22T08:00:00.000+0000"
MOMENTS: Final = ("_date", "_at", "created", "updated", "_attempt", "timestamp")
NUMBER: Final = 12


def example(schema: Schema, schemas: dict[str, Schema], name: str = "", seen: tuple[str, ...] = ()) -> Any:
    """A value of `schema`; `schemas`: those that it refers to by name; `name`: the field that holds it."""
    if seen and (known := f"{seen[-1]}.{name}") in BY_FIELD:
        return BY_FIELD[known]
    if "$ref" in schema:
        target = schema["$ref"].rsplit("/", 1)[1]
        return {} if target in seen else example(schemas[target], schemas, name, (*seen, target))
    for given in ("const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return BY_NAME[name] if BY_NAME.get(name) in schema["enum"] else schema["enum"][0]
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        return example(options[0], schemas, name, seen)
    return _of_type(schema, schemas, name, seen)


def _of_type(schema: Schema, schemas: dict[str, Schema], name: str, seen: tuple[str, ...]) -> Any:
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else next(each for each in kinds if each != "null")
    match kind:
        case "object" if "properties" in schema:
            return {field: example(inner, schemas, field, seen) for field, inner in schema["properties"].items()}
        case "object":
            return BY_NAME[name] if isinstance(BY_NAME.get(name), dict) else {}
        case "array" if "prefixItems" in schema:
            return [example(inner, schemas, name, seen) for inner in schema["prefixItems"]]
        case "array":
            known = BY_NAME.get(name)
            return known if isinstance(known, list) else [example(schema["items"], schemas, name, seen)] if "items" in schema else []
        case "string":
            known = BY_NAME.get(name)
            return known if isinstance(known, str) else MOMENT if name.endswith(MOMENTS) else name.replace("_", " ") or "text"
        case "integer" | "number":
            return max(NUMBER, schema.get("minimum", NUMBER)) if schema.get("maximum", NUMBER) >= NUMBER else schema["maximum"]
        case "boolean":
            return True
        case _:
            return None
