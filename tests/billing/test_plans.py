"""The plans as they are sold: prices, discounts and limits."""

from itertools import pairwise

from billing.plans import LONGEST_FILM, PLANS, RATES

PAID = [plan for plan in PLANS.values() if plan.dollars_a_month]


def test_every_price_of_a_credit_lies_between_ten_and_fifty_cents():
    for plan in PAID:
        assert 0.10 <= plan.dollars_a_month / plan.credits_a_month <= 0.50, plan.name
        assert 0.10 <= plan.dollars_a_year / 12 / plan.credits_a_month <= 0.50, plan.name
    assert all(0.10 <= price <= 0.50 for _, *prices in RATES for price in prices)


def test_a_year_in_advance_takes_off_twenty_to_forty_percent():
    for plan in PAID:
        off = round(1 - plan.dollars_a_year / (12 * plan.dollars_a_month), 6)
        assert 0.20 <= off <= 0.40, plan.name
    assert all(0.20 <= round(1 - year / month, 6) <= 0.40 for _, month, year in RATES)


def test_a_larger_plan_is_never_dearer_per_credit():
    monthly = [plan.dollars_a_month / plan.credits_a_month for plan in PAID]
    yearly = [plan.dollars_a_year / plan.credits_a_month for plan in PAID]
    for prices in ([*monthly, *(m for _, m, _ in RATES)], yearly, [y for *_, y in RATES]):
        assert all(later <= before for before, later in pairwise(prices))


def test_a_larger_plan_never_allows_less():
    names = ("longest_film", "most_height", "bulk_rows", "renders_waiting", "credits_a_month")
    for smaller, larger in pairwise(PLANS.values()):
        for name in names:
            assert getattr(smaller, name) <= getattr(larger, name), (name, larger.name)
    assert max(plan.longest_film for plan in PLANS.values()) == LONGEST_FILM
