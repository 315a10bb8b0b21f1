"""The hand-off packet for the colleagues in service."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.packets import PacketOut, packet_out
from crm_backend.services.packets import build_packet


async def get_packet(call: Call) -> PacketOut:
    """Show what is known of a conversation."""
    packet = await build_packet(call.session, call.principal, call.path["id"])
    return packet_out(packet, call.principal.language)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/conversations/{id}/packet",
        get_packet,
        access="service",
        summary="Show what an agent needs to go on with a conversation",
        response=PacketOut,
        tag="conversations",
        errors=((404, "conversation_not_found"),),
    ),
)
