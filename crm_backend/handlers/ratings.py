"""Rating a conversation that ended, and what the ratings tell."""

from crm_backend.api import Call, Endpoint
from crm_backend.models import utc_now
from crm_backend.schemas.ratings import RatingIn, RatingOut, RatingSummaryOut
from crm_backend.services import ratings


async def rate_conversation(call: Call) -> RatingOut:
    """Store how it went; the same call again changes it for a day."""
    body: RatingIn = call.body
    conversation = await ratings.rate(
        call.session,
        call.principal.own_conversation_id,
        score=body.score,
        comment=body.comment,
    )
    return RatingOut(score=body.score, comment=conversation.rating_comment)


async def summarise_ratings(call: Call) -> RatingSummaryOut:
    """Count the answers of the last days."""
    summary = await ratings.summarise(call.session, utc_now())
    return RatingSummaryOut.model_validate(summary)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/chat/rating",
        rate_conversation,
        access="anyone",
        summary="Rate the conversation after its end",
        response=RatingOut,
        tag="chat",
        body=RatingIn,
        errors=(
            (403, "chat_token_required"),
            (409, "rating_not_asked"),
            (409, "rating_final"),
        ),
    ),
    Endpoint(
        "GET",
        "/conversations/ratings",
        summarise_ratings,
        access="manage",
        summary="Summarise the ratings of the last 30 days",
        response=RatingSummaryOut,
        tag="conversations",
    ),
)
