"""Credits: grants, movements, and the wallet that locks them. All amounts are whole credit-seconds.

A render's quote is charged when it is requested; when the render ends, each charge is settled once:
`spend` for what was delivered, `give_back` for the rest. The unique (charge, kind) makes a second
settlement impossible, whoever tries. Lock order: Wallet, Grant, Transfer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, F, Q, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone

if TYPE_CHECKING:
    from rendering.models import Render
    from studio.models import User, Workspace

CREDIT = 60
"""Credit-seconds in one credit."""


class NotEnoughCredits(Exception):
    def __init__(self, needed: int, available: int) -> None:
        super().__init__(f"{needed} credit-seconds needed, {available} available")
        self.needed, self.available = needed, available


class Grant(models.Model):
    """Credits that came in, from one named source, once."""

    class Kind(models.TextChoices):
        PLAN = "plan"
        TOP_UP = "top_up"
        PROMO = "promo"
        GOODWILL = "goodwill"

    workspace = models.ForeignKey(
        "studio.Workspace", on_delete=models.PROTECT, related_name="grants"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = models.PositiveIntegerField()
    priority = models.PositiveSmallIntegerField(default=10)
    expires_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class Transfer(models.Model):
    """One movement. `kind` alone fixes from and to, so every row balances."""

    class Kind(models.TextChoices):
        GRANT = "grant"
        CHARGE = "charge"
        SPEND = "spend"
        GIVE_BACK = "give_back"
        EXPIRE = "expire"
        REVOKE = "revoke"
        REFUND = "refund"

    workspace = models.ForeignKey(
        "studio.Workspace", on_delete=models.PROTECT, related_name="transfers"
    )
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="transfers")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = models.PositiveIntegerField()
    render = models.ForeignKey(
        "rendering.Render", on_delete=models.PROTECT, null=True, related_name="transfers"
    )
    charge = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="settling")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["charge", "kind"], name="a_charge_is_settled_once"),
            models.UniqueConstraint(
                fields=["render", "grant"],
                condition=Q(kind="charge"),
                name="one_charge_per_render_and_grant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


BALANCES = ("available", "pending")
"""The sums of a wallet."""
FLOWS: dict[str, tuple[str, str]] = {
    "grant": ("available", ""),
    "charge": ("pending", "available"),
    "spend": ("", "pending"),
    "give_back": ("available", "pending"),
    "expire": ("", "available"),
    "revoke": ("", "available"),
    "refund": ("available", ""),
}
"""For each kind of transfer, the sum of the wallet that it adds to and the one that it is taken from."""


def _added_up(balance: str, transfers: str = "") -> Coalesce:
    """What transfers add up to in one of a wallet's sums; `transfers` is the lookup path to them from the rows queried."""
    kind, amount = f"{transfers}kind__in", F(f"{transfers}amount")
    into = [name for name, (target, _) in FLOWS.items() if target == balance]
    out_of = [name for name, (_, source) in FLOWS.items() if source == balance]
    signed = Case(When(Q((kind, into)), then=amount), When(Q((kind, out_of)), then=-amount))
    return Coalesce(Sum(signed), 0)


class Wallet(models.Model):
    """The lock on a workspace's credits, with the sums cached. Rebuilt from transfers at any time."""

    workspace = models.OneToOneField(
        "studio.Workspace", on_delete=models.PROTECT, primary_key=True, related_name="wallet"
    )
    available = models.IntegerField(default=0)
    pending = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(available__gte=0), name="available_not_negative"),
            models.CheckConstraint(condition=Q(pending__gte=0), name="pending_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.available} available, {self.pending} pending"

    @classmethod
    def locked(cls, workspace: Workspace | str) -> Wallet:
        """The wallet under its lock; call inside a transaction."""
        pk = workspace if isinstance(workspace, str) else workspace.pk
        if wallet := cls.objects.select_for_update().filter(workspace_id=pk).first():
            return wallet
        cls.objects.get_or_create(workspace_id=pk)
        return cls.objects.select_for_update().get(workspace_id=pk)

    def _move(self, kind: str, grant: Grant | int, amount: int, **fields) -> Transfer:
        row = Transfer.objects.create(
            workspace_id=self.workspace_id,
            grant_id=grant if isinstance(grant, int) else grant.pk,
            kind=kind,
            amount=amount,
            **fields,
        )
        into, out_of = FLOWS[kind]
        changes = {}
        if into:
            changes[into] = F(into) + amount
        if out_of:
            changes[out_of] = F(out_of) - amount
        Wallet.objects.filter(pk=self.pk).update(**changes)
        return row

    def _left(self, grant_ids: list[int] | None = None) -> list[tuple[Grant, int]]:
        """Grants with something left, in draw order: priority, then the one that ends first."""
        grants = Grant.objects.filter(workspace_id=self.workspace_id)
        if grant_ids is not None:
            grants = grants.filter(pk__in=grant_ids)
        rows = grants.annotate(left=_added_up("available", "transfers__")).filter(left__gt=0)
        order = rows.order_by("priority", F("expires_at").asc(nulls_last=True), "pk")
        return [(grant, grant.left) for grant in order]

    def _expire(self, now: datetime, grant_ids: list[int] | None = None) -> list[tuple[Grant, int]]:
        """Writes off what has expired; returns what is left, as _left does."""
        found = []
        for grant, left in self._left(grant_ids):
            if grant.expires_at and grant.expires_at <= now:
                self._move("expire", grant, left)
            else:
                found.append((grant, left))
        return found


@transaction.atomic
def give(
    workspace: Workspace,
    amount: int,
    *,
    kind: str,
    source: str,
    expires_at: datetime | None = None,
    priority: int = 10,
) -> Grant:
    """Adds credits from a named source, once: the same source again changes nothing."""
    wallet = Wallet.locked(workspace)
    grant, made = Grant.objects.get_or_create(
        source=source,
        defaults={
            "workspace": workspace,
            "kind": kind,
            "amount": amount,
            "expires_at": expires_at,
            "priority": priority,
        },
    )
    if made:
        wallet._move("grant", grant, amount)
    return grant


def available(workspace: Workspace) -> int:
    """What can be spent now, after writing off what has expired. It locks only to do that, since every page calls it."""
    now = timezone.now()
    wallet = Wallet.objects.filter(pk=workspace.pk).first()
    if wallet is None:
        return 0
    if any(grant.expires_at and grant.expires_at <= now for grant, _ in wallet._left()):
        with transaction.atomic():
            Wallet.locked(workspace)._expire(now)
        wallet.refresh_from_db()
    return wallet.available


@transaction.atomic
def charge(render: Render, amount: int, member: User | None = None) -> None:
    """Takes the quote, from the grants that end first. NotEnoughCredits changes nothing."""
    wallet = Wallet.locked(render.workspace_id)
    left = wallet._expire(timezone.now())
    total = sum(rest for _, rest in left)
    if total < amount:
        raise NotEnoughCredits(amount, total)
    for grant, rest in left:
        if amount <= 0:
            break
        part = min(rest, amount)
        wallet._move("charge", grant, part, render=render, member=member)
        amount -= part


@transaction.atomic
def settle(render: Render, used: int, *, our_fault: bool = False) -> None:
    """Ends every open charge of the render: spends `used` in all, gives the rest back. Safe to repeat.

    What goes back to a grant that has expired meanwhile expires with it; if the render failed through
    our fault, the same amount is granted again as goodwill for 30 days.
    """
    wallet = Wallet.locked(render.workspace_id)
    now = timezone.now()
    lost = 0
    charges = Transfer.objects.filter(render=render, kind="charge").select_related("grant")
    for row in charges.order_by("pk"):
        part = min(used, row.amount)
        used -= part
        if Transfer.objects.filter(charge=row).exists():
            continue
        wallet._move("spend", row.grant, part, render=render, charge=row, member=row.member)
        wallet._move(
            "give_back", row.grant, row.amount - part, render=render, charge=row, member=row.member
        )
        if row.grant.expires_at and row.grant.expires_at <= now and row.amount > part:
            lost += row.amount - part
            wallet._expire(now, [row.grant_id])
    if lost and our_fault:
        give(
            render.workspace,
            lost,
            kind="goodwill",
            source=f"render:{render.pk}",
            expires_at=now + timedelta(days=30),
        )


def cost_of(render: Render) -> dict[str, int]:
    """What the ledger says of a render: charged, refunded and net, in credit-seconds."""
    sums = dict.fromkeys(Transfer.Kind.values, 0)
    rows = Transfer.objects.filter(render=render).order_by().values("kind")
    for row in rows.annotate(total=Sum("amount")):
        sums[row["kind"]] = row["total"]
    refunded = sums["give_back"] + sums["refund"]
    return {
        "charged": sums["charge"],
        "refunded": refunded,
        "net": sums["charge"] - refunded,
    }


@dataclass(frozen=True, slots=True)
class Compared:
    """A workspace's wallet beside what the ledger says: (available, pending) of each."""

    workspace: str
    wallet: tuple[int, int]
    ledger: tuple[int, int]


def compared() -> list[Compared]:
    """Every workspace, read in one statement: a movement meanwhile is in both sums or in neither."""
    workspaces = apps.get_model("studio", "Workspace").objects.order_by("pk")
    wallet = [Coalesce(F(f"wallet__{balance}"), 0) for balance in BALANCES]
    ledger = [_added_up(balance, "transfers__") for balance in BALANCES]
    rows = workspaces.values_list("pk", *wallet, *ledger)
    return [Compared(pk, (a, b), (c, d)) for pk, a, b, c, d in rows]


@transaction.atomic
def rebuild(workspace: Workspace | str) -> tuple[int, int]:
    """(available, pending) summed from the transfers alone; writes them to the wallet."""
    wallet = Wallet.locked(workspace)
    transfers = Transfer.objects.filter(workspace_id=wallet.pk)
    sums = transfers.aggregate(**{balance: _added_up(balance) for balance in BALANCES})
    Wallet.objects.filter(pk=wallet.pk).update(**sums)
    return sums["available"], sums["pending"]
