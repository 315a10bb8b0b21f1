"""Find customers by parts of their names."""

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LOWER_NAME = "lower(name)"
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßáàâãåæçéèêëíìîïñóòôõøúùûýÿšžčćłőű.-"
REST_OF_NAME = f"ltrim(lower(name), '{LETTERS}')"


def upgrade() -> None:
    op.create_index("ix_customers_lower_name", "customers", [text(LOWER_NAME)])
    op.create_index("ix_customers_rest_of_name", "customers", [text(REST_OF_NAME)])


def downgrade() -> None:
    op.drop_index("ix_customers_rest_of_name", "customers")
    op.drop_index("ix_customers_lower_name", "customers")
