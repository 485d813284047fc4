"""What a configuration costs and is worth: ledger, price book, ROI, break-even, sensitivity and the decision map."""

from eval.economics.account import Account, Books, candidate_of, priced
from eval.economics.break_even import advantage, basis, break_even
from eval.economics.candidate import Candidate, horizon_cost
from eval.economics.cost_over_time import CostCurve, cost_by_month, cost_by_questions
from eval.economics.decision_map import decision_map
from eval.economics.hosting import Api, Hosting, Payers, SelfHosted
from eval.economics.ledger import Entry, capacity_per_month, cost, ledger, machines_at_peak, usd_per_question
from eval.economics.paragraph import finance_paragraph
from eval.economics.per_correct import cost_per_correct
from eval.economics.prices import PriceBook, load_price_book
from eval.economics.reckoning import Reckoning, reckon
from eval.economics.roi import roi, roi_with_reasons
from eval.economics.scenario_file import WhatIf, load_scenario
from eval.economics.sensitivity import sensitivity
from eval.economics.spending import Cadence, Spending, spending
from eval.economics.staleness import mean_share_stale, share_stale, stale_share
from eval.economics.statement import Statement, make_statement
from eval.economics.terms import Economics
from eval.economics.usage import Usage
from eval.economics.worth import Outcomes, worth_per_question

__all__ = [
    "Account",
    "Api",
    "Books",
    "Cadence",
    "Candidate",
    "CostCurve",
    "Economics",
    "Entry",
    "Hosting",
    "Outcomes",
    "Payers",
    "PriceBook",
    "Reckoning",
    "SelfHosted",
    "Spending",
    "Statement",
    "Usage",
    "WhatIf",
    "advantage",
    "basis",
    "break_even",
    "candidate_of",
    "capacity_per_month",
    "cost",
    "cost_by_month",
    "cost_by_questions",
    "cost_per_correct",
    "decision_map",
    "finance_paragraph",
    "horizon_cost",
    "ledger",
    "load_price_book",
    "load_scenario",
    "machines_at_peak",
    "make_statement",
    "mean_share_stale",
    "priced",
    "reckon",
    "roi",
    "roi_with_reasons",
    "sensitivity",
    "share_stale",
    "spending",
    "stale_share",
    "usd_per_question",
    "worth_per_question",
]
