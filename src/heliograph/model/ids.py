"""The kinds of ids. All are positive integers; what people create stays below 2^31, the rest below 2^53."""

from typing import NewType

OrganisationId = NewType("OrganisationId", int)
UserId = NewType("UserId", int)
TokenId = NewType("TokenId", int)
DeviceId = NewType("DeviceId", int)
SimId = NewType("SimId", int)
PolicyId = NewType("PolicyId", int)
CallbackId = NewType("CallbackId", int)
LinkId = NewType("LinkId", int)
LaneId = NewType("LaneId", int)
MessageId = NewType("MessageId", int)
NotificationId = NewType("NotificationId", int)
ReceiptId = NewType("ReceiptId", int)
NodeId = NewType("NodeId", int)
