"""Keep opportunities, tasks, targets, campaigns and forecasts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("cost_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("number", name=op.f("uq_campaigns_number")),
    )
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_campaigns_starts_on"), ["starts_on"], unique=False
        )

    op.create_table(
        "sales_forecasts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("n_weeks_known", sa.Integer(), nullable=False),
        sa.Column("card", JSON, nullable=False),
        sa.Column("known", JSON, nullable=False),
        sa.Column("weeks", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_forecasts")),
    )
    with op.batch_alter_table("sales_forecasts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_forecasts_currency"), ["currency"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sales_forecasts_made_at"), ["made_at"], unique=False
        )

    op.create_table(
        "campaign_members",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("group", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_members_campaign_id_campaigns"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_campaign_members_customer_id_customers"),
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "customer_id", name=op.f("pk_campaign_members")
        ),
    )
    with op.batch_alter_table("campaign_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_campaign_members_customer_id"), ["customer_id"], unique=False
        )

    op.create_table(
        "opportunities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("value_cents", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("p_win", sa.Double(), nullable=True),
        sa.Column("expected_close_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "value_cents >= 0", name=op.f("ck_opportunities_value_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_opportunities_customer_id_customers"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["staff.id"], name=op.f("fk_opportunities_owner_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunities")),
        sa.UniqueConstraint("number", name=op.f("uq_opportunities_number")),
    )
    with op.batch_alter_table("opportunities", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_opportunities_closed_at"), ["closed_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_opportunities_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_opportunities_owner_id"), ["owner_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_opportunities_stage"), ["stage"], unique=False
        )

    op.create_table(
        "sales_targets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("target_cents", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_sales_targets_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_targets")),
        sa.UniqueConstraint(
            "staff_id",
            "month_on",
            "currency",
            name=op.f("uq_sales_targets_staff_id_month_on_currency"),
        ),
    )
    with op.batch_alter_table("sales_targets", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_targets_month_on"), ["month_on"], unique=False
        )

    op.create_table(
        "opportunity_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("opportunity_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunities.id"],
            name=op.f("fk_opportunity_moves_opportunity_id_opportunities"),
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_opportunity_moves_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunity_moves")),
    )
    with op.batch_alter_table("opportunity_moves", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_opportunity_moves_opportunity_id"),
            ["opportunity_id"],
            unique=False,
        )

    op.create_table(
        "sales_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("opportunity_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_sales_tasks_customer_id_customers"),
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunities.id"],
            name=op.f("fk_sales_tasks_opportunity_id_opportunities"),
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_sales_tasks_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_tasks")),
        sa.UniqueConstraint("number", name=op.f("uq_sales_tasks_number")),
    )
    with op.batch_alter_table("sales_tasks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_tasks_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sales_tasks_due_on"), ["due_on"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sales_tasks_opportunity_id"),
            ["opportunity_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sales_tasks_staff_id"), ["staff_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("sales_tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_tasks_staff_id"))
        batch_op.drop_index(batch_op.f("ix_sales_tasks_opportunity_id"))
        batch_op.drop_index(batch_op.f("ix_sales_tasks_due_on"))
        batch_op.drop_index(batch_op.f("ix_sales_tasks_customer_id"))

    op.drop_table("sales_tasks")
    with op.batch_alter_table("opportunity_moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_opportunity_moves_opportunity_id"))

    op.drop_table("opportunity_moves")
    with op.batch_alter_table("sales_targets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_targets_month_on"))

    op.drop_table("sales_targets")
    with op.batch_alter_table("opportunities", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_opportunities_stage"))
        batch_op.drop_index(batch_op.f("ix_opportunities_owner_id"))
        batch_op.drop_index(batch_op.f("ix_opportunities_customer_id"))
        batch_op.drop_index(batch_op.f("ix_opportunities_closed_at"))

    op.drop_table("opportunities")
    with op.batch_alter_table("campaign_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_members_customer_id"))

    op.drop_table("campaign_members")
    with op.batch_alter_table("sales_forecasts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sales_forecasts_made_at"))
        batch_op.drop_index(batch_op.f("ix_sales_forecasts_currency"))

    op.drop_table("sales_forecasts")
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaigns_starts_on"))

    op.drop_table("campaigns")
