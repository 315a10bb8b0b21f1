"""The addresses of the agents' console."""

from aiohttp import web

from crm_backend.web import (
    canned_pages,
    console,
    console_socket,
    conversation_page,
    desk,
    macro_pages,
    presences,
    replies,
    search,
    sla,
    ticket_state,
    tickets,
)


def setup_console(app: web.Application) -> None:
    """Add the console's pages, forms and socket."""
    router = app.router
    router.add_get("/console", console.show_list)
    router.add_get("/console/socket", console_socket.serve)
    router.add_get("/console/canned", canned_pages.show_list)
    router.add_post("/console/canned", canned_pages.submit)
    router.add_get("/console/macros", macro_pages.show_list)
    router.add_post("/console/macros", macro_pages.submit)
    router.add_post("/console/presence", presences.submit_presence)
    router.add_get("/console/search", search.show_search)
    router.add_get("/console/sla", sla.show_policy)
    router.add_post("/console/sla", sla.submit_policy)
    router.add_get("/console/tickets", tickets.show_list)
    ticket = "/console/tickets/{number}"
    router.add_get(ticket, tickets.show_ticket)
    router.add_get(f"{ticket}/state", ticket_state.show_state)
    router.add_post(f"{ticket}/change", tickets.submit_change)
    router.add_post(f"{ticket}/note", tickets.submit_note)
    router.add_post(f"{ticket}/reply", tickets.submit_reply)
    page = "/console/conversations/{id}"
    router.add_get(page, conversation_page.show_conversation)
    router.add_get(f"{page}/canned", canned_pages.show_choices)
    router.add_post(f"{page}/reply", replies.submit_reply)
    for name, submit in desk.FORMS.items():
        router.add_post(f"{page}/{name}", submit)
