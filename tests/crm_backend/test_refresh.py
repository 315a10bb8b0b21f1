from datetime import timedelta

from sqlalchemy import update

from crm_backend.jobs.refresh import refresh_analyses
from crm_backend.models import Analysis, utc_now


async def test_shop_with_little_data_says_what_it_takes(shop, tmp_path):
    said = []
    assert await refresh_analyses(shop.sessions, tmp_path, report=said.append) == []
    text = " ".join(said)
    for needed in ("segments needs 1 orders", "recommendation needs 1", "16 weeks"):
        assert needed in text


async def test_fresh_analyses_are_left_alone_and_old_ones_made_anew(shop, tmp_path):
    for kind in ("segments", "recommendations", "demand"):
        await shop.save(Analysis(kind=kind, as_of=shop.now, card={}))
    assert await refresh_analyses(shop.sessions, tmp_path, report=[].append) == []
    async with shop.sessions.begin() as session:
        await session.execute(
            update(Analysis)
            .where(Analysis.kind == "recommendations")
            .values(made_at=utc_now() - timedelta(days=2))
        )
    await shop.add_order(shop.alice)
    said = []
    done = await refresh_analyses(shop.sessions, tmp_path, report=said.append)
    assert done == ["recommendations"]
    card = (await shop.load(Analysis, kind="recommendations")).card
    assert card["all"]["method"] == "most_popular"
