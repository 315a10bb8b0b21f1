"""All tables. "Model" in this package means a table and nothing else."""

from crm_backend.models.attachments import Attachment
from crm_backend.models.base import Base, UtcDateTime, new_number, utc_now
from crm_backend.models.campaigns import Campaign, CampaignMember
from crm_backend.models.canned_replies import CannedReply
from crm_backend.models.conversations import (
    Conversation,
    Handoff,
    Message,
    OutboxMail,
    Turn,
    Verification,
)
from crm_backend.models.customers import Customer
from crm_backend.models.desk import ConversationEvent, ConversationView
from crm_backend.models.forecasts import SalesForecast
from crm_backend.models.gaps import ArticleDraft, QuestionGap, UnansweredQuestion
from crm_backend.models.gateways import Gateway
from crm_backend.models.insights import (
    CategoryPrediction,
    CustomerPrediction,
    OrderPrediction,
    Predictor,
    PurchasePrediction,
)
from crm_backend.models.job_leases import JobLease
from crm_backend.models.macros import Macro
from crm_backend.models.notes import ConversationNote, NoteMention
from crm_backend.models.opportunities import (
    Opportunity,
    OpportunityMove,
    SalesTarget,
    SalesTask,
)
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
from crm_backend.models.presences import StaffPresence
from crm_backend.models.products import Product
from crm_backend.models.requests import IdempotentRequest
from crm_backend.models.results import Matter
from crm_backend.models.retrainings import RetrainingRequest
from crm_backend.models.search import MESSAGE_WORDS, TICKET_WORDS, SearchProgress
from crm_backend.models.search_upkeep import add_entries, message_entry, ticket_entry
from crm_backend.models.segments import (
    Analysis,
    DemandForecast,
    ProductRule,
    Recommendation,
    Segment,
    SegmentMember,
)
from crm_backend.models.sla import SlaClock, SlaPolicy
from crm_backend.models.staff import Staff, StaffSession
from crm_backend.models.tags import ConversationTag, Tag
from crm_backend.models.tickets import Ticket, TicketEvent
from crm_backend.models.understanding import (
    LearningRun,
    MisunderstoodMessage,
    NluReview,
)
from crm_backend.models.visits import Visit

__all__ = [
    "Analysis",
    "ArticleDraft",
    "Attachment",
    "Base",
    "Campaign",
    "CampaignMember",
    "CannedReply",
    "CategoryPrediction",
    "Conversation",
    "ConversationEvent",
    "ConversationNote",
    "ConversationTag",
    "ConversationView",
    "Customer",
    "CustomerPrediction",
    "DemandForecast",
    "Gateway",
    "Handoff",
    "IdempotentRequest",
    "Invoice",
    "JobLease",
    "LearningRun",
    "MESSAGE_WORDS",
    "Macro",
    "Matter",
    "Message",
    "MisunderstoodMessage",
    "NluReview",
    "NoteMention",
    "Opportunity",
    "OpportunityMove",
    "Order",
    "OrderLine",
    "OrderPrediction",
    "OutboxMail",
    "Payment",
    "Predictor",
    "Product",
    "ProductRule",
    "PurchasePrediction",
    "QuestionGap",
    "Recommendation",
    "Refund",
    "RetrainingRequest",
    "Return",
    "SalesForecast",
    "SalesTarget",
    "SalesTask",
    "SearchProgress",
    "Segment",
    "SegmentMember",
    "Shipment",
    "SlaClock",
    "SlaPolicy",
    "Staff",
    "StaffPresence",
    "StaffSession",
    "TICKET_WORDS",
    "Tag",
    "Ticket",
    "TicketEvent",
    "TrackingEvent",
    "Turn",
    "UnansweredQuestion",
    "UtcDateTime",
    "Verification",
    "Visit",
    "add_entries",
    "message_entry",
    "new_number",
    "ticket_entry",
    "utc_now",
]
