"""Opportunities, tasks, targets and the leaderboard over HTTP, for those who sell."""

from datetime import date, datetime

from crm_backend.api import Call, Endpoint
from crm_backend.models import Opportunity, SalesTask, utc_now
from crm_backend.schemas.opportunities import (
    LeaderboardOut,
    LeaderboardQuery,
    Leaderboards,
    MonthWorthOut,
    MoveOut,
    NewOpportunity,
    NewTask,
    OpportunityChange,
    OpportunityDetailOut,
    OpportunityOut,
    OpportunityPage,
    OpportunityQuery,
    PipelineOut,
    SellerOut,
    StageWorthOut,
    TargetIn,
    TargetOut,
    TaskChange,
    TaskList,
    TaskOut,
    TaskQuery,
    WorthOut,
)
from crm_backend.services import leaderboard, pipeline, sales_tasks
from crm_backend.services import opportunities as service


def opportunity_out(opportunity: Opportunity) -> OpportunityOut:
    """Show an opportunity that was loaded with its customer and owner."""
    return OpportunityOut.model_validate(_fields(opportunity))


def detail_out(opportunity: Opportunity) -> OpportunityDetailOut:
    """Show an opportunity that was loaded with its moves too."""
    moves = [
        MoveOut(
            stage=move.stage,
            moved_at=move.moved_at,
            by=move.staff.name if move.staff else None,
        )
        for move in opportunity.moves
    ]
    return OpportunityDetailOut.model_validate({**_fields(opportunity), "moves": moves})


def _fields(opportunity: Opportunity) -> dict[str, object]:
    plain = (
        "number",
        "title",
        "stage",
        "value_cents",
        "currency",
        "expected_close_on",
    ) + ("created_at", "updated_at", "closed_at")
    return {name: getattr(opportunity, name) for name in plain} | {
        "customer_number": opportunity.customer.number,
        "customer_name": opportunity.customer.name,
        "p_win": service.p_win_of(opportunity),
        "owner": opportunity.owner.name,
    }


def task_out(task: SalesTask) -> TaskOut:
    """Show a task that was loaded with what it is about."""
    return TaskOut(
        number=task.number,
        title=task.title,
        due_on=task.due_on,
        done_at=task.done_at,
        staff=task.staff.name,
        customer_number=task.customer.number if task.customer else None,
        customer_name=task.customer.name if task.customer else None,
        opportunity_number=task.opportunity.number if task.opportunity else None,
    )


def today_of(call: Call, now: datetime | None = None) -> date:
    """Return the day that it is in the shop."""
    return (now or utc_now()).astimezone(call.config.shop_time_zone).date()


async def list_opportunities(call: Call) -> OpportunityPage:
    """List what one may see."""
    wanted = call.query.stage
    stages = {None: service.STAGES, "open": service.OPEN_STAGES}.get(wanted, (wanted,))
    page = await service.list_opportunities(
        call.session,
        call.principal,
        stages=stages,
        cursor=call.query.cursor,
        limit=call.query.limit,
    )
    return OpportunityPage(
        items=[opportunity_out(row) for row in page.items],
        next_cursor=page.next_cursor,
    )


async def add_opportunity(call: Call) -> OpportunityDetailOut:
    """Add one."""
    return detail_out(
        await service.add_opportunity(
            call.session, call.principal, call.body.model_dump()
        )
    )


async def get_opportunity(call: Call) -> OpportunityDetailOut:
    """Show one."""
    return detail_out(
        await service.get_opportunity(call.session, call.principal, call.path["number"])
    )


async def change_opportunity(call: Call) -> OpportunityDetailOut:
    """Change or move one."""
    return detail_out(
        await service.change_opportunity(
            call.session,
            call.principal,
            call.path["number"],
            call.body.model_dump(exclude_unset=True),
        )
    )


async def get_pipeline(call: Call) -> PipelineOut:
    """Add up what is open."""
    today = today_of(call)
    found = await pipeline.get_pipeline(call.session, call.principal, today)
    return PipelineOut(
        as_of_on=today,
        total=[WorthOut.model_validate(worth) for worth in found.total],
        by_stage=[
            StageWorthOut.model_validate({**vars(worth), "stage": stage})
            for (stage, _), worth in found.by_stage.items()
        ],
        by_month=[
            MonthWorthOut(**vars(worth), month_on=month)
            for (month, _), worth in found.by_month.items()
        ],
        n_without_date=found.n_without_date,
        n_overdue=found.n_overdue,
    )


async def list_tasks(call: Call) -> TaskList:
    """List what is to do."""
    today = today_of(call)
    tasks = await sales_tasks.list_tasks(
        call.session,
        call.principal,
        is_done=call.query.is_done,
        only_own=call.query.only_own,
    )
    return TaskList(
        items=[task_out(task) for task in tasks],
        today=today,
        n_overdue=await sales_tasks.count_overdue(call.session, call.principal, today),
    )


async def add_task(call: Call) -> TaskOut:
    """Add one."""
    return task_out(
        await sales_tasks.add_task(call.session, call.principal, call.body.model_dump())
    )


async def change_task(call: Call) -> TaskOut:
    """Change one, or say that it is done."""
    return task_out(
        await sales_tasks.change_task(
            call.session,
            call.principal,
            call.path["number"],
            call.body.model_dump(exclude_unset=True),
        )
    )


async def set_target(call: Call) -> TargetOut:
    """Set what somebody is to win."""
    target = await leaderboard.set_target(
        call.session,
        call.body.owner,
        call.body.month_on,
        call.body.currency,
        call.body.target_cents,
    )
    return TargetOut.model_validate(target)


async def show_leaderboard(call: Call) -> Leaderboards:
    """Rank those who sell."""
    boards = await leaderboard.rank_sellers(
        call.session, call.config.shop_time_zone, call.query.month
    )
    own_id = call.principal.staff_id
    return Leaderboards(
        items=[
            LeaderboardOut(
                **{
                    name: getattr(board, name)
                    for name in LeaderboardOut.model_fields
                    if name != "sellers"
                },
                sellers=[
                    SellerOut(
                        **{
                            name: getattr(seller, name)
                            for name in SellerOut.model_fields
                            if name != "is_me"
                        },
                        is_me=seller.staff_id == own_id,
                    )
                    for seller in board.sellers
                ],
            )
            for board in boards
        ]
    )


NOT_FOUND = (404, "opportunity_not_found")
NO_CUSTOMER = (404, "customer_not_found")
NO_OWNER = (400, "unknown_owner")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/opportunities",
        list_opportunities,
        "sales",
        "List one's own opportunities, newest first; managers see all",
        OpportunityPage,
        "sales",
        query=OpportunityQuery,
        errors=((400, "invalid_cursor"),),
    ),
    Endpoint(
        "POST",
        "/opportunities",
        add_opportunity,
        "sales",
        "Add an opportunity",
        OpportunityDetailOut,
        "sales",
        status=201,
        body=NewOpportunity,
        errors=(NO_CUSTOMER, NO_OWNER),
    ),
    Endpoint(
        "GET",
        "/opportunities/{number}",
        get_opportunity,
        "sales",
        "Show an opportunity and its way through the stages",
        OpportunityDetailOut,
        "sales",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "PATCH",
        "/opportunities/{number}",
        change_opportunity,
        "sales",
        "Change an opportunity or move it to another stage",
        OpportunityDetailOut,
        "sales",
        body=OpportunityChange,
        errors=(NOT_FOUND, NO_OWNER),
    ),
    Endpoint(
        "GET",
        "/sales/pipeline",
        get_pipeline,
        "sales",
        "Add up open opportunities by stage and by month, weighted and not",
        PipelineOut,
        "sales",
    ),
    Endpoint(
        "GET",
        "/sales/tasks",
        list_tasks,
        "sales",
        "List one's own tasks, the most urgent first; managers see all",
        TaskList,
        "sales",
        query=TaskQuery,
    ),
    Endpoint(
        "POST",
        "/sales/tasks",
        add_task,
        "sales",
        "Add a task for oneself",
        TaskOut,
        "sales",
        status=201,
        body=NewTask,
        errors=(NO_CUSTOMER, NOT_FOUND),
    ),
    Endpoint(
        "PATCH",
        "/sales/tasks/{number}",
        change_task,
        "sales",
        "Change a task, or say that it is done",
        TaskOut,
        "sales",
        body=TaskChange,
        errors=((404, "task_not_found"),),
    ),
    Endpoint(
        "PUT",
        "/sales/targets",
        set_target,
        "manage",
        "Set what a colleague is to win in a month",
        TargetOut,
        "sales",
        body=TargetIn,
        errors=(NO_OWNER,),
    ),
    Endpoint(
        "GET",
        "/sales/leaderboard",
        show_leaderboard,
        "sales",
        "Rank those who sell by what they won in a month, beside their targets",
        Leaderboards,
        "sales",
        query=LeaderboardQuery,
        errors=((400, "period_ahead"),),
    ),
)
