"""Keep which categories customers are likely to buy from next."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "category_predictions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("predictor_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("likeliest", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_category_predictions_customer_id_customers"),
        ),
        sa.ForeignKeyConstraint(
            ["predictor_id"],
            ["predictors.id"],
            name=op.f("fk_category_predictions_predictor_id_predictors"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_predictions")),
    )
    with op.batch_alter_table("category_predictions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_category_predictions_customer_id"),
            ["customer_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_category_predictions_predictor_id"),
            ["predictor_id"],
            unique=False,
        )


def downgrade() -> None:
    op.drop_table("category_predictions")
