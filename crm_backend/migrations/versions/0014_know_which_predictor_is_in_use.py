"""Keep which predictor is in use, what it saw last, and who runs a job."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("predictors", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "is_current", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
        batch_op.add_column(
            sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(sa.Column("drift", JSON, nullable=True))
    # So far the one trained last was in use.
    op.execute(
        "UPDATE predictors SET is_current = true "
        "WHERE id IN (SELECT max(id) FROM predictors GROUP BY kind)"
    )
    op.execute("UPDATE predictors SET promoted_at = trained_at")
    with op.batch_alter_table("predictors", schema=None) as batch_op:
        batch_op.alter_column("is_current", server_default=None)

    op.create_table(
        "job_leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=36), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_leases")),
    )


def downgrade() -> None:
    op.drop_table("job_leases")
    with op.batch_alter_table("predictors", schema=None) as batch_op:
        batch_op.drop_column("drift")
        batch_op.drop_column("promoted_at")
        batch_op.drop_column("is_current")
