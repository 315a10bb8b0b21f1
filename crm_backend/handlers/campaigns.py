"""Campaigns over HTTP: managers plan them, those who sell see what came of them."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.campaigns import (
    CampaignOut,
    CampaignResultOut,
    CampaignResults,
    DifferenceOut,
    GroupOut,
    MembersIn,
    MembersOut,
    NewCampaign,
)
from crm_backend.services import campaigns as service
from crm_backend.services.campaigns import CampaignResult


def result_out(result: CampaignResult) -> CampaignResultOut:
    """Show what came of a campaign."""
    uplift = result.uplift
    differences = {
        name: None if found is None else DifferenceOut.model_validate(found)
        for name, found in (
            ("buyers", uplift.buyers),
            ("revenue", uplift.revenue),
            ("extra_revenue", uplift.extra_revenue),
        )
    }
    return CampaignResultOut(
        campaign=CampaignOut.model_validate(result.campaign),
        is_over=result.is_over,
        treated=GroupOut.model_validate(uplift.treated),
        control=GroupOut.model_validate(uplift.control),
        n_other_currency=result.n_other_currency,
        **differences,
    )


async def list_results(call: Call) -> CampaignResults:
    """Show all campaigns with what came of them."""
    zone = call.config.shop_time_zone
    return CampaignResults(
        items=[
            result_out(await service.measure_campaign(call.session, zone, campaign))
            for campaign in await service.list_campaigns(call.session)
        ]
    )


async def get_result(call: Call) -> CampaignResultOut:
    """Show what came of one."""
    campaign = await service.get_campaign(call.session, call.path["number"])
    zone = call.config.shop_time_zone
    return result_out(await service.measure_campaign(call.session, zone, campaign))


async def add_campaign(call: Call) -> CampaignOut:
    """Add one."""
    campaign = await service.add_campaign(call.session, call.body.model_dump())
    return CampaignOut.model_validate(campaign)


async def add_members(call: Call) -> MembersOut:
    """Put customers into a group of one."""
    group = call.body.group
    n = await service.add_members(
        call.session, call.path["number"], group, call.body.customers
    )
    return MembersOut(group=group, n=n)


NOT_FOUND = (404, "campaign_not_found")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/campaigns",
        list_results,
        "sales",
        "Show all campaigns and what they changed, the last one first",
        CampaignResults,
        "sales",
    ),
    Endpoint(
        "POST",
        "/campaigns",
        add_campaign,
        "manage",
        "Add a campaign",
        CampaignOut,
        "sales",
        status=201,
        body=NewCampaign,
    ),
    Endpoint(
        "GET",
        "/campaigns/{number}",
        get_result,
        "sales",
        "Show what a campaign changed, treated beside control, with its interval",
        CampaignResultOut,
        "sales",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "POST",
        "/campaigns/{number}/members",
        add_members,
        "manage",
        "Put customers into the treated or the control group of a campaign",
        MembersOut,
        "sales",
        body=MembersIn,
        errors=(
            NOT_FOUND,
            (404, "customer_not_found"),
            (409, "already_in_group"),
        ),
    ),
)
