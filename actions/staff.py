"""What staff ask about their own work."""

from __future__ import annotations

from actions.base import CrmAction, Events
from actions.call import Call, command
from actions.crm_errors import CrmForbidden
from actions.formatting import format_day, format_list
from actions.sales_records import SalesTask

MAX_TICKETS_SHOWN = 5
MAX_TASKS_SHOWN = 5
MAX_SUBJECT_CHARACTERS = 40


class ActionMyTasks(CrmAction):
    """Says what a rep has to do, and what waits for the team."""

    forbidden_response = "utter_staff_only"

    def name(self) -> str:
        """See parent class."""
        return "action_my_tasks"

    async def handle(self, call: Call) -> Events:
        """List own tasks, the newest open tickets, and how many customers wait."""
        if call.level != "staff":
            call.say(self.forbidden_response)
            return []
        has_own = await self._tell_own(call)
        tickets = await call.crm.list_open_tickets(MAX_TICKETS_SHOWN)
        try:
            n_waiting = await call.crm.count_waiting_conversations()
        except CrmForbidden:
            # Reps sell; who waits is for those who answer.
            n_waiting = None
        if not tickets and not n_waiting:
            if not has_own:
                call.say("utter_no_tasks")
            return []
        buttons = [
            {
                "title": f"{ticket.number} · {ticket.subject[:MAX_SUBJECT_CHARACTERS]}",
                "payload": command("ticket_status", ticket_number=ticket.number),
            }
            for ticket in tickets
        ]
        if n_waiting is None:
            call.say("utter_tickets_of_team", buttons=buttons)
        else:
            call.say("utter_tasks", n_waiting=n_waiting, buttons=buttons)
        return []

    async def _tell_own(self, call: Call) -> bool:
        """Say what a colleague who sells has to do; False if that is nothing."""
        try:
            tasks = await call.crm.list_sales_tasks()
        except CrmForbidden:
            # Agents answer; sales tasks are for those who sell.
            return False
        if not tasks.items:
            return False
        call.say(
            "utter_own_tasks",
            n_tasks=len(tasks.items),
            n_overdue=tasks.n_overdue,
            lines=format_list(
                tuple(_line(call, task) for task in tasks.items[:MAX_TASKS_SHOWN])
            ),
        )
        call.show({"type": "chart", "of": "tasks", "query": ""})
        return True


def _line(call: Call, task: SalesTask) -> str:
    due = format_day(task.due_on, call.language) if task.due_on else None
    return " · ".join(part for part in (due, task.title, task.customer_name) if part)
