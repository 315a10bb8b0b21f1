"""What a visitor decides about a conversation: its end, its language, a copy of it."""

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.api import Call, Content, Endpoint
from crm_backend.config import Config
from crm_backend.handlers.attachments import download_as
from crm_backend.models import Conversation
from crm_backend.schemas.chat_controls import (
    EndedOut,
    LanguageIn,
    LanguageOut,
    TranscriptQuery,
)
from crm_backend.schemas.ratings import RatingStateOut
from crm_backend.services import conversations
from crm_backend.services.transcripts import write_transcript


async def end_conversation(call: Call) -> EndedOut:
    """Close the conversation; the next message opens it again."""
    conversation = await conversations.end(
        call.session, call.principal.own_conversation_id
    )
    return EndedOut(
        mode="closed",
        last_seq=conversation.last_seq,
        rating=RatingStateOut(
            asked=conversation.rating_asked_at is not None,
            score=conversation.rating_score,
        ),
    )


async def choose_language(call: Call) -> LanguageOut:
    """Answer in this language from now on."""
    body: LanguageIn = call.body
    await conversations.choose_language(
        call.session, call.principal.own_conversation_id, body.language
    )
    return LanguageOut(language=body.language)


async def download_transcript(call: Call) -> web.Response:
    """Send the visitor what was said."""
    conversation = await call.session.get_one(
        Conversation, call.principal.own_conversation_id
    )
    return await _transcript(call.session, call.config, conversation)


async def download_reviewed_transcript(call: Call) -> web.Response:
    """Send a colleague what was said, as the customer saw it, or with the notes."""
    conversation = await conversations.get_visible(
        call.session, call.principal, call.path["id"]
    )
    return await _transcript(
        call.session, call.config, conversation, with_notes=call.query.notes
    )


async def _transcript(
    session: AsyncSession,
    config: Config,
    conversation: Conversation,
    *,
    with_notes: bool = False,
) -> web.Response:
    transcript = await write_transcript(
        session, conversation, config.shop_time_zone, with_notes=with_notes
    )
    return web.Response(
        text=transcript.text,
        content_type=TEXT.media_type,
        charset="utf-8",
        headers={"Content-Disposition": download_as(transcript.name)},
    )


NO_TOKEN = (403, "chat_token_required")
TEXT = Content("text/plain")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/chat/end",
        end_conversation,
        access="anyone",
        summary="End the conversation",
        response=EndedOut,
        tag="chat",
        errors=(NO_TOKEN,),
    ),
    Endpoint(
        "POST",
        "/chat/language",
        choose_language,
        access="anyone",
        summary="Choose the language to be answered in",
        response=LanguageOut,
        tag="chat",
        body=LanguageIn,
        errors=(NO_TOKEN,),
    ),
    Endpoint(
        "GET",
        "/chat/transcript",
        download_transcript,
        access="anyone",
        summary="Download what was said",
        response=TEXT,
        tag="chat",
        errors=(NO_TOKEN,),
    ),
    Endpoint(
        "GET",
        "/conversations/{id}/transcript",
        download_reviewed_transcript,
        access="service",
        summary="Download what was said, as the customer saw it or with the notes",
        response=TEXT,
        tag="conversations",
        query=TranscriptQuery,
        errors=((404, "conversation_not_found"),),
    ),
)
