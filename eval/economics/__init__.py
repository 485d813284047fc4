"""What a configuration costs and is worth: ledger, price book, ROI, break-even and sensitivity."""

from eval.economics.break_even import advantage, basis, break_even
from eval.economics.candidate import Candidate, horizon_cost
from eval.economics.cost_over_time import CostCurve, cost_by_month, cost_by_questions
from eval.economics.hosting import Api, Hosting, Payers, SelfHosted
from eval.economics.ledger import Entry, capacity_per_month, cost, ledger, usd_per_question
from eval.economics.paragraph import finance_paragraph
from eval.economics.per_correct import cost_per_correct
from eval.economics.prices import PriceBook, load_price_book
from eval.economics.roi import roi, roi_with_reasons
from eval.economics.sensitivity import Swing, sensitivity
from eval.economics.spending import Cadence, Spending, spending
from eval.economics.usage import Usage
from eval.economics.worth import Outcomes, worth_per_question

__all__ = [
    "Api",
    "Cadence",
    "Candidate",
    "CostCurve",
    "Entry",
    "Hosting",
    "Outcomes",
    "Payers",
    "PriceBook",
    "SelfHosted",
    "Spending",
    "Swing",
    "Usage",
    "advantage",
    "basis",
    "break_even",
    "capacity_per_month",
    "cost",
    "cost_by_month",
    "cost_by_questions",
    "cost_per_correct",
    "finance_paragraph",
    "horizon_cost",
    "ledger",
    "load_price_book",
    "roi",
    "roi_with_reasons",
    "sensitivity",
    "spending",
    "usd_per_question",
    "worth_per_question",
]
