"""A replica of a service."""
import http.client
import json

from process import Process


class Replica(Process):
    def __init__(self, node, name, address, shape, *, admin, program, settings):
        super().__init__(node, name, address, shape.grace_seconds)
        self.admin = admin
        self.program = program
        self.settings = settings

    def spawn(self):
        return self.node.spawn([str(self.program)], self.node.environment(f"critac-{self.name}", **self.settings),
                               self.node.folder, self.log)

    def probe(self):
        connection = http.client.HTTPConnection(*self.admin, timeout=2)
        try:
            connection.request("GET", "/readyz")
            answer = json.load(connection.getresponse())
        except http.client.HTTPException as error:
            return f"/readyz does not answer: {error}"
        finally:
            connection.close()
        if answer["ready"]:
            return None
        return "; ".join(service.get("reason", "ready") for service in answer["services"])
