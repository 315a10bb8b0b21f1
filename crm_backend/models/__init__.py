"""All tables. "Model" in this package means a table and nothing else."""

from crm_backend.models.attachments import Attachment
from crm_backend.models.base import Base, UtcDateTime, new_number, utc_now
from crm_backend.models.conversations import (
    Conversation,
    Handoff,
    Message,
    OutboxMail,
    Turn,
    Verification,
)
from crm_backend.models.customers import Customer
from crm_backend.models.gateways import Gateway
from crm_backend.models.insights import Predictor, PurchasePrediction
from crm_backend.models.orders import (
    Invoice,
    Order,
    OrderLine,
    Payment,
    Refund,
    Return,
    Shipment,
    TrackingEvent,
)
from crm_backend.models.products import Product
from crm_backend.models.requests import IdempotentRequest
from crm_backend.models.segments import (
    Analysis,
    DemandForecast,
    ProductRule,
    Recommendation,
    Segment,
    SegmentMember,
)
from crm_backend.models.staff import Staff, StaffSession
from crm_backend.models.tickets import Ticket, TicketEvent
from crm_backend.models.visits import Visit

__all__ = [
    "Analysis",
    "Attachment",
    "Base",
    "Conversation",
    "Customer",
    "DemandForecast",
    "Gateway",
    "Handoff",
    "IdempotentRequest",
    "Invoice",
    "Message",
    "Order",
    "OrderLine",
    "OutboxMail",
    "Payment",
    "Predictor",
    "Product",
    "ProductRule",
    "PurchasePrediction",
    "Recommendation",
    "Refund",
    "Return",
    "Segment",
    "SegmentMember",
    "Shipment",
    "Staff",
    "StaffSession",
    "Ticket",
    "TicketEvent",
    "TrackingEvent",
    "Turn",
    "UtcDateTime",
    "Verification",
    "Visit",
    "new_number",
    "utc_now",
]
