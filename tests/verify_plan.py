#!/usr/bin/env python3
"""Verifies the certificate of a run of the solver, after services/matching/README.md ("The certificate") and with none of
the project's own code: what an auditor would write. It solves nothing.

Usage: tests/verify_plan.py FILE    What `critac run certificate RUN --output json` prints; `-`: on standard input.
Exit status 0: the plan keeps every limit, and is the best there is or within so much of it. 1: something is wrong, and
what. 2: nothing was verified.
"""
import collections
import json
import sys

# Past so many assignments a partner's next one always costs the same.
MOST_PRICED = 1_000_000


class Wrong(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Wrong(what)


def number(message, field):
    return int(message.get(field, 0))


def by_period(message, field, value):
    found = {}
    for one in message.get(field, []):
        check(one["period"] not in found, f"{message['name']} has {field} of {one['period']} twice")
        found[one["period"]] = number(one, value)
    return found


class Owner:
    """An expert's or a partner's limits and prices."""

    def __init__(self, message):
        self.name = message["name"]
        self.in_hand = number(message, "inHandCount")
        self.per_period = number(message, "capacityPerPeriod")
        self.used = by_period(message, "used", "count")
        self.prices = by_period(message, "periodPrices", "price")
        for period, price in self.prices.items():
            check(price >= 0, f"{self.name} has a price below 0 in {period}")

    def room_in(self, period):
        return max(0, self.per_period - self.used.get(period, 0))

    def price_in(self, period):
        return self.prices.get(period, 0)


class Expert(Owner):
    def __init__(self, message, partners):
        super().__init__(message)
        self.person = number(message, "person")
        self.partner = partners.get(message.get("partner"))
        self.room_open = max(0, number(message, "capacityOpen") - self.in_hand)
        self.open_price = number(message, "openPrice")
        check(self.open_price >= 0, f"{self.name} has a price below 0")


class Partner(Owner):
    def __init__(self, message, fairness_price, share_price):
        super().__init__(message)
        self.fairness_price, self.share_price = fairness_price, share_price
        self.minimum = number(message, "minimumCount")
        self.maximum = int(message["maximumCount"]) if "maximumCount" in message else None
        self.price = number(message, "price")

    def has_limit(self):
        return self.per_period != 0

    def next_price(self, count):
        """Price of the assignment after `count` of the plan."""
        below = self.share_price if count < self.minimum else 0
        return self.fairness_price * min(self.in_hand + count, MOST_PRICED) - below

    def least(self):
        """The least of what any number of assignments costs, less what they are paid."""
        least, count = 0, 0
        while (self.maximum is None or count < self.maximum) and self.next_price(count) < self.price:
            check(count <= MOST_PRICED + self.minimum, f"the price of {self.name} bounds nothing")
            least += self.next_price(count) - self.price
            count += 1
        return least


class Pair:
    def __init__(self, message, slots, experts):
        slot, expert = number(message, "slot"), number(message, "expert")
        check(0 <= slot < len(slots) and 0 <= expert < len(experts), "a pair is of no slot or expert")
        self.slot, self.expert = slots[slot], experts[expert]
        self.name = f"{self.slot['request']} {self.slot['slot']} with {self.expert.name}"
        self.periods = message.get("periods", [])
        self.base, self.bonus = number(message, "cost"), number(message, "bonus")
        self.bonus_period = message.get("bonusPeriod", "")
        check(self.periods, f"{self.name} can start in no period")
        check(self.expert.partner is not None, f"{self.name}: the partner is not there")

    def cost(self, period):
        return self.base - (self.bonus if self.bonus_period in ("", period) else 0)

    def reduced_cost(self, period, program_price):
        """What the pair costs at the prices, less what its slot pays."""
        expert, partner = self.expert, self.expert.partner
        room = expert.price_in(period) + expert.open_price + partner.price_in(period) + partner.price + program_price
        return self.cost(period) + room - number(self.slot, "price")


class Certificate:
    def __init__(self, message):
        self.message = message
        self.slots = message.get("slots", [])
        prices = number(message, "fairnessPrice"), number(message, "minimumSharePrice")
        # Else a partner's assignments become cheaper, and where the least of them is sought would end too early.
        check(min(prices) >= 0, "a price of the policy is below 0")
        self.partners = {one["name"]: Partner(one, *prices) for one in message.get("partners", [])}
        check(len(self.partners) == len(message.get("partners", [])), "a partner is there twice")
        self.experts = [Expert(one, self.partners) for one in message.get("experts", [])]
        check(len({one.name for one in self.experts}) == len(self.experts), "an expert is there twice")
        self.pairs = {}
        for one in message.get("pairs", []):
            pair = Pair(one, self.slots, self.experts)
            check(self.pairs.setdefault((number(one, "slot"), number(one, "expert")), pair) is pair,
                  f"{pair.name} is there twice")
        self.program_price = number(message, "programPrice")
        self.program_room = int(message["programRoom"]) if "programRoom" in message else None
        check(self.program_price >= 0, "the program has a price below 0")
        check(self.program_price == 0 or self.program_room is not None, "the program has a price and no limit")
        check(len(self.pairs) == number(message, "pairCount"), "it counts the eligible pairs wrongly")
        self.units = message.get("units", [])

    def check_limits(self):
        of_slot, of_person, of_expert, of_partner = (collections.Counter() for _ in range(4))
        in_period = collections.Counter()
        for unit in self.units:
            key, period = (number(unit, "slot"), number(unit, "expert")), unit.get("period", "")
            check(key in self.pairs, f"the plan has a pair that is not eligible: slot {key[0]}, expert {key[1]}")
            pair = self.pairs[key]
            expert, partner = pair.expert, pair.expert.partner
            check(period in pair.periods, f"{pair.name} cannot start in {period}")
            of_slot[key[0]] += 1
            of_person[key[0], expert.person] += 1
            of_expert[expert.name] += 1
            of_partner[partner.name] += 1
            in_period[expert.name, period] += 1
            in_period[partner.name, period] += 1
            check(of_person[key[0], expert.person] == 1, f"{pair.name} is one person twice")
            check(of_expert[expert.name] <= expert.room_open, f"{expert.name} has too many open at once")
            check(in_period[expert.name, period] <= expert.room_in(period), f"{expert.name} has too many in {period}")
            check(not partner.has_limit() or in_period[partner.name, period] <= partner.room_in(period),
                  f"{partner.name} has too many in {period}")
            check(partner.maximum is None or of_partner[partner.name] <= partner.maximum,
                  f"{partner.name} has more than its maximum share")
        check(self.program_room is None or len(self.units) <= self.program_room, "the program has too many")
        for index, slot in enumerate(self.slots):
            left = number(slot, "missingCount") - of_slot[index]
            check(left >= 0 and left == number(slot, "openCount"),
                  f"{slot['request']} {slot['slot']} counts its people wrongly")
        people = sum(number(slot, "missingCount") for slot in self.slots)
        check(people == number(self.message, "peopleCount"), "it counts the people asked for wrongly")
        return of_partner

    def objective(self, of_partner):
        pairs = sum(self.pairs[number(unit, "slot"), number(unit, "expert")].cost(unit["period"])
                    for unit in self.units)
        left_out = sum(number(slot, "openCount") * number(slot, "openPrice") for slot in self.slots)
        partners = sum(self.partners[name].next_price(k) for name, count in of_partner.items() for k in range(count))
        return pairs + left_out + partners

    def bound(self):
        """What the prices prove: let every slot choose freely and pay them, and take off what all room is worth."""
        bound = 0
        least = collections.Counter()
        for (slot, _), pair in self.pairs.items():
            check(number(pair.slot, "missingCount") > 0, f"{pair.name}: the slot misses nobody")
            cheapest = min(pair.reduced_cost(period, self.program_price) for period in pair.periods)
            person = slot, pair.expert.person
            least[person] = min(least[person], cheapest)
        bound += sum(least.values())
        for slot in self.slots:
            missing, price = number(slot, "missingCount"), number(slot, "price")
            check(missing == 0 or price <= number(slot, "openPrice"),
                  f"{slot['request']} {slot['slot']} costs more filled than left open")
            bound += missing * price
        if self.program_room is not None:
            bound -= self.program_price * self.program_room
        for expert in self.experts:
            bound -= expert.open_price * expert.room_open
            # An expert's limit in a period is also that of all periods together.
            bound -= sum(price * min(expert.room_in(period), expert.room_open)
                         for period, price in expert.prices.items())
        for partner in self.partners.values():
            check(partner.has_limit() or not partner.prices, f"{partner.name} has prices by period and no limit")
            bound -= sum(price * partner.room_in(period) for period, price in partner.prices.items())
            bound += partner.least()
        return bound


def verify(message):
    certificate = Certificate(message)
    objective = certificate.objective(certificate.check_limits())
    check(objective == number(message, "objective"),
          f"its objective is {number(message, 'objective')}, and its units cost {objective}")
    bound = certificate.bound()
    check(bound == number(message, "bound"), f"its bound is {number(message, 'bound')}, and its prices prove {bound}")
    check(bound <= objective, f"its bound, {bound}, is above its objective, {objective}")
    how_good = "optimal" if bound == objective else f"within {objective - bound} of the best"
    print(f"{how_good}: {message['run']}, objective {objective}, bound {bound} over {len(certificate.pairs)} pairs")


def main(path):
    with open(0 if path == "-" else path, encoding="utf-8") as file:
        message = json.load(file)
    if not isinstance(message, dict) or "run" not in message:
        raise ValueError("not the certificate of a run")
    try:
        verify(message)
    except Wrong as wrong:
        print(f"wrong: {wrong}")
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(sys.argv[1]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{sys.argv[1]}: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
