"""The chat protocol of the widget."""

from crm_backend.api import Call, Endpoint
from crm_backend.authentication import identity_required
from crm_backend.models import Message
from crm_backend.principal import check_access
from crm_backend.schemas.chat import (
    ConfirmationIn,
    ConfirmationOut,
    ConversationIn,
    ConversationOpenedOut,
    IdentityIn,
    IdentityOut,
    MessageIn,
    MessageOut,
    MessagesOut,
    MessagesQuery,
    VerificationIn,
    VerificationOut,
)
from crm_backend.services import (
    conversations,
    messages,
    posts,
    shop_tokens,
    verification,
)


async def open_conversation(call: Call) -> ConversationOpenedOut:
    """Open a conversation for a visitor, or for a colleague in the staff channel."""
    body: ConversationIn = call.body
    staff_id = customer_id = None
    if body.channel == "staff":
        check_access(call.actor, "staff")
        staff_id = call.principal.staff_id
    else:
        customer_id = await _signed_customer_id(call, body)
        await call.caller.count("conversations", body.language, customer_id=customer_id)
    conversation, token = conversations.open_conversation(
        call.session,
        language=body.language,
        staff_id=staff_id,
        customer_id=customer_id,
    )
    return ConversationOpenedOut(
        conversation_id=conversation.id,
        token=token,
        last_seq=conversation.last_seq,
        mode="bot",
    )


async def _signed_customer_id(call: Call, body: ConversationIn) -> int | None:
    if body.identity is None:
        if call.config.signed_visitors_only:
            raise identity_required(body.language)
        return None
    identity = shop_tokens.read_token(call.config, body.identity, body.language)
    customer = await shop_tokens.find_or_add_customer(
        call.session, identity, body.language
    )
    return customer.id


async def show_identity(call: Call) -> IdentityOut:
    """Make the conversation the customer's whom the shop's server vouches for."""
    conversation = await conversations.lock(call.session, _own_id(call))
    proof = await shop_tokens.identify(
        call.session, call.config, conversation, call.body.token
    )
    return IdentityOut(name=proof.name)


async def post_message(call: Call) -> MessageOut:
    """Store a message; the bot's answer comes over the socket."""
    body: MessageIn = call.body
    await _count_message(call)
    message: Message
    if body.payload is None:
        message = await posts.post_text(
            call.session,
            call.config,
            call.caller,
            _own_id(call),
            client_message_id=str(body.client_message_id),
            text=body.text or "",
        )
    else:
        message = await posts.post_payload(
            call.session,
            _own_id(call),
            client_message_id=str(body.client_message_id),
            payload=body.payload,
        )
    return MessageOut.model_validate(message)


async def list_messages(call: Call) -> MessagesOut:
    """Read on from a sequence number, where a socket is not possible."""
    state = await conversations.get_state(call.session, _own_id(call))
    items = await messages.list_after(
        call.session, _own_id(call), after=call.query.after, limit=call.query.limit
    )
    return MessagesOut(
        items=[MessageOut.model_validate(message) for message in items],
        last_seq=state.last_seq,
        mode=state.mode,
        level=state.level,
    )


async def send_code(call: Call) -> VerificationOut:
    """Send a one-time code to an address."""
    conversation = await conversations.lock(call.session, _own_id(call))
    seconds = await verification.send_code(
        call.session, call.config, call.caller, conversation, call.body.email
    )
    return VerificationOut(expires_in_seconds=seconds)


async def confirm_code(call: Call) -> ConfirmationOut:
    """Prove with the code that the conversation is this customer's."""
    conversation = await conversations.lock(call.session, _own_id(call))
    proof = await verification.confirm_code(
        call.session, call.config, conversation, call.body.code
    )
    return ConfirmationOut(name=proof.name)


async def _count_message(call: Call) -> None:
    if not call.principal.is_staff:
        await call.caller.count(
            "messages",
            call.principal.language,
            customer_id=call.principal.customer_id,
        )


def _own_id(call: Call) -> str:
    """Return the id of the conversation whose token was sent."""
    return call.principal.own_conversation_id


TOO_MANY = (429, "too_many_attempts")
NO_TOKEN = (403, "chat_token_required")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/chat/conversations",
        open_conversation,
        access="public",
        summary="Open a conversation",
        response=ConversationOpenedOut,
        tag="chat",
        status=201,
        body=ConversationIn,
        errors=(
            (401, "identity_invalid"),
            (401, "identity_required"),
            (403, "forbidden"),
            (429, "too_many_conversations"),
        ),
    ),
    Endpoint(
        "POST",
        "/chat/identity",
        show_identity,
        access="anyone",
        summary="Show whom the shop's server vouches for",
        response=IdentityOut,
        tag="chat",
        body=IdentityIn,
        admits_unsigned=True,
        errors=(
            (401, "identity_invalid"),
            NO_TOKEN,
            (409, "already_verified"),
            (409, "verification_not_needed"),
        ),
    ),
    Endpoint(
        "POST",
        "/chat/messages",
        post_message,
        access="anyone",
        summary="Send a message or press a button",
        response=MessageOut,
        tag="chat",
        status=202,
        body=MessageIn,
        errors=(
            (400, "message_empty"),
            (400, "message_too_long"),
            (400, "payload_not_offered"),
            NO_TOKEN,
            (429, "too_many_messages"),
        ),
    ),
    Endpoint(
        "GET",
        "/chat/messages",
        list_messages,
        access="anyone",
        summary="Read the conversation from a sequence number on",
        response=MessagesOut,
        tag="chat",
        query=MessagesQuery,
        errors=(NO_TOKEN,),
    ),
    Endpoint(
        "POST",
        "/chat/verification",
        send_code,
        access="anyone",
        summary="Send a one-time code to an address",
        response=VerificationOut,
        tag="chat",
        status=202,
        body=VerificationIn,
        errors=(
            (400, "email_invalid"),
            NO_TOKEN,
            (409, "already_verified"),
            (409, "verification_not_needed"),
            TOO_MANY,
            (503, "mail_unavailable"),
        ),
    ),
    Endpoint(
        "POST",
        "/chat/verification/confirm",
        confirm_code,
        access="anyone",
        summary="Prove who is speaking with the code",
        response=ConfirmationOut,
        tag="chat",
        body=ConfirmationIn,
        errors=(
            (400, "code_wrong"),
            NO_TOKEN,
            (409, "already_verified"),
            (410, "code_expired"),
            TOO_MANY,
        ),
    ),
)
