"""The life of a site over two months: everything that the table holds is written, changed and read.

The content is drawn from the round's random numbers, and does not depend on who does which step.
"""

from datetime import datetime, timedelta, timezone

from round import ROOT_KEY

MONTH = {"every": 1, "unit": "month"}
WEEK = {"every": 1, "unit": "week"}
VAT = {"rates": [{"name": "VAT", "percent": "19"}], "inclusive": False}
GRACE = timedelta(hours=1)


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def text(at):
    return at.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


class Scenario:
    """One site from its creation to the end of its last subscription."""

    def __init__(self, run):
        self.run, self.random = run, run.random
        day, hour = self.random.choice([1, 14, 31]), self.random.choice([0, 7, 23])
        self.start = datetime(2015, 1, day, hour, tzinfo=timezone.utc)
        self.clock = self.start
        # The usages that stand: subscription, what was sent, what was answered.
        self.sent = []
        self.names = 0

    def live(self):
        self.make_site()
        self.make_customers()
        self.make_catalogue()
        self.make_subscriptions()
        self.use_first_month()
        self.correct_usage()
        self.change_things()
        self.read_everything("in the first month", by_all=False)
        self.close_first_month()
        self.come_late()
        self.unstick()
        self.read_everything("after the first close")
        self.use_second_month()
        self.close_second_month()
        self.end_subscriptions()
        self.read_everything("at the end")

    # Sites, keys, the catalogue.

    def make_site(self):
        run, root = self.run, {"key": ROOT_KEY}
        site = {
            "id": run.site,
            "time_zone": self.random.choice(["UTC", "Europe/Paris", "America/New_York"]),
            "rounding": self.random.choice(["half_away_from_zero", "half_even"]),
            "tax_rounding": self.random.choice(["per_line", "per_invoice"]),
            "test_clock": text(self.start),
        }
        run.create("site", "/v1/sites", site, {"grace_seconds": 60}, **root)
        for scope, expect in [("admin", 200), ("read", 200), ("usage:write", 403)]:
            key = f"{run.site}-{scope}-key"
            run.alias_key(key)
            new = {"site_id": run.site, "scopes": [scope], "key": key}
            run.create(f"key {scope}", "/v1/api-keys", new, {"expires_at": "2100-01-01T00:00:00Z"}, **root)
            run.read(f"read with the key {scope}", f"/v1/sites/{run.site}", key=key, expect=expect)
        gone = f"{run.site}-key-that-goes"
        run.alias_key(gone)
        new = {"site_id": run.site, "scopes": ["read"], "key": gone}
        made = run.post("key that goes", "/v1/api-keys", new, **root)
        run.delete("key that goes", f"/v1/api-keys/{made['id']}", **root)
        run.delete("key that goes, again", f"/v1/api-keys/{made['id']}", **root)
        run.read("read with a deleted key", f"/v1/sites/{run.site}", key=gone, expect=401)
        run.read_all("keys", f"/v1/api-keys?site_id={run.site}", 2, **root)
        run.patch("site's late usage", f"/v1/sites/{run.site}", {"late_usage": "hold", "usage_limit": 100000})
        run.patch("site's usage limit", f"/v1/sites/{run.site}", {"usage_limit": None})

    def make_customers(self):
        run = self.run
        acme = {"id": "acme", "name": "Acme", "email": "ap@acme.example", "number": "A-7", "payment_terms": "NET 7"}
        run.create("customer acme", "/v1/customers", acme, {"name": "Acme & Co"})
        globex = {"id": "globex", "name": "Globex ü \"€\""}
        run.create("customer globex", "/v1/customers", globex, {"auto_collection": True})
        run.post("number that is taken", "/v1/customers", {"id": "hooli", "name": "Hooli", "number": "A-7"}, expect=409)
        unnamed, headers = {"name": "Initech"}, {"idempotency-key": "initech-1"}
        by = run.turn()
        # Its id is another one in each run, so that it is not noted before there is an alias for it.
        made = run.call(by, "POST", "/v1/customers", unnamed, headers=headers).json()
        run.alias(made["id"], "the-customer-without-a-name")
        beside = run.other(by)
        again = run.post("customer by key, again", "/v1/customers", unnamed, headers=headers, by=beside, expect=200)
        if again != made:
            run.fail("customer by key, again", f"{beside} knows another one than {by}", f"{again}\n{made}")
        other = {"name": "Initrode"}
        run.post("customer by key, other", "/v1/customers", other, headers=headers, by=beside, expect=409)
        run.read("customer by key", f"/v1/customers/{made['id']}")
        run.create("feature builds", "/v1/features", {"id": "builds", "name": "Builds"}, {"name": "Build"})
        for name, unit in [("line", None), ("traffic", "GB"), ("people", "user")]:
            item = {"id": name, "name": name.title(), "type": "plan", **({"unit_name": unit} if unit else {})}
            run.create(f"item {name}", "/v1/items", item, {"name": "Another"})

    def money(self, least=1, most=9999):
        return f"{self.random.randint(least, most) / 100:.2f}"

    def prices(self):
        """Every pricing model, aggregation and option that is stored."""
        per_unit = {"model": "per_unit", "unit_amount": self.money(1, 200)}
        first, second = self.random.randint(5, 60), self.random.randint(100, 400)
        tiers = [
            {"up_to": str(first), "unit_amount": self.money(20, 90)},
            {"up_to": str(second), "unit_amount": self.money(5, 19), "flat_amount": self.money()},
            {"unit_amount": "0.0035"},
        ]
        steps = [{"up_to": "50", "flat_amount": self.money()}, {"flat_amount": self.money(9999, 99999)}]
        metered = {"metered": True, "item_id": "traffic"}
        return {
            "flat": {"item_id": "line", "price": {"model": "flat_fee", "amount": self.money()}, "tax": VAT},
            "seats": {"item_id": "line", "price": per_unit, "billed": "in_arrears", "proration": "calendar_days"},
            "minutes": {**metered, "price": per_unit, "minimum_amount": self.money(100, 500), "tax": VAT},
            "storage": {
                **metered,
                "price": {"model": "tiered", "tiers": tiers},
                "included_usage": "7.5",
                "unit_rounding": {"round": "up", "multiple_of": "5"},
                "maximum_amount": "900",
            },
            "volume": {**metered, "price": {"model": "volume", "tiers": tiers}, "aggregation": "max"},
            "stairs": {**metered, "price": {"model": "stairstep", "tiers": steps}, "aggregation": "last"},
            "packs": {
                **metered,
                "price": {"model": "package", "package_size": "3", "package_amount": self.money()},
                "aggregation": "count",
                "bill_zero_usage": True,
            },
            "held": {**metered, "price": per_unit, "aggregation": "weighted_sum"},
            "users": {**metered, "item_id": "people", "price": per_unit, "aggregation": "unique_count"},
            "calls": {**metered, "price": {"model": "dynamic"}},
            "fees": {
                **metered,
                "price": {"model": "percentage", "percent": "1.2", "amount_per_record": "0.10", "free_records": 1},
            },
            "shares": {
                **metered,
                "price": {
                    "model": "graduated_percentage",
                    "tiers": [{"up_to": "100", "percent": "1", "flat_amount": "2"}, {"percent": "0.5"}],
                },
            },
            "builds": {"item_id": "line", "feature_id": "builds", "price": {"model": "flat_fee", "amount": "0"}},
            "bounded": {**metered, "price": {"model": "tiered", "tiers": [{"up_to": "100", "unit_amount": "1"}]}},
            "weekly": {"item_id": "line", "price": {"model": "flat_fee", "amount": self.money()}, "period": WEEK},
        }

    def make_catalogue(self):
        for name, price in self.prices().items():
            new = {"id": name, "currency_code": "USD", "period": MONTH, **price}
            self.run.create(f"price {name}", "/v1/item-prices", new, {"name": "Another"})
        self.run.read_all("prices", "/v1/item-prices", 4)
        self.run.read_all("prices of an item", "/v1/item-prices?item_id=line", 2)

    # Subscriptions.

    def make_subscriptions(self):
        run, start = self.run, {"start_date": text(self.start)}
        discounts = {
            "minutes": [{"discount": "free_units", "quantity": "3"}, {"discount": "percent", "percent": "10"}],
            "storage": [{"discount": "amount", "amount": "1.25"}],
        }
        names = ["flat", "seats", "minutes", "storage", "volume", "stairs", "packs", "held", "users", "calls", "fees"]
        items = [entry("main", name) for name in [*names, "builds"]]
        for item in items:
            if item["item_price_id"] in discounts:
                item["discounts"] = discounts[item["item_price_id"]]
        items[1]["quantity"] = str(self.random.randint(2, 30))
        items[3]["included_usage"] = "12.50"
        main = {"id": "main", "customer_id": "acme", "items": items, **start}
        run.create("subscription main", "/v1/subscriptions", main, {"grace_seconds": 7200})
        limited = {
            "id": "limited",
            "customer_id": "globex",
            "items": [entry("limited", "minutes")],
            "usage_limit": 4,
            "late_usage": "reject",
            "grace_seconds": 600,
        }
        run.create("subscription limited", "/v1/subscriptions", limited, {"usage_limit": 5})
        run.post("activate limited", "/v1/subscriptions/limited/activate", {**start}, expect=200)
        run.post("activate limited, again", "/v1/subscriptions/limited/activate", {**start}, expect=200)
        bounded = {"id": "bounded", "customer_id": "globex", "items": [entry("bounded", "bounded")], **start}
        run.create("subscription bounded", "/v1/subscriptions", bounded, {"customer_id": "acme"})
        items = [entry("moved", "packs"), entry("moved", "flat")]
        moved = {"id": "moved", "customer_id": "acme", "items": items, **start}
        run.create("subscription moved", "/v1/subscriptions", moved, {"late_usage": "reject"})
        ahead = {"id": "ahead", "customer_id": "acme", "items": [entry("ahead", "flat")]}
        ahead["start_date"] = text(self.start + timedelta(days=400))
        run.create("subscription ahead", "/v1/subscriptions", ahead, {"items": [entry("ahead", "seats")]})
        later = {"start_date": text(self.start + timedelta(days=500))}
        run.post("activate ahead later", "/v1/subscriptions/ahead/activate", later, expect=200)
        run.post("cancel ahead", "/v1/subscriptions/ahead/cancel", expect=200)
        taken = {"id": "thief", "customer_id": "acme", "items": [entry("main", "flat")], **start}
        run.post("an item's id that is taken", "/v1/subscriptions", taken, expect=409)
        self.settle("the activations")
        run.read_all("subscriptions", "/v1/subscriptions", 2)

    # Usage.

    def usage(self, price, begin, end, **fields):
        """One usage at a random instant, which nobody else has: an odd millisecond of its own."""
        self.names += 1
        seconds = self.random.uniform(0, (end - begin).total_seconds() - 120)
        at = (begin + timedelta(seconds=int(seconds))).replace(microsecond=1000 * (self.names % 1000))
        quantity = self.random.choice([str(self.random.randint(1, 9)), f"{self.random.uniform(0.01, 20):.3f}", "2.50"])
        usage = {"item_price_id": price, "usage_date": text(at), "quantity": quantity}
        if price in ("volume", "stairs", "bounded"):
            usage["quantity"] = str(self.random.randint(1, 60))
        if price == "held":
            usage["quantity"] = self.random.choice(["5", "1.5", "-1", "-0.25"])
        if price == "users":
            usage["unique_value"] = self.random.choice(["ada", "bob", "ada@example", "Zoë"])
        if price == "calls":
            usage["amount"] = self.money(1, 500)
        return {**usage, **fields}

    def use(self, label, subscription, usage, expect=201):
        """Records one usage in one version; the other one knows it again, and does not take it with other content."""
        run, path = self.run, f"/v1/subscriptions/{subscription}/usages"
        by = run.turn()
        beside = run.other(by)
        made = run.post(label, path, usage, by=by, expect=expect)
        other = {**usage, "quantity": usage["quantity"] + "7" if "." in usage["quantity"] else usage["quantity"] + ".7"}
        again = run.post(f"{label}, again", path, usage, by=beside, expect=200)
        if again != made:
            run.fail(f"{label}, again", f"{beside} knows another usage than {by} recorded", f"{made}\n{again}")
        run.post(f"{label}, other content", path, other, by=beside, expect=409)
        self.sent.append((subscription, usage, made))
        return made

    def use_first_month(self):
        run = self.run
        self.move("the first weeks", self.start + timedelta(days=20, hours=5))
        begin, end = self.start, self.clock
        for price in ["minutes", "storage", "volume", "stairs", "packs", "held", "users", "calls", "fees", "builds"]:
            self.use(f"usage of {price}", "main", self.usage(price, begin, end))
            note = {"note": "night shift,\nParis \"é\"", "id": f"call:{price}-1"}
            span = {"from": text(begin + timedelta(hours=1)), "to": text(begin + timedelta(hours=3))}
            self.use(f"usage of {price} with more", "main", self.usage(price, begin, end, **note, **span))
        # So many in no order that pages overflow and are cut, by either version.
        for batch in range(3):
            many = [self.usage("minutes", begin, end, id=f"{self.random.getrandbits(60):x}") for _ in range(30)]
            for usage in many[::9]:
                usage["note"] = "n" * self.random.randint(0, 300)
            by = run.turn()
            run.post(f"batch {batch}", "/v1/subscriptions/main/usages", {"usages": many}, by=by, expect=207)
            mixed = many[15:22] + [{**many[25], "quantity": "9999"}, {"quantity": "1"}]
            mixed.append(self.usage("minutes", begin, end, subscription_id="main"))
            path = "/v1/subscriptions/main/usages"
            run.post(f"batch {batch}, again", path, {"usages": mixed}, by=run.other(by), expect=207)
        together = [self.usage("minutes", begin, end, id=f"both-{at}") for at in range(25)]
        run.at_once("a batch to both at once", "/v1/subscriptions/main/usages", together)
        of_several = [
            self.usage("packs", begin, end, subscription_id="moved"),
            self.usage("bounded", begin, end, subscription_id="bounded"),
            self.usage("minutes", begin, end, subscription_id="nobody"),
        ]
        run.post("usages of several subscriptions", "/v1/usages", {"usages": of_several}, expect=207)
        self.use_table(begin, end)
        for at in range(4):
            self.use(f"limited usage {at}", "limited", self.usage("minutes", begin, end))
        beyond, by = self.limited_usage(begin), run.turn()
        for version in (by, run.other(by)):
            run.post("usage beyond the limit", "/v1/subscriptions/limited/usages", beyond, by=version, expect=422)

    def limited_usage(self, begin):
        return {"item_price_id": "minutes", "usage_date": text(begin + timedelta(hours=2)), "quantity": "1"}

    def use_table(self, begin, end):
        """The same as CSV, with rows that are there already, conflict, and are wrong."""
        rows = [self.usage("storage", begin, end, id=f"row-{at}", note='said "so", twice') for at in range(12)]
        columns = ["item_price_id", "usage_date", "quantity", "id", "note"]
        wrong = {**rows[0], "quantity": "many", "id": "row-wrong"}
        by = self.run.turn()
        path, csv = "/v1/subscriptions/main/usages", {"content-type": "text/csv"}
        again = [*rows[4:], {**rows[1], "quantity": "77"}]
        for version, listed in [(by, [*rows[:8], wrong]), (self.run.other(by), again)]:
            lines = [",".join(columns)] + [",".join(quoted(row[column]) for column in columns) for row in listed]
            body = "\n".join(lines) + "\n"
            self.run.post(f"a table of {len(listed)} rows", path, body, by=version, headers=csv, expect=207)

    def correct_usage(self):
        """Deletes and corrects what was recorded, and replays what was deleted."""
        run = self.run
        gone = self.sent[::4] + self.sent[-2:]
        self.sent = [usage for usage in self.sent if usage not in gone]
        for at, (subscription, usage, made) in enumerate(gone):
            path = f"/v1/subscriptions/{subscription}/usages"
            by = run.turn()
            beside = run.other(by)
            where = f"?item_price_id={usage['item_price_id']}&usage_date={usage['usage_date']}"
            named, match = f"{path}/{made['id']}", {"if-match": f"\"{made['resource_version']}\""}
            label = f"usage {at} ({usage['item_price_id']})"
            if "id" in usage:
                run.delete(f"{label} deleted without a version", named, by=beside, expect=428)
                wrong = {"if-match": "17"}
                run.delete(f"{label} deleted in another version", named, by=beside, headers=wrong, expect=412)
            run.delete(f"{label} deleted", named + (where if "id" in usage else ""), by=by, headers=match)
            run.delete(f"{label} deleted, again", named + (where if "id" in usage else ""), by=beside, headers=match)
            run.read(f"{label} once deleted", named, expect=404)
            run.post(f"{label} replayed once deleted", path, usage, by=beside, expect=409)
            if at % 2:
                corrected = {**usage, "quantity": str(int(float(usage["quantity"])) + 1)}
                made = run.post(f"{label} corrected", path, corrected, by=beside)
                run.post(f"{label} corrected, again", path, corrected, by=by, expect=200)
                run.read(f"{label} once corrected", f"{path}/{made['id']}")
                self.sent.append((subscription, corrected, made))

    # Changes.

    def change_things(self):
        run = self.run
        acme = {"name": "Acme Ltd", "payment_terms": "NET 30", "number": "B.8"}
        run.patch("customer acme", "/v1/customers/acme", acme)
        run.patch("customer acme, the same", "/v1/customers/acme", {"name": "Acme Ltd"})
        # Invoices may have the number of before, so that it stays taken.
        hooli = {"id": "hooli", "name": "Hooli", "number": "A-7"}
        run.post("number that stays taken", "/v1/customers", hooli, expect=409)
        run.patch("feature", "/v1/features/builds", {"name": "CI builds"})
        run.patch("item", "/v1/items/traffic", {"name": "Data", "unit_name": "GiB"})
        changes = [
            ("minutes", {"price": {"model": "per_unit", "unit_amount": self.money(1, 99)}, "minimum_amount": None}),
            ("storage", {"price": {"model": "package", "package_size": "10", "package_amount": self.money()}}),
            ("storage", {"included_usage": "1", "maximum_amount": "50"}),
            ("flat", {"price": {"model": "flat_fee", "amount": self.money()}, "tax": {**VAT, "inclusive": True}}),
            ("seats", {"name": "Desks", "proration": "calendar_seconds"}),
            ("fees", {"price": {"model": "percentage", "percent": "2.5", "minimum_per_record": "0.01"}}),
        ]
        for name, change in changes:
            run.patch(f"price {name}", f"/v1/item-prices/{name}", change)
            run.read(f"price {name}", f"/v1/item-prices/{name}")
        run.patch("an aggregation that stays", "/v1/item-prices/users", {"aggregation": "sum"}, expect=422)
        stays = [name for name in self.items_of("main") if name not in ("stairs", "fees")]
        items = [{"item_price_id": name} for name in stays] + [entry("main", "shares")]
        items[stays.index("seats")]["quantity"] = str(self.random.randint(31, 40))
        items[stays.index("storage")]["discounts"] = []
        run.patch("items of main", "/v1/subscriptions/main", {"items": items, "grace_seconds": 3600})
        run.patch("items of main, the same", "/v1/subscriptions/main", {"items": items})
        run.patch("limit of limited", "/v1/subscriptions/limited", {"usage_limit": 6})
        self.use("usage below the new limit", "limited", self.usage("minutes", self.start, self.clock))
        self.use("usage of a price that left", "main", self.usage("fees", self.start, self.clock))
        new_end = {"end": text(self.clock + timedelta(days=3)), "period": 0}
        run.post("move the end", "/v1/subscriptions/moved/move-period-end", new_end, expect=200)
        run.post("move the end, again", "/v1/subscriptions/moved/move-period-end", new_end, expect=200)

    def items_of(self, subscription):
        items = self.run.read(f"items of {subscription}", f"/v1/subscriptions/{subscription}")["items"]
        return [item["item_price_id"] for item in items if "removed_at" not in item]

    # Time.

    def move(self, label, to):
        self.clock = max(to, self.clock)
        self.run.patch(f"clock to {label}", f"/v1/sites/{self.run.site}", {"test_clock": text(self.clock)})

    def settle(self, label, failing=()):
        """Works off what a moved clock sent, and then what the schedule still finds."""
        self.run.drain(label, failing)
        self.run.tick(f"{label}: nothing is left", 0)

    def period_end(self, subscription):
        read = self.run.read(f"period of {subscription}", f"/v1/subscriptions/{subscription}")
        return instant(read["current_period"]["end"])

    def close_first_month(self):
        run = self.run
        self.move("the moved end", self.period_end("moved") + timedelta(minutes=1))
        self.settle("the moved end")
        weekly = {"items": [entry("moved", "weekly")]}
        run.patch("another length", "/v1/subscriptions/moved", weekly)
        run.patch("another length, again", "/v1/subscriptions/moved", weekly)
        # Beyond the last tier there is no price, so that this cannot be closed.
        too_much = {"item_price_id": "bounded", "usage_date": text(self.start + timedelta(days=2)), "quantity": "1000"}
        self.too_much = self.use("usage without a price", "bounded", too_much)
        end = self.first_end = self.period_end("main")
        self.move("the end of the month", end + timedelta(minutes=5))
        # What was sent is lost, and the schedule of either version makes up for it.
        run.lose_messages()
        run.tick("the end of the month: what is due")
        self.settle("the end of the month")
        run.read_all("pending invoices", "/v1/invoices?status=pending", 2)
        within_grace = self.usage("minutes", self.start, end)
        self.use("usage in the grace", "main", within_grace)
        run.read("charges in the grace", "/v1/subscriptions/main/usage-charges?period=0")
        self.move("the grace of limited", end + timedelta(minutes=20))
        self.settle("the grace of limited")
        run.post("usage too late", "/v1/subscriptions/limited/usages", self.limited_usage(self.start), expect=409)
        pending = run.read("pending invoices of main", "/v1/invoices?subscription_id=main&status=pending")["list"]
        for invoice in pending:
            by = run.turn()
            closed = run.post("close on request", f"/v1/invoices/{invoice['id']}/close", by=by, expect=200)
            again = run.post("close, again", f"/v1/invoices/{invoice['id']}/close", by=run.other(by), expect=200)
            if closed != again or closed["total"] != invoice["total"]:
                run.fail("close on request", f"closed by {by}", f"{invoice}\n{closed}\n{again}")
        self.move("the end of the grace", end + GRACE)
        self.settle("the end of the grace", failing=("bounded",))

    def come_late(self):
        run = self.run
        billed = next(made for subscription, _, made in self.sent if subscription == "main")
        run.read("what was billed", f"/v1/subscriptions/main/usages/{billed['id']}")
        for price in ["minutes", "held", "calls"]:
            late = self.use(f"late usage of {price}", "main", self.usage(price, self.start, self.first_end))
            run.delete(f"late usage of {price} deleted", f"/v1/subscriptions/main/usages/{late['id']}")
            run.delete(f"late usage of {price} deleted, again", f"/v1/subscriptions/main/usages/{late['id']}")
            more = self.usage(price, self.start, self.first_end, id=f"late-{price}")
            self.use(f"more late usage of {price}", "main", more)

    def unstick(self):
        """What could not be closed is listed by both with its reason, and closed once the cause is gone."""
        run = self.run
        stuck = run.read_all("stuck", "/v1/stuck", 10)
        if [one["subscription_id"] for one in stuck] != ["bounded"]:
            run.fail("stuck", "GET /v1/stuck", f"bounded is not what is stuck: {stuck}")
        run.read("an invoice without a price", "/v1/invoices?subscription_id=bounded")
        run.patch("a stuck subscription's grace", "/v1/subscriptions/bounded", {"grace_seconds": 60})
        run.delete("what has no price", f"/v1/subscriptions/bounded/usages/{self.too_much['id']}")
        self.move("where it stands, for the messages", self.clock)
        self.settle("what was stuck")
        if run.read("stuck no more", "/v1/stuck")["list"]:
            run.fail("stuck no more", "GET /v1/stuck", "something is stuck still")

    def use_second_month(self):
        run, begin = self.run, self.clock
        self.move("the second month", self.clock + timedelta(days=12))
        self.settle("the second month")
        for price in ["minutes", "held", "users", "shares", "storage", "stairs"]:
            self.use(f"usage of {price} in the second month", "main", self.usage(price, begin, self.clock))
        run.post("cancel main with its period", "/v1/subscriptions/main/schedule-cancel", expect=200)
        run.post("cancel main with its period, again", "/v1/subscriptions/main/schedule-cancel", expect=200)
        run.post("cancel limited now", "/v1/subscriptions/limited/cancel", expect=200)
        run.post("cancel limited now, again", "/v1/subscriptions/limited/cancel", expect=200)
        self.move("a moment later", self.clock + timedelta(minutes=1))
        begin = self.clock - timedelta(seconds=150)
        self.use("usage after the end", "limited", self.usage("minutes", begin, self.clock))
        run.read_by_all = False
        self.read_subscription("main", "in the second month")
        self.read_subscription("limited", "in the second month")
        run.read_by_all = True

    def close_second_month(self):
        end = self.period_end("main")
        self.move("the end of the second month", end)
        self.run.lose_messages()
        self.run.tick("the end of the second month: what is due")
        self.settle("the end of the second month")
        self.move("the end of the second grace", end + GRACE)
        self.settle("the end of the second grace")

    def end_subscriptions(self):
        run = self.run
        for name in ["bounded", "moved"]:
            run.post(f"cancel {name}", f"/v1/subscriptions/{name}/cancel", expect=200)
        run.post("activate what is over", "/v1/subscriptions/main/activate", expect=409)
        self.move("the end", self.clock + timedelta(days=3))
        self.settle("the end")

    # Reads.

    def read_everything(self, when, by_all=True):
        run = self.run
        run.read_by_all = by_all
        run.read(f"site {when}", f"/v1/sites/{run.site}")
        for path in ["customers", "features", "items", "item-prices"]:
            run.read_all(f"{path} {when}", f"/v1/{path}", 8)
        run.read_all(f"invoices of globex {when}", "/v1/invoices?customer_id=globex", 2)
        run.read_all(f"invoices to pay {when}", "/v1/invoices?status=payment_due", 4)
        run.read_all(f"subscriptions of acme {when}", "/v1/subscriptions?customer_id=acme", 2)
        run.read(f"stuck {when}", "/v1/stuck")
        for subscription in ["main", "limited", "bounded", "moved"] if by_all else ["main", "limited"]:
            self.read_subscription(subscription, when)
        run.read_by_all = True

    def read_subscription(self, name, when):
        run, path = self.run, f"/v1/subscriptions/{name}"
        run.read(f"{name} {when}", path)
        for period in range(3 if name == "main" else 2):
            # Where there is no such period yet, or its usage has no price, all say so.
            label = f"charges of {name} for period {period} {when}"
            run.read(label, f"{path}/usage-charges?period={period}", expect=(200, 404, 422))
        run.read_all(f"usages of {name} {when}", f"{path}/usages", 100)
        newest = run.read(f"newest usages of {name} {when}", f"{path}/usages?sort=desc&limit=1")["list"]
        for usage in newest:
            run.read(f"usage {usage['id']} of {name} {when}", f"{path}/usages/{usage['id']}")
        for invoice in run.read_all(f"invoices of {name} {when}", f"/v1/invoices?subscription_id={name}", 5):
            if when == "at the end":
                run.read(f"invoice {invoice['id']} {when}", f"/v1/invoices/{invoice['id']}")
                run.read_all(f"usages of {invoice['id']} {when}", f"{path}/usages?invoice_id={invoice['id']}", 100)


def entry(subscription, price):
    return {"id": f"{subscription}.{price}", "item_price_id": price}


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'
