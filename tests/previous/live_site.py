"""A live site: its functions remember pages and subscriptions for a minute, while the other version writes them too."""

from datetime import datetime, timedelta, timezone

from round import ROOT_KEY
from scenario import MONTH, text

USAGES = 120


def use(run):
    """Records, replays and deletes usage by both versions in turn, and reads it by both; the time is the real one."""
    run.post("live site", "/v1/sites", {"id": run.site}, key=ROOT_KEY)
    run.post("live key", "/v1/api-keys", {"site_id": run.site, "scopes": ["admin"], "key": run.key}, key=ROOT_KEY)
    run.post("live customer", "/v1/customers", {"id": "acme", "name": "Acme"})
    run.post("live item", "/v1/items", {"id": "calls", "name": "Calls", "type": "plan"})
    price = {"model": "per_unit", "unit_amount": "0.01"}
    new = {"id": "calls", "item_id": "calls", "currency_code": "USD", "period": MONTH, "metered": True, "price": price}
    run.post("live price", "/v1/item-prices", new)
    # An hour ago, so that no period of it ends meanwhile.
    start = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1)
    items = [{"id": "calls", "item_price_id": "calls"}]
    new = {"id": "live", "customer_id": "acme", "start_date": text(start), "items": items}
    run.post("live subscription", "/v1/subscriptions", new)
    path, total = "/v1/subscriptions/live/usages", 0
    for at in range(USAGES):
        # Mostly forward, as usage comes, and now and then far behind, on a page that others may have cut.
        milliseconds = at * 20_000 if at % 5 else run.random.randrange(3_000_000)
        date = text(start + timedelta(milliseconds=milliseconds + at))
        usage = {"item_price_id": "calls", "usage_date": date, "quantity": "1", "id": f"call-{at}", "note": "n" * 80}
        by = run.turn()
        made = run.post(f"live usage {at}", path, usage, by=by)
        total += 1
        if at % 4 == 0:
            run.post(f"live usage {at}, again", path, usage, by=run.other(by), expect=200)
        if at % 7 == 0:
            named = f"{path}/{usage['id']}?item_price_id=calls&usage_date={date}"
            match = {"if-match": str(made["resource_version"])}
            run.delete(f"live usage {at} deleted", named, by=run.other(by), headers=match)
            run.post(f"live usage {at} replayed once deleted", path, usage, by=by, expect=409)
            total -= 1
        if at % 11 == 0:
            other = {**usage, "quantity": "2"}
            if at % 7:
                run.post(f"live usage {at}, other content", path, other, by=run.other(by), expect=409)
            else:
                run.post(f"live usage {at} corrected", path, {**usage, "quantity": "1.0", "note": "right"}, by=by)
                total += 1
        if at % 40 == 39:
            [charge] = run.read(f"live charges after {at}", "/v1/subscriptions/live/usage-charges")["list"]
            if (charge["total_usage"], charge["usage_count"]) != (str(total), total):
                run.fail("live charges", "GET usage-charges", f"{total} usages are charged as {charge}")
    dates = [text(start + timedelta(seconds=at)) for at in range(80)]
    usage = {"item_price_id": "calls", "quantity": "1"}
    together = [{**usage, "usage_date": date, "id": f"both-{at}"} for at, date in enumerate(dates)]
    run.at_once("a live batch to both at once", path, together)
    listed = run.read_all("live usages", path, 100)
    if len(listed) != total + len(together):
        run.fail("live usages", f"GET {path}", f"{len(listed)} are listed of {total + len(together)}")
    run.post("live subscription cancelled", "/v1/subscriptions/live/cancel", expect=200)
