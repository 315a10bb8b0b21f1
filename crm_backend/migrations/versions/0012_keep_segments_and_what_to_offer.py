"""Keep segments and what to offer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "analyses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("card", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
        sa.UniqueConstraint("kind", name=op.f("uq_analyses_kind")),
    )
    op.create_table(
        "segments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("traits", JSON, nullable=False),
        sa.Column("n_customers", sa.Integer(), nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("needs", JSON, nullable=False),
        sa.Column("keywords", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
    )
    with op.batch_alter_table("segments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_segments_kind"), ["kind"], unique=False)

    op.create_table(
        "demand_forecasts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("category", sa.String(length=100), nullable=True),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_demand_forecasts_product_id_products"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand_forecasts")),
    )
    with op.batch_alter_table("demand_forecasts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_demand_forecasts_level"), ["level"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_demand_forecasts_product_id"), ["product_id"], unique=False
        )

    op.create_table(
        "product_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("with_product_id", sa.Integer(), nullable=False),
        sa.Column("n_orders", sa.Integer(), nullable=False),
        sa.Column("support", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("lift", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_product_rules_product_id_products"),
        ),
        sa.ForeignKeyConstraint(
            ["with_product_id"],
            ["products.id"],
            name=op.f("fk_product_rules_with_product_id_products"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_rules")),
    )
    with op.batch_alter_table("product_rules", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_product_rules_product_id"), ["product_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_product_rules_with_product_id"),
            ["with_product_id"],
            unique=False,
        )

    op.create_table(
        "recommendations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("list", sa.String(length=5), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("because_product_id", sa.Integer(), nullable=True),
        sa.Column("n_orders", sa.Integer(), nullable=False),
        sa.Column("days_since_bought", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["because_product_id"],
            ["products.id"],
            name=op.f("fk_recommendations_because_product_id_products"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_recommendations_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_recommendations_product_id_products"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recommendations")),
    )
    with op.batch_alter_table("recommendations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_recommendations_customer_id_list_rank",
            ["customer_id", "list", "rank"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_recommendations_product_id"), ["product_id"], unique=False
        )

    op.create_table(
        "segment_members",
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_segment_members_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"],
            ["segments.id"],
            name=op.f("fk_segment_members_segment_id_segments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "segment_id", "customer_id", name=op.f("pk_segment_members")
        ),
    )
    with op.batch_alter_table("segment_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_segment_members_customer_id"), ["customer_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("segment_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_segment_members_customer_id"))

    op.drop_table("segment_members")
    with op.batch_alter_table("recommendations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recommendations_product_id"))
        batch_op.drop_index("ix_recommendations_customer_id_list_rank")

    op.drop_table("recommendations")
    with op.batch_alter_table("product_rules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_rules_with_product_id"))
        batch_op.drop_index(batch_op.f("ix_product_rules_product_id"))

    op.drop_table("product_rules")
    with op.batch_alter_table("demand_forecasts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_demand_forecasts_product_id"))
        batch_op.drop_index(batch_op.f("ix_demand_forecasts_level"))

    op.drop_table("demand_forecasts")
    with op.batch_alter_table("segments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_segments_kind"))

    op.drop_table("segments")
    op.drop_table("analyses")
