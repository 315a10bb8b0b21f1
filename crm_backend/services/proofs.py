"""What a proof does: the conversation becomes the customer's and goes on."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.errors import Conflict
from crm_backend.models import Conversation, Customer, Ticket
from crm_backend.services import messages, turn_queue


@dataclass(frozen=True)
class Proof:
    """A successful proof."""

    name: str


def refuse_others(conversation: Conversation, customer: Customer | None) -> None:
    """Keep a conversation with the person it belongs to.

    Args:
        conversation: locked by the transaction.
        customer: who wants it; None is somebody the shop does not know.

    Raises:
        Conflict: it is a colleague's, or another customer's.
    """
    language = conversation.language
    if conversation.staff_id is not None:
        raise Conflict(
            "verification_not_needed", say("verification_not_needed", language)
        )
    owner = conversation.customer_id
    if owner is not None and (customer is None or customer.id != owner):
        raise Conflict("already_verified", say("already_verified", language))


async def give_to(
    session: AsyncSession, conversation: Conversation, customer: Customer
) -> Proof:
    """Make an anonymous conversation, with all that is in it, the customer's.

    The bot is asked again what it could not answer before. The transaction holds the
    conversation's lock.
    """
    proof = proof_of(customer)
    conversation.customer_id = customer.id
    await session.execute(
        update(Ticket)
        .where(Ticket.conversation_id == conversation.id, Ticket.customer_id.is_(None))
        .values(customer_id=customer.id)
    )
    block = await messages.find_verify_block(session, conversation.id)
    resume = (block or {}).get("resume")
    can_resume = isinstance(resume, str) and resume and conversation.mode == "bot"
    message = messages.append(
        session,
        conversation,
        sender="system",
        text=say("verified_as", conversation.language, name=proof.name),
        payload=resume if can_resume else None,
    )
    if can_resume:
        turn_queue.queue(session, conversation, message)
    return proof


def proof_of(customer: Customer) -> Proof:
    """Name the customer: "Alice C." for Alice Cooper, one word as it is."""
    first, _, rest = customer.name.strip().partition(" ")
    return Proof(f"{first} {rest.split()[-1][0]}." if rest.split() else first)
