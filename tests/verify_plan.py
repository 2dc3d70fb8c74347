#!/usr/bin/env python3
"""Verifies the certificate of a run of the solver, after services/matching/README.md ("The certificate") and with none of
the project's own code: what an auditor would write. It solves nothing.

Usage: tests/verify_plan.py FILE …    What `critac run certificate RUN --output json` prints, or the `certificate` of a
plan that was not recorded, as `critac match solve --dry-run --output json` has it; `-`: on standard input. Of each file a
line is printed, and where there are several it begins with the file's name.
Exit status 0: each plan keeps every limit, and is the best there is, as its prices or cases prove, or within so much of
it. 1: something is wrong, and what. 2: a file was not verified.
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
    """An expert's or a partner's limits."""

    def __init__(self, message):
        self.name = message["name"]
        self.in_hand = number(message, "inHandCount")
        self.per_period = number(message, "capacityPerPeriod")
        self.used = by_period(message, "used", "count")

    def room_in(self, period):
        return max(0, self.per_period - self.used.get(period, 0))


class Expert(Owner):
    def __init__(self, message, partners):
        super().__init__(message)
        self.person = number(message, "person")
        self.partner = partners.get(message.get("partner"))
        self.room_open = max(0, number(message, "capacityOpen") - self.in_hand)


class Partner(Owner):
    def __init__(self, message, fairness_price, share_price):
        super().__init__(message)
        self.fairness_price, self.share_price = fairness_price, share_price
        self.minimum = number(message, "minimumCount")
        self.maximum = int(message["maximumCount"]) if "maximumCount" in message else None

    def has_limit(self):
        return self.per_period != 0

    def next_price(self, count):
        """Price of the assignment after `count` of the plan."""
        below = self.share_price if count < self.minimum else 0
        return self.fairness_price * min(self.in_hand + count, MOST_PRICED) - below

    def least(self, price):
        """The least of what any number of assignments costs, less what they are paid at this price."""
        least, count = 0, 0
        while (self.maximum is None or count < self.maximum) and self.next_price(count) < price:
            check(count <= MOST_PRICED + self.minimum, f"the price of {self.name} bounds nothing")
            least += self.next_price(count) - price
            count += 1
        return least


class Prices:
    """What proves a bound: prices of slots in their order, of experts and partners by name, and by name and period."""

    def __init__(self, slots, partners, program, experts_open, expert_periods, partner_periods):
        self.slots, self.partners, self.program = slots, partners, program
        self.experts_open, self.expert_periods, self.partner_periods = experts_open, expert_periods, partner_periods
        check(program >= 0, "the program has a price below 0")
        for name, price in experts_open.items():
            check(price >= 0, f"{name} has a price below 0")
        for prices in (expert_periods, partner_periods):
            for (name, period), price in prices.items():
                check(price >= 0, f"{name} has a price below 0 in {period}")

    @staticmethod
    def of_lists(message):
        """Those that stand beside the slots, partners and experts of a certificate."""
        experts, partners = message.get("experts", []), message.get("partners", [])
        periods = [{(one["name"], period): price for one in owners
                    for period, price in by_period(one, "periodPrices", "price").items()}
                   for owners in (experts, partners)]
        return Prices([number(one, "price") for one in message.get("slots", [])],
                      {one["name"]: number(one, "price") for one in partners}, number(message, "programPrice"),
                      {one["name"]: number(one, "openPrice") for one in experts}, *periods)

    @staticmethod
    def of_case(message, certificate):
        """Those of a case, which name experts and partners by their place in the lists."""
        experts = [one.name for one in certificate.experts]
        partners = list(certificate.partners)
        slots, next_ones = ([int(price) for price in message.get(field, [])] for field in ("slots", "partners"))
        check(len(slots) == len(certificate.slots) and len(next_ones) == len(partners),
              "a case has not the prices of all slots and partners")

        def capacities(field, owners):
            found = {}
            for one in message.get(field, []):
                row = number(one, "row")
                check(0 <= row < len(owners), "a case has a price of nobody")
                key = owners[row], one.get("period", "")
                check(key not in found, f"a case has the price of {owners[row]} twice")
                found[key] = number(one, "price")
            return found

        experts_open = {name: price for (name, _), price in capacities("expertsOpen", experts).items()}
        return Prices(slots, dict(zip(partners, next_ones)), number(message, "program"), experts_open,
                      capacities("expertPeriods", experts), capacities("partnerPeriods", partners))


class Pair:
    def __init__(self, message, slots, experts):
        slot, expert = number(message, "slot"), number(message, "expert")
        check(0 <= slot < len(slots) and 0 <= expert < len(experts), "a pair is of no slot or expert")
        self.slot_index, self.slot, self.expert = slot, slots[slot], experts[expert]
        self.name = f"{self.slot['request']} {self.slot['slot']} with {self.expert.name}"
        self.periods = message.get("periods", [])
        self.base, self.bonus = number(message, "cost"), number(message, "bonus")
        self.bonus_period = message.get("bonusPeriod", "")
        check(self.periods, f"{self.name} can start in no period")
        check(self.expert.partner is not None, f"{self.name}: the partner is not there")

    def cost(self, period):
        return self.base - (self.bonus if self.bonus_period in ("", period) else 0)

    def reduced_cost(self, period, prices):
        """What the pair costs at the prices, less what its slot pays."""
        expert, partner = self.expert.name, self.expert.partner.name
        room = (prices.expert_periods.get((expert, period), 0) + prices.experts_open.get(expert, 0) +
                prices.partner_periods.get((partner, period), 0) + prices.partners[partner] + prices.program)
        return self.cost(period) + room - prices.slots[self.slot_index]


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
        self.prices = Prices.of_lists(message)
        self.program_room = int(message["programRoom"]) if "programRoom" in message else None
        check(len(self.pairs) == number(message, "pairCount"), "it counts the eligible pairs wrongly")
        self.units = message.get("units", [])
        self.cases = message.get("cases", [])

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

    def bound(self, prices, limits, pairs):
        """What the prices prove: let every slot choose freely and pay them, and take off what all room is worth.

        limits: people of an expert at most, by name and period; what is proved is so of all plans that keep them.
        pairs: those that a plan may have."""
        check(prices.program == 0 or self.program_room is not None, "the program has a price and no limit")
        bound = 0
        least = collections.Counter()
        for (slot, _), pair in pairs.items():
            check(number(pair.slot, "missingCount") > 0, f"{pair.name}: the slot misses nobody")
            cheapest = min(pair.reduced_cost(period, prices) for period in pair.periods)
            person = slot, pair.expert.person
            least[person] = min(least[person], cheapest)
        bound += sum(least.values())
        for slot, price in zip(self.slots, prices.slots):
            missing = number(slot, "missingCount")
            check(missing == 0 or price <= number(slot, "openPrice"),
                  f"{slot['request']} {slot['slot']} costs more filled than left open")
            bound += missing * price
        if self.program_room is not None:
            bound -= prices.program * self.program_room
        by_name = {expert.name: expert for expert in self.experts}
        for name, price in prices.experts_open.items():
            bound -= price * by_name[name].room_open
        for (name, period), price in prices.expert_periods.items():
            # An expert's limit in a period is also that of all periods together.
            room = min(by_name[name].room_in(period), by_name[name].room_open)
            bound -= price * min(room, limits.get((name, period), room))
        for (name, period), price in prices.partner_periods.items():
            check(self.partners[name].has_limit(), f"{name} has prices by period and no limit")
            bound -= price * self.partners[name].room_in(period)
        for name, partner in self.partners.items():
            bound += partner.least(prices.partners[name])
        return bound

    def not_too_dear(self, bound, objective):
        """The pairs that a plan cheaper than the objective may have.

        A plan with a pair costs the bound at least, and what the pair is dearer at its prices than what the bound has
        counted for the person in the slot."""
        dearer, least = {}, collections.Counter()
        for key, pair in self.pairs.items():
            dearer[key] = min(pair.reduced_cost(period, self.prices) for period in pair.periods)
            person = key[0], pair.expert.person
            least[person] = min(least[person], dearer[key])
        return {key: pair for key, pair in self.pairs.items()
                if bound + dearer[key] - least[key[0], pair.expert.person] < objective}

    def check_cases(self, bound, objective):
        """Checks that every plan is in a case that is not divided, and that in none of these a plan is cheaper."""
        cases = iter(self.cases)
        self.check_case({}, cases, self.not_too_dear(bound, objective), objective, set())
        check(next(cases, None) is None, "a case is none of another one's")

    def check_case(self, limits, cases, pairs, objective, proved):
        """Checks the next case, which has these limits, and those into which it is divided.

        proved: the limits of those that are proved by now."""
        case = next(cases, None)
        check(case is not None, "a case is left out")
        if "expert" in case:
            for part in self.parts_of(case, limits):
                self.check_case(part, cases, pairs, objective, proved)
        elif "prices" in case:
            bound = self.bound(Prices.of_case(case["prices"], self), limits, pairs)
            check(bound >= objective, f"a case may have a plan that costs {bound}, less than {objective}")
        else:
            check(frozenset(limits.items()) in proved, "a case has no prices, and is not proved before")
        proved.add(frozenset(limits.items()))

    def parts_of(self, case, limits):
        """Limits of the cases into which one is divided: in each its expert has fewer people in one of the periods."""
        index = number(case, "expert")
        check(0 <= index < len(self.experts), "a case is divided by nobody")
        expert, parts, people, periods = self.experts[index], [], 0, set()
        for one in case.get("fewerThan", []):
            period, count = one["period"], number(one, "count")
            check(count > 0 and period not in periods, f"a case is divided by nobody in {period}, or by it twice")
            periods.add(period)
            people += count
            key = expert.name, period
            parts.append({**limits, key: min(count - 1, limits.get(key, count - 1))})
        # Who has as many in each of the periods has more than that in all.
        check(people > expert.room_open, f"a case is divided by {people} people of {expert.name}, and leaves plans out")
        return parts


def verify(message):
    """What it proves, in words."""
    certificate = Certificate(message)
    objective = certificate.objective(certificate.check_limits())
    check(objective == number(message, "objective"),
          f"its objective is {number(message, 'objective')}, and its units cost {objective}")
    bound = certificate.bound(certificate.prices, {}, certificate.pairs)
    check(bound == number(message, "bound"), f"its bound is {number(message, 'bound')}, and its prices prove {bound}")
    check(bound <= objective, f"its bound, {bound}, is above its objective, {objective}")
    count = number(message, "caseCount")
    run = message.get("run", "a plan that is not recorded")
    proof = f"{run}, objective {objective}, bound {bound} over {len(certificate.pairs)} pairs"
    if certificate.cases:
        check(len(certificate.cases) == count, f"it counts {count} cases, and has {len(certificate.cases)}")
        certificate.check_cases(bound, objective)
        return f"optimal: {proof}, proved by {count} cases"
    if bound == objective:
        return f"optimal: {proof}"
    not_there = f"; {count} cases are said to prove it the best, and are not there" if count > 0 else ""
    return f"within {objective - bound} of the best: {proof}{not_there}"


def main(path, prefix):
    """The exit status of one file."""
    try:
        with open(0 if path == "-" else path, encoding="utf-8") as file:
            message = json.load(file)
        if not isinstance(message, dict) or not ("run" in message or "date" in message):
            raise ValueError("not the certificate of a run")
        print(f"{prefix}{verify(message)}")
    except Wrong as wrong:
        print(f"{prefix}wrong: {wrong}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    paths = sys.argv[1:]
    if not paths:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(max(main(path, f"{path}: " if len(paths) > 1 else "") for path in paths))
