"""Who is acting, and what that allows."""

from dataclasses import dataclass
from typing import Literal

from crm_backend.errors import Forbidden, Unauthenticated

Language = Literal["en", "zh"]
Level = Literal["anonymous", "verified", "staff"]
Role = Literal["agent", "rep", "manager", "admin"]
# public: nobody needs to be known. anyone: a visitor of a chat, or more. verified: a
# customer who proved who they are, or staff. The rest are groups of staff roles.
Access = Literal["public", "anyone", "verified", "staff", "service", "sales", "manage"]

ROLES_WITH: dict[Access, frozenset[str]] = {
    "staff": frozenset({"agent", "rep", "manager", "admin"}),
    "service": frozenset({"agent", "manager", "admin"}),
    "sales": frozenset({"rep", "manager", "admin"}),
    "manage": frozenset({"manager", "admin"}),
}


@dataclass(frozen=True)
class Principal:
    """The person a request acts for, as the CRM itself knows them."""

    subject: str
    level: Level
    language: Language = "en"
    role: Role | None = None
    customer_id: int | None = None
    staff_id: int | None = None
    conversation_id: str | None = None
    turn_id: str | None = None

    @classmethod
    def of_system(
        cls, language: Language, *, customer_id: int | None, conversation_id: str
    ) -> "Principal":
        """Make the one by whom the CRM itself acts in a conversation."""
        return cls(
            subject="system",
            level="anonymous",
            language=language,
            customer_id=customer_id,
            conversation_id=conversation_id,
        )

    @property
    def own_conversation_id(self) -> str:
        """The conversation whose token was sent.

        Raises:
            Forbidden: `chat_token_required`; it is somebody else's credential.
        """
        if self.conversation_id is None:
            raise Forbidden("chat_token_required", "Send the token of a conversation.")
        return self.conversation_id

    @property
    def is_staff(self) -> bool:
        """Whether this is a colleague."""
        return self.level == "staff"


def check_access(principal: Principal | None, access: Access) -> None:
    """Let the request pass or say what it lacks.

    Raises:
        Unauthenticated: nobody is known and the endpoint is not public.
        Forbidden: `verification_required` for a visitor who has to prove who they
            are first, `forbidden` for a colleague or customer without the right.
    """
    if access == "public":
        return
    if principal is None:
        raise Unauthenticated("unauthenticated", "Sign in or send a valid token.")
    if access == "anyone":
        return
    if access == "verified":
        if principal.level == "anonymous":
            raise Forbidden(
                "verification_required", "Prove who you are to see your own data."
            )
        return
    if not principal.is_staff or principal.role not in ROLES_WITH[access]:
        raise Forbidden("forbidden", "This is for colleagues with the right role.")


def check_can_change(principal: Principal) -> None:
    """Let customers change what is theirs, and colleagues who serve customers.

    Raises:
        Forbidden: a colleague who may only look.
    """
    if principal.is_staff and principal.role not in ROLES_WITH["service"]:
        raise Forbidden("forbidden", "This is for colleagues with the right role.")
