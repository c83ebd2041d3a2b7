"""The edge of a service: one HAProxy container that owns the published port and shares the requests out."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import APIError, NotFound
from docker.utils import create_archive

from ...errors import DockyardError
from ...say import say
from ...signals import uninterrupted
from . import containers, dial, edge_image, faults, haproxy, names, network, stat
from .channel import Channel, Silent
from .front import Front, parse
from .inventory import Box, Inventory
from .routing import Routing
from .stat import Stat

if TYPE_CHECKING:
    from ...environment.settings import Environment

PATIENCE = 10.0  # seconds for HAProxy itself to start or reload
LEAVING = 0.05  # seconds for a process that a reload replaces to let go of HAProxy's socket
LINGER = 2.0  # seconds for connections of a server to end once they were shut down
CONFLICT = 409  # what the engine answers about a container that does not run
BATCH = 50  # commands at once; HAProxy reads 16 KiB


class Edge:
    """Talks to one service's edge."""

    def __init__(
        self, client: docker.DockerClient, environment: Environment, front: Front, channel: Channel | None = None
    ) -> None:
        self.client = client
        self.environment = environment
        self.front = front
        self.service = environment.service
        self.name = names.edge(environment.service)
        self.channel = channel or Channel(client, self.name)

    # Looking

    def look(self, inventory: Inventory) -> Stat:
        """What HAProxy does now: from itself, or the routing of its files while it is stopped."""
        if inventory.edge is None:
            return Stat()
        if not inventory.edge.running:
            kept = self.read_files()
            return Stat(haproxy.stored(kept.get("haproxy.cfg", ""), kept.get("tags.map", "")))
        return self._ask()

    def _ask(self) -> Stat:
        asked = ["show stat", f"show map {haproxy.MAP}"]
        answers = self.channel.ask(asked)
        if stat.leaving(answers[0]):
            time.sleep(LEAVING)
            answers = self.channel.ask(asked)
        return stat.parse(*answers)

    def send(self, address: str, request: dial.Request, timeout: float) -> dial.Answer:
        """Send an HTTP request to a container behind the edge, started where it was killed. Raises NoAnswer."""
        try:
            return dial.send(self.channel, address, request, timeout)
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
        self._start_anew()
        return dial.send(self.channel, address, request, timeout)

    # Being there

    def ensure(self, inventory: Inventory) -> Routing:
        """Have the edge run, own the published port and have this version's configuration; what it does then.

        Raises DockyardError, with everything as before, if the port is in use.
        """
        subnet = network.ensure(self.client, self.service)
        box = inventory.edge
        if box is None:
            self._create(subnet, self.front)
        elif box.front != self.front.published:
            self._move(subnet, box)
        elif not box.running:
            self._start(box.id)
        return self._current_form()

    def awake(self, inventory: Inventory) -> Routing:
        """Have the edge run, as it is; what it does then."""
        if inventory.edge is None:
            return self.ensure(inventory)
        if not inventory.edge.running:
            self._start(inventory.edge.id)
        return self._ask().routing

    def _create(self, subnet: str, front: Front) -> None:
        image = edge_image.ensure(self.client, self.environment)
        labels = {names.LABEL: self.service, names.ROLE: "edge"}
        self.client.api.create_volume(names.edge_volume(self.service), labels=labels)
        address = network.edge_address(subnet)
        config = containers.edge(self.service, image, address, front.interface, front.port)
        api: Any = self.client.api
        made = api.create_container_from_config(config, self.name)
        try:
            self._start(made["Id"])
        except BaseException:
            self.client.api.remove_container(made["Id"], force=True)
            raise

    def _move(self, subnet: str, box: Box) -> None:
        """Own another port: the configuration stays in its volume, so the same traffic comes back there.

        Whatever goes wrong, Ctrl-C too, the edge is back at its port before that is raised.
        """
        say(f"Moving the edge from {box.front} to {self.front.published}.")
        edge_image.ensure(self.client, self.environment)
        try:
            self.client.api.stop(box.id, timeout=1)
            self.client.api.remove_container(box.id, force=True)
            self._create(subnet, self.front)
        except BaseException:
            with uninterrupted():
                self._clear()
                self._create(subnet, parse(box.front, self.front.timeout))
            raise

    def _clear(self) -> None:
        """Have no container of this name, even where the engine is in the middle of making or removing one."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.client.api.remove_container(self.name, force=True)
            except NotFound:
                return
            except APIError:  # "removal is already in progress"
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _start(self, container: str) -> None:
        if "haproxy.cfg" not in self.read_files():
            self.write_files(Routing())
        with faults.told():
            network.start(self.client, self.service, container, network.edge_address)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.channel.ask(["show version"])
                return
            except (APIError, Silent) as error:
                state = self.client.api.inspect_container(container)["State"]
                if not state["Running"] or time.monotonic() > deadline:
                    said = self.client.api.logs(container, tail=5).decode(errors="replace").strip()
                    raise DockyardError(f"The edge {self.name} did not start: {said or error}.") from error
                time.sleep(0.02)

    def _start_anew(self) -> None:
        """Start an edge that was killed; by now the engine may have started it, with the files of before."""
        say(f"The edge {self.name} does not run any more; starting it.")
        self.client.api.restart(self.name, timeout=0)
        self._start(self.name)

    def _current_form(self) -> Routing:
        """Load this version's configuration, without losing a request, where the process has another one."""
        wanted = haproxy.form(self.service, self.front.timeout)
        now = self._ask()
        if now.form == wanted:
            return now.routing
        self.write_files(now.routing)
        self.client.api.kill(self.name, signal="SIGUSR2")
        deadline = time.monotonic() + PATIENCE
        while now.form != wanted:
            if time.monotonic() > deadline:
                said = self.client.api.logs(self.name, tail=5).decode(errors="replace").strip()
                raise DockyardError(f"The edge {self.name} did not take its new configuration: {said}.")
            time.sleep(LEAVING)
            with suppress(Silent):
                now = self._ask()
        time.sleep(LEAVING)
        return now.routing

    def remove(self) -> None:
        """Take the edge and its configuration away, which frees the port; a container that is not ours stays."""
        with suppress(NotFound):
            labels = self.client.api.inspect_container(self.name)["Config"]["Labels"] or {}
            if labels.get(names.LABEL) == self.service:
                self.client.api.remove_container(self.name, force=True)
        with suppress(NotFound):
            self.client.api.remove_volume(names.edge_volume(self.service), force=True)

    # Changing

    def change(self, before: Routing, after: Routing) -> None:
        """Go from one routing to another without losing a request, in the files and in the process.

        An edge that was killed is started with the files.
        """
        try:
            self.write_files(after)
        finally:  # where the disk is full, too, traffic must be given back
            try:
                self._carry_out(haproxy.commands(before, after))
            except APIError as error:
                if error.status_code != CONFLICT:
                    raise
                self._start_anew()

    def _carry_out(self, commands: Sequence[str]) -> None:
        left = list(commands)
        deadline = time.monotonic() + LINGER
        while left:
            said = {each: haproxy.refusal(each, answer) for each, answer in zip(left, self.tell(left), strict=True)}
            left = [command for command, refusal in said.items() if refusal and command.startswith("del server")]
            wrong = [f"`{command}`: {refusal}" for command, refusal in said.items() if refusal and command not in left]
            if wrong:
                raise DockyardError(f"The edge {self.name} refused {wrong[0]}")
            if left and time.monotonic() > deadline:
                return  # it stays in maintenance, with the connections that it still has
            time.sleep(0.02 if left else 0)

    def tell(self, commands: Sequence[str]) -> list[str]:
        """Give commands; the answer to each."""
        parts = [commands[at : at + BATCH] for at in range(0, len(commands), BATCH)]
        return [answer for part in parts for answer in self.channel.ask(part)]

    # Files

    def write_files(self, routing: Routing) -> None:
        """Put the configuration into the edge's volume: from inside, or by the engine where that cannot be done."""
        files = haproxy.files(self.service, self.front.timeout, routing)
        try:
            self.channel.write(files)
        except (APIError, ConnectionError, TimeoutError):  # it stands still, or has no space for another copy
            archive = create_archive(".", [], io.BytesIO(), extra_files=list(files.items()))
            self.client.api.put_archive(self.name, haproxy.FOLDER, archive)

    def read_files(self) -> dict[str, str]:
        """The configuration in the edge's volume."""
        stream, _ = self.client.api.get_archive(self.name, haproxy.FOLDER)
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            files = {member.name.rpartition("/")[2]: tar.extractfile(member) for member in tar if member.isfile()}
            return {name: file.read().decode() for name, file in files.items() if file}
