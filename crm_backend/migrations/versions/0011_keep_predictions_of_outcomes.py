"""Keep what is predicted of customers besides purchases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "customer_predictions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("predictor_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("p", sa.Double(), nullable=False),
        sa.Column("p_low", sa.Double(), nullable=False),
        sa.Column("p_high", sa.Double(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("alike", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_predictions_customer_id_customers"),
        ),
        sa.ForeignKeyConstraint(
            ["predictor_id"],
            ["predictors.id"],
            name=op.f("fk_customer_predictions_predictor_id_predictors"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_predictions")),
    )
    with op.batch_alter_table("customer_predictions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_customer_predictions_customer_id_kind",
            ["customer_id", "kind"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_customer_predictions_p"), ["p"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_customer_predictions_predictor_id"),
            ["predictor_id"],
            unique=False,
        )


def downgrade() -> None:
    op.drop_table("customer_predictions")
