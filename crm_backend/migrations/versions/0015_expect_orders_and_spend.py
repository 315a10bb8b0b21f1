"""Keep how many orders and how much spend is expected of customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "order_predictions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("predictor_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected_orders", sa.Double(), nullable=False),
        sa.Column("orders_low", sa.Double(), nullable=False),
        sa.Column("orders_high", sa.Double(), nullable=False),
        sa.Column("order_cents", sa.BigInteger(), nullable=False),
        sa.Column("expected_spend_cents", sa.BigInteger(), nullable=False),
        sa.Column("spend_low_cents", sa.BigInteger(), nullable=False),
        sa.Column("spend_high_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_order_predictions_customer_id_customers"),
        ),
        sa.ForeignKeyConstraint(
            ["predictor_id"],
            ["predictors.id"],
            name=op.f("fk_order_predictions_predictor_id_predictors"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_predictions")),
    )
    with op.batch_alter_table("order_predictions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_order_predictions_customer_id", ["customer_id"], unique=False
        )
        batch_op.create_index(
            "ix_order_predictions_predictor_id_expected_spend_cents",
            ["predictor_id", "expected_spend_cents"],
            unique=False,
        )


def downgrade() -> None:
    op.drop_table("order_predictions")
