"""SMS as the GSM family writes it: alphabets, data coding, user data headers, addresses, times, TPDUs, segments.

3GPP TS 23.038 and 3GPP TS 23.040, octets in and values out. Pure: no I/O, no clock. It knows no SMPP session, no AT command and no
message of ours. Errors are of errors.py, all of them ValueErrors.
"""
