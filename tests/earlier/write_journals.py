#!/usr/bin/env python3
"""Writes journals as a version of before wrote them: by the protos of commit 308f494, without what was added since.

Usage: tests/earlier/write_journals.py    Writes intake.jsonl, matching.jsonl and metrics.jsonl beside itself.

Each line is a record as in the files of a backup. The texts are given here as they stood in the database, and the chain
is made by the recipe in common/journal/README.md, with none of the project's own code. They were written once and stay
as they are (tests/README.md); for what a later version wrote, add journals of other names. All of it is fictional.
"""
import base64
import datetime
import hashlib
import json
import uuid
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
START = datetime.datetime(2026, 3, 2, 15, 0, 0, 250, tzinfo=datetime.timezone.utc)


class Text(str):
    """Personal data or free text, which stands in the vault."""


def compact(value):
    # As protobuf escapes.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e")


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


class Journal:
    def __init__(self, name):
        self.name, self.hash, self.events, self.texts, self.answers = name, "", [], [], []

    def keep(self, sequence, path, text):
        place = sum(1 for kept in self.texts if kept["sequence"] == str(sequence)) + 1
        salt = hashlib.sha256(f"{self.name} {sequence}.{place}".encode()).hexdigest()[:32]
        digest = base64.urlsafe_b64encode(hashlib.sha256((salt + text).encode()).digest()).decode().rstrip("=")
        self.texts.append({"sequence": str(sequence), "place": str(place), "field": path, "salt": salt,
                           "content": str(text)})
        return f"vault:{sequence}.{place}:{digest}"

    # The texts of a message come before those of the messages in it.
    def take_texts(self, sequence, path, value):
        if isinstance(value, Text):
            return self.keep(sequence, path, value)
        if isinstance(value, list):
            return [self.take_texts(sequence, f"{path}[{i}]", one) for i, one in enumerate(value)]
        if not isinstance(value, dict):
            return value
        done = {}
        for nested in (False, True):
            for key, field in value.items():
                first = field[0] if isinstance(field, list) and field else field
                if isinstance(first, dict) == nested:
                    done[key] = self.take_texts(sequence, f"{path}.{snake(key)}" if path else snake(key), field)
        return {key: done[key] for key in value}

    def add(self, actor, subject, kind, payload, answer=None):
        sequence = len(self.events) + 1
        time = START + datetime.timedelta(minutes=7 * sequence)
        payload = compact(self.take_texts(sequence, "", payload))
        request_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{sequence}"))
        micros = int(time.timestamp()) * 1_000_000 + time.microsecond
        fields = [self.hash, str(sequence), str(micros), actor, subject, kind, payload, request_id]
        text = b"".join(b"%d:%s," % (len(field), field) for field in (f.encode() for f in fields))
        self.hash = hashlib.sha256(text).hexdigest()
        self.events.append({"sequence": str(sequence), "recordTime": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                            "actor": actor, "subject": subject, "type": kind, "payload": payload,
                            "requestId": request_id, "hash": self.hash})
        if answer is not None:
            self.answers.append({"requestId": request_id, "fingerprint": hashlib.sha256(kind.encode()).hexdigest(),
                                 "sequence": str(sequence), "type": answer[0], "answer": compact(answer[1])})

    def write(self):
        lines = [compact({"event": event}) for event in self.events]
        lines += [compact({"vaultText": text}) for text in self.texts]
        lines += [compact({"answer": answer}) for answer in self.answers]
        (FOLDER / f"{self.name}.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        print(f"{self.name}: {len(self.events)} events, head {self.hash}")


def intake():
    journal = Journal("intake")
    agency = {
        "name": "agencies/ag-000001", "displayName": "Ciudad Peña Police Department", "type": "AGENCY_TYPE_MUNICIPAL",
        "state": "UT", "county": "Salt Flat", "coordinates": {"latitudeE6": 40760000, "longitudeE6": -111890000},
        "aliases": [{"type": "ALIAS_TYPE_ORI9", "value": "UT9990100", "validFrom": "2001-01-01"}],
        "swornFullTime": {"count": 43, "source": "survey", "year": 2025}, "sizeBand": "SIZE_BAND_25_49"}
    journal.add("coordinator:dana", "agencies/ag-000001", "critac.intake.v1.AgencyCreated", {"agency": agency},
                ("critac.intake.v1.Agency", {**agency, "etag": "1"}))
    journal.add("agency:agencies/ag-000001", "requests/fy26-000001", "critac.intake.v1.RequestCreated", {
        "request": {
            "name": "requests/fy26-000001", "agency": "agencies/ag-000001", "topics": ["topics/de-escalation"],
            "title": Text("Training for \"night\" shifts"), "problem": Text("Calls <b>end</b> badly\nat night – too often."),
            "deliveryTypes": ["deliveryTypes/training"], "urgency": "URGENCY_ELEVATED", "neededBy": "2026-09-30",
            "audienceSize": 43, "channel": "CHANNEL_WEB",
            "contacts": [{"role": "CONTACT_ROLE_CHIEF_EXECUTIVE", "fullName": Text("Robin Vale"),
                          "email": Text("robin@penapd.example")}],
            "authorityConfirmed": True, "state": "REQUEST_STATE_DRAFT"},
        "occurTime": "2026-03-02T15:14:00.000250Z",
        "agencyProfile": {"agency": "agencies/ag-000001", "type": "AGENCY_TYPE_MUNICIPAL",
                          "sizeBand": "SIZE_BAND_25_49", "state": "UT", "swornOfficers": 43}})
    scope = {"slots": [{"id": "s1", "topic": "topics/de-escalation", "deliveryType": "deliveryTypes/training",
                        "people": 1, "hours": 16, "windowStart": "2026-05-01", "windowEnd": "2026-06-30",
                        "minimumLevel": "LEVEL_PRACTITIONER", "onSite": True}]}
    # Approvals name no version of the plan, and no event says that one was drawn up.
    for actor, action, state, to, details in [
            ("agency:agencies/ag-000001", "SUBMIT", "DRAFT", "SUBMITTED", None),
            ("coordinator:dana", "ACKNOWLEDGE", "SUBMITTED", "IN_REVIEW", None),
            ("coordinator:dana", "ACCEPT", "IN_REVIEW", "SCOPING", None),
            ("coordinator:dana", "COMPLETE_SCOPING", "SCOPING", "READY", {"scope": scope}),
            ("service:matching", "RECORD_MATCH", "READY", "MATCHED", None),
            ("agency:agencies/ag-000001", "APPROVE_PLAN", "MATCHED", "MATCHED", None),
            ("program-manager:pat", "APPROVE_PLAN", "MATCHED", "PLANNED", {"reason": Text("As agreed by telephone.")})]:
        number = len(journal.events) + 1
        payload = {"action": f"REQUEST_ACTION_{action}", "from": f"REQUEST_STATE_{state}", "to": f"REQUEST_STATE_{to}"}
        if details is not None:
            payload["details"] = details
        payload["occurTime"] = (START + datetime.timedelta(minutes=7 * number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        payload["actor"] = actor
        payload["clocks"] = [{"type": "CLOCK_TYPE_ACKNOWLEDGE", "startTime": "2026-03-02T15:21:00.000250Z",
                              "targetBusinessDays": 2, "dueDate": "2026-03-04"}]
        payload["seenEtag"] = str(number - 1)
        journal.add(actor, "requests/fy26-000001", "critac.intake.v1.RequestTransitioned", payload)
    journal.write()


def matching():
    journal = Journal("matching")
    journal.add("coordinator:dana", "partners/example", "critac.matching.v1.PartnerSet", {"partner": {
        "name": "partners/example", "displayName": "Example Association of Chiefs",
        "memberships": [{"start": "2020-01-01"}], "capacityPerPeriod": 12}})
    assignment = {"slot": "s1", "expert": "experts/kim", "partner": "partners/example", "period": "2026-05",
                  "scoreE6": "734512"}
    journal.add("coordinator:dana", "engagements/fy26-000001", "critac.matching.v1.EngagementAgreed", {
        "engagement": {
            "name": "engagements/fy26-000001", "request": "requests/fy26-000001",
            "agency": {"agency": "agencies/ag-000001", "type": "AGENCY_TYPE_MUNICIPAL", "sizeBand": "SIZE_BAND_25_49",
                       "state": "UT", "swornOfficers": 43},
            "leadPartner": "partners/example", "assignments": [assignment], "state": "ENGAGEMENT_STATE_AGREED",
            "createTime": "2026-03-02T15:14:00.000250Z", "externalId": "PAST-1",
            "slots": [{"id": "s1", "topic": "topics/de-escalation", "deliveryType": "deliveryTypes/training",
                       "people": 1, "hours": 16, "windowStart": "2026-05-01", "windowEnd": "2026-06-30"}]},
        "occurTime": "2026-03-02T15:14:00.000250Z"})
    journal.add("coordinator:dana", "engagements/fy26-000001", "critac.matching.v1.PlanDrawnUp", {
        "engagement": "engagements/fy26-000001",
        "plan": {"version": 1, "objectives": [Text("Fewer calls that end badly"), Text("Every shift trained")],
                 "milestones": [{"id": "m1", "title": Text("First class"), "dueDate": "2026-05-31", "slot": "s1"}],
                 "drawnUpBy": "coordinator:dana", "drawUpTime": "2026-03-02T15:21:00.000250Z"}})
    # It does not say who gave it.
    journal.add("partner:partners/example", "engagements/fy26-000001", "critac.matching.v1.DeliveryRecorded", {
        "engagement": "engagements/fy26-000001",
        "delivery": {"id": "d1", "slot": "s1", "deliveryType": "deliveryTypes/training",
                     "mode": "DELIVERY_MODE_ON_SITE", "date": "2026-05-12", "quarterHours": 32,
                     "place": Text("City hall, room 2"), "attendance": {"onSite": 21, "agenciesRepresented": 1}},
        "state": "ENGAGEMENT_STATE_IN_DELIVERY"})
    journal.add("service:matching", "runs/000001", "critac.matching.v1.SolveRecorded", {
        "run": {"name": "runs/000001", "time": "2026-03-02T15:42:00Z", "policyVersion": "3", "requestCount": 2,
                "unitCount": 2, "assignedCount": 1, "pairCount": "5000000000", "objective": "734512", "bound": "734512",
                "certified": True, "proposals": ["proposals/p1"], "solveMicroseconds": "1250"},
        "proof": {"date": "2026-03-02", "units": [{}, {"slot": 1, "expert": -1}], "slotPrices": ["0", "-20"],
                  "programPrice": "734532"}})
    journal.write()


def metrics():
    journal = Journal("metrics")
    # Of the percentages one is 0, which is another answer than none.
    for number, fields in [(1, {"satisfaction": 5, "metGoals": "YES_NO_YES", "knowledgePercent": 0,
                                "comment": Text("Good – more of it")}),
                           (2, {"satisfaction": 4, "metGoals": "YES_NO_NO"})]:
        journal.add("coordinator:dana", f"surveyResponses/r{number}", "critac.metrics.v1.SurveyResponseRecorded", {
            "response": {"name": f"surveyResponses/r{number}", "engagement": "engagements/fy26-000001",
                         "instrument": "INSTRUMENT_PARTICIPANT", "instrumentVersion": 1, "date": "2026-05-12", **fields,
                         "externalId": f"S-{number}"}})
    journal.write()


if __name__ == "__main__":
    intake()
    matching()
    metrics()
