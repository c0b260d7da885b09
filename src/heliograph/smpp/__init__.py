"""SMPP 3.3, 3.4 and 5.0: PDUs, TLVs, times, receipts, long messages, and PDUs for the eye.

Octets in, values out. Pure: no I/O, no clock. It knows no link, no account and no message of ours. All errors are of errors.py.
`session` is either end of a connection: octets and the time in, octets and events out.
`field` says how a kind of field is read and written, `pdu` lists the fields of every PDU, `codec` makes octets of them and back.
"""
