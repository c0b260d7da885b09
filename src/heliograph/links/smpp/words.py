"""The settings of an SMPP link in words, for the form of the portal and for docs/links.md. What may be set is in settings.py."""

from typing import Final

from heliograph.links.form import Part, Word, form_of
from heliograph.links.smpp.address import TON_NPI
from heliograph.links.smpp.answers import REFUSALS
from heliograph.links.smpp.presets import PRESETS
from heliograph.links.smpp.settings import SECRETS, SmppSettings

WORDS: Final = (
    Part(
        "The message centre",
        Word("preset", "Preset", "whose values count where nothing is set"),
        Word("host", "Host", "where the message centre is"),
        Word("port", "Port", "its port; often another one with TLS"),
        Word("tls", "TLS", "speak TLS with it"),
        is_usual=True,
    ),
    Part(
        "Who we are",
        Word("system_id", "System ID", "by which the centre knows us; 15 characters at most"),
        Word("password", "Password", "8 characters at most"),
        Word("system_type", "System type", "where the centre asks for one; 12 characters at most"),
        is_usual=True,
    ),
    Part(
        "What it is for",
        Word("role", "Role", "`network`: what devices dial comes by it; `interconnect`: what others send to numbers rented there"),
        Word("delivery", "Delivery", "`stored`: the centre serves absent devices; `live`: its answer is the device's, and our ladder does"),
        Word("numbers", "Numbers", "numbers, or prefixes with `*`, that lead to the application"),
        Word("number_space", "Number space", "in which its numbers are looked up, where two networks number their SIMs alike"),
        Word("country", "Country", "by which national numbers from it are completed: `49`"),
        Word("national_prefix", "National prefix", "what stands before a national number: `0`"),
        is_usual=True,
    ),
    Part(
        "Bind and pace",
        Word("bind_type", "Bind as", "`trx`, `tx`, `rx`, or `tx+rx` for one of each"),
        Word("version", "Version", "of SMPP: `3.3`, `3.4` or `5.0`"),
        Word("window", "Window", "requests of each bind that wait for their responses"),
        Word("rate", "Rate", "messages a second, of all binds", "as fast as it takes them"),
        is_usual=True,
    ),
    Part(
        "TLS",
        Word("tls_verify", "Check its certificate", "so that nobody else can play the centre"),
        Word("tls_ca_file", "Certificate authorities", "a file of who may have signed it, PEM", "those the system trusts"),
        Word("tls_server_name", "Name in its certificate", "the name its certificate must have", "`host`"),
        Word("tls_certificate_file", "Our certificate", "a file, PEM, where the centre asks for one"),
        Word("tls_key_file", "Our key", "the file of its key"),
    ),
    Part(
        "Binds in detail",
        Word("binds", "Binds", "how many at once"),
        Word("address_range", "Address range", "in the bind, where a centre routes by it"),
        Word("address_range_ton", "Its TON", "type of number of the address range"),
        Word("address_range_npi", "Its NPI", "numbering plan of the address range"),
    ),
    Part(
        "Addresses",
        Word("device_address", "Devices by", "`msisdn`, or `imsi`, which goes out with NPI 6"),
        Word("addresses", "TON and NPI", "by the kind of an address", heads=("kind", "TON", "NPI")),
        Word("allowed_sources", "Allowed senders", "senders, or prefixes with `*`, that the centre takes; others are refused here"),
        Word("rewrite_source", "Rewrite senders", "rules, the first that fits counts; `force` replaces the whole address"),
        Word("rewrite_destination", "Rewrite destinations", "the same for whom an SMS goes to"),
        Word("rewrite_inbound_source", "Rewrite inbound senders", "the same for senders of SMS that come in"),
        Word("rewrite_inbound_destination", "Rewrite inbound destinations", "the same for the numbers they were sent to"),
    ),
    Part(
        "Messages",
        Word(
            "default_alphabet",
            "data_coding 0 is",
            "`gsm7` (a septet an octet), `gsm7_packed`, `latin-1`, `ascii`. A text with what the last two lack, such as €, goes in UCS-2, "
            "in as many parts as it then takes; charged is what was counted. A part that its sender cut, and that has no room in UCS-2, is "
            "refused when it is submitted",
        ),
        Word("data_coding", "Data coding", "how TP-DCS is said: as the specification has it, as `tp_dcs` itself, or as `osmomsc` does"),
        Word("long_messages", "Long messages", "`udh`, `sar` (TLVs), or `payload` (all in one PDU)"),
        Word("mode", "Message mode", "in esm_class: `default`, `datagram`, `transaction`, `store`"),
        Word("service_type", "Service type", "in each submit; 5 characters at most"),
        Word("validity", "Validity", "how the remaining validity is written: `relative`, `absolute`, `none`"),
        Word("max_validity_s", "Longest validity", "the longest the centre takes, in seconds", "what the message has"),
        Word("send_reference", "Send a reference", "user_message_reference, the same on every try"),
        Word(
            "on_unknown",
            "When nobody knows",
            "whether a segment was taken: `wait` 120 s for a receipt, then once more; `retry`; `fail`",
            "`wait` if stored, `retry` if live",
        ),
        Word("may_return", "May return", "take SMS of its devices back to phones beyond it; a route `phone` has them go by another link"),
        Word("cancel", "Cancel there", "ask with cancel_sm when a message is cancelled that the centre has"),
    ),
    Part(
        "Receipts",
        Word(
            "receipts",
            "Receipts",
            "`all`, `failures` (silence then means delivered, shown as not confirmed) or `none` (final when taken)",
            "`all` if stored, `none` if live",
        ),
        Word("receipt_per", "One is about", "a `part`, or the whole `message`"),
        Word("receipt_intermediate", "Intermediate", "ask for intermediate notifications"),
        Word("receipt_keys", "Found by", "what a receipt names its message by, in this order: `tlv`, `text`, `reference`"),
        Word("id_in_response", "Ids in responses", "how they are read: `raw`, `decimal`, `hex`, or `ignored` where they are no ids"),
        Word("id_in_tlv", "Ids in the TLV", "likewise, in receipted_message_id"),
        Word("id_in_text", "Ids in the text", "likewise, in the text of receipts"),
        Word("receipt_grace_s", "Grace", "seconds after its validity for which a receipt is waited for"),
        Word("receipts_by_reference", "By our reference", "receipts may have our user_message_reference and no id"),
        Word("receipts_unmarked", "Unmarked", "receipts may come without the bit in esm_class: they are known by their looks"),
        Word("receipts_unswapped", "Not swapped", "receipts have source and destination as the SMS had them, not swapped"),
        Word("receipt_sender_differs", "Other senders", "receipts may name another sender than we sent: match without it"),
        Word("correlation_group", "Correlation group", "links of one centre, where receipts come by another bind", "the link's own"),
    ),
    Part(
        "Errors and refusals",
        Word("errors", "Errors", "what a command_status means", heads=("code", "means")),
        Word(
            "network_errors",
            "Network errors",
            "the same for network_error_code in a response, which wins: `27` of GSM, `8:27` of network 8; a receipt's changes nothing",
            heads=("code", "means"),
        ),
        Word("refusals", "Refusals", "what an SMS from the network is refused with", heads=("why", "code")),
    ),
    Part(
        "Timers",
        Word("connect_s", "Connect", "seconds that a connection may take"),
        Word("bind_s", "Bind", "seconds that a bind may take"),
        Word("enquire_link_s", "Enquire link", "seconds of silence after which it is asked whether it lives; 0: never"),
        Word("inactivity_s", "Inactivity", "seconds of silence after which the connection is given up; 0: never"),
        Word(
            "response_s",
            "Response",
            "seconds that a response may take; after ten submits in a row without one a `stored` network is connected to anew",
            "60 in transaction mode, else 30",
        ),
    ),
    Part(
        "Outbind",
        Word("outbind_listen", "Listen on", "`HOST:PORT` on which the centre's outbind is waited for, in place of connecting to it"),
        Word("outbind_system_id", "Its System ID", "what its outbind must say; without it any is taken"),
        Word("outbind_password", "Its password", "likewise"),
    ),
)

FORM: Final = form_of(
    SmppSettings,
    WORDS,
    SECRETS,
    choices={"preset": tuple(PRESETS)},
    defaults={"addresses": TON_NPI, "refusals": {reason: f"0x{code:02X}" for reason, code in REFUSALS.items()}},
)
