"""What the stand-in's JRubies do, as Puppet Server's jruby-metrics tells it.

A Peer's `metrics` is one of these functions: given the name of the service
asked for, with its query, it returns status, content type and body of the
answer; None: it never answers.
"""

import json
import threading

from waiting import DEADLINE

JSON = "application/json"
SERVICES = "/status/v1/services/"
DEBUG = "?level=debug"  # without it there are no figures


def asked_for(request_line):
    """The service, or None where something else is asked for."""
    target = request_line.split(" ")[1]
    return target[len(SERVICES):] if target.startswith(SERVICES) else None


def figures(jrubies=1, borrowed=0, waiting=0, borrow_count=1, free=None,
            service="jruby-metrics", waited_ms=121, limit_hits=0,
            lock=":not-in-use"):
    """On Puppet Enterprise the service is pe-jruby-metrics.

    `waited_ms` is how long those who wait have done so, and `limit_hits` how
    many were sent away since the server's start.
    """
    metrics = {
        "num-jrubies": jrubies,
        "num-free-jrubies": jrubies - borrowed if free is None else free,
        "borrowed-instances": [instance(n) for n in range(borrowed)],
        "requested-instances": [instance(n, waited_ms)
                                for n in range(waiting)],
        "borrow-count": borrow_count,
        "return-count": borrow_count - borrowed,
        "requested-count": borrow_count + waiting,
        "borrow-retry-count": 0,
        "borrow-timeout-count": 0,
        "num-pool-locks": 0,
        "queue-limit-hit-count": limit_hits,
        "queue-limit-hit-rate": 0.0,
        "average-borrow-time": 94,
        "average-free-jrubies": 0.9999999999999999,
        "average-lock-held-time": 0,
        "average-lock-wait-time": 0,
        "average-requested-jrubies": 0.0,
        "average-wait-time": 0,
        "borrow-timers": {
            "total": {"count": borrow_count, "mean": 94, "max": 94,
                      "rate": 0.0027982224558022787}},
    }
    body = json.dumps({
        "service_version": "7.9.5", "service_status_version": 1,
        "detail_level": "debug", "state": "running",
        "status": {"experimental": {
            "jruby-pool-lock-status": {
                "current-state": lock,
                "last-change-time": "2026-11-22T21:22:31.357Z"},
            "metrics": metrics}},
        "active_alerts": [], "service_name": service,
    }, separators=(",", ":")).encode()

    def answer(asked):
        if asked != service + DEBUG:
            return missing(asked)
        return "200 OK", JSON, body
    return answer


def instance(n, age_ms=121):
    """A JRuby that is lent, or a request for one."""
    request = {"uri": "/puppet/v3/catalog/agent%d.test" % n,
               "request-method": "get", "route-id": "puppet-v3-catalog-/*/"}
    return {"time": 1795382937258 + n, "reason": {"request": request},
            "duration-millis": age_ms}


def missing(asked):
    """404, as where there is no such service."""
    body = {"kind": "service-not-found",
            "msg": "No status information found for service "
                   + asked.partition("?")[0]}
    return "404 Not Found", JSON, json.dumps(body).encode()


def forbidden(asked):
    """403, as an auth.conf that allows the simple page only."""
    return ("403 Forbidden", "text/plain", b"Forbidden request: %s%s (method "
            b":get). Please see the server logs for details."
            % (SERVICES.encode(), asked.encode()))


def silent(asked):
    """Nothing, as long as it is waited for."""
    del asked


class Stepwise:
    """The figures of `metrics`, but each answer waits until step() lets it go.

    Leaving it lets all go: the peer's threads must end.
    """

    def __init__(self, metrics):
        self.metrics = metrics
        self.came = self.let = 0
        self.changed = threading.Condition()

    def __call__(self, asked):
        with self.changed:
            self.came += 1
            mine = self.came
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.let >= mine, DEADLINE)
        return self.metrics(asked)

    def step(self, probes=1):
        """So many probes more, and usherd has drawn its conclusions: it asks
        again.
        """
        for _ in range(probes):
            self.wait_asked()
            with self.changed:
                self.let += 1
                self.changed.notify_all()
        self.wait_asked()

    def wait_asked(self):
        with self.changed:
            assert self.changed.wait_for(lambda: self.came > self.let,
                                         DEADLINE), "nobody asks"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with self.changed:
            self.let = float("inf")
            self.changed.notify_all()
