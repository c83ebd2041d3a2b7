"""Users of a service, as a process of their own: `python -m benchmarks.clients PORT CLIENTS RATE`.

Half of them keep their connection, half make a new one for each request. They ask until standard input ends, then print
a line of JSON: for each request when it was sent (time.perf_counter, which processes of one machine share), how many
seconds its answer took, and the version that answered, or why it was lost. No request is tried again.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time

Request = tuple[float, float, str, str]  # sent, seconds, version, why it was lost


class Client(threading.Thread):
    """One user, who sends `rate` requests a second."""

    def __init__(self, port: int, rate: float, begin: float, over: threading.Event, *, keeps: bool) -> None:
        super().__init__()
        self.port, self.rate, self.begin, self.over, self.keeps = port, rate, begin, over, keeps
        self.requests: list[Request] = []
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        """Ask by the clock; an answer that takes longer than the pause delays the next request."""
        due = self.begin
        while not self.over.wait(max(0.0, due - time.perf_counter())):
            self.requests.append(self.ask())
            due = max(due + 1 / self.rate, time.perf_counter())
        self.close()

    def ask(self) -> Request:
        """One request, connecting included where the connection is not kept."""
        sent, version, lost = time.perf_counter(), "", ""
        try:
            self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            self.connection.request("GET", "/version")
            response = self.connection.getresponse()
            version = response.read().decode()
            if not 200 <= response.status < 300:
                lost = f"status {response.status}"
        except (OSError, http.client.HTTPException) as error:
            lost = f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - sent
        if lost or not self.keeps:
            self.close()
        return sent, seconds, version, lost

    def close(self) -> None:
        """Close the connection."""
        if self.connection:
            self.connection.close()
        self.connection = None


def main(port: int, clients: int, rate: float) -> None:
    """Ask until standard input ends, and print all requests."""
    over, now = threading.Event(), time.perf_counter()
    users = [
        Client(port, rate, now + number / (rate * clients), over, keeps=number % 2 == 0) for number in range(clients)
    ]
    for user in users:
        user.start()
    sys.stdin.read()
    over.set()
    for user in users:
        user.join()
    print(json.dumps([request for user in users for request in user.requests]))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
