"""Where one room of the house ends and the next begins, for a request to `/v1/run`: the table that `tracing.py` goes by.

When the house changes, this is the table to mend: a boundary that is not there any more is said in the table's note.
A name is `module:attribute` or `module:Class.method`; of a function, the module that calls it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Boundary:
    """What is timed for a room. `whole`: all that it calls is this room's too, and is not looked at by itself."""

    room: str
    name: str
    whole: bool = False


FIRST = "host_api.http.connections:Connection.data_received"
"""Its first call of a request is where the request begins."""
LAST = "host_api.http.exchanges:Exchanges._ended"
"""Its end is where the answer has been written. Guests are buried after it, in the next turn of the loop."""
BETWEEN = "HTTP: the library's tasks and the event loop"
"""What lies between the two, and in no boundary."""

BOUNDARIES = (
    Boundary("HTTP: parsing", FIRST),
    Boundary("HTTP: routing", "aiohttp.web_urldispatcher:UrlDispatcher.resolve"),
    Boundary("HTTP: routing", "host_api.http.direct:Direct.answer"),
    Boundary("HTTP: guard, gate, handler", "host_api.http.guard:Guard.around"),
    Boundary("HTTP: the body's arguments", "host_api.http.incoming:arrived"),
    Boundary("HTTP: the body's arguments", "host_api.http.json_text:only_array"),
    Boundary("requester: token, scope, rate", "host_api.http.app:admit"),
    Boundary("store: the val is read", "host_api.store.store:Store.generation"),
    Boundary("evaluating: chain, bounds, frame", "host_api.evaluating.evaluator:Evaluator.evaluate"),
    Boundary("evaluating: chain, bounds, frame", "host_api.evaluating.runner:Runner.run"),
    Boundary("images and compiler: the code is looked up", "host_api.images.images:Images.of"),
    Boundary("images and compiler: the code is looked up", "host_api.compiler.compiler:Compiler.compile"),
    Boundary("record: begun", "host_api.evaluating.recorded:Recorded.__init__"),
    Boundary("guest: birth", "kernel.evaluation:Evaluation._guest", whole=True),
    Boundary("guest: runs", "kernel.fiber:Fiber.step"),
    Boundary("kernel: messages, turns, budget", "kernel.evaluation:Evaluation.run"),
    Boundary("membrane: host calls", "kernel.membrane:host_call"),
    Boundary("guest: death", "kernel.evaluation:Evaluation._close", whole=True),
    Boundary("record: made and queued", "host_api.evaluating.recorded:Recorded.texts_now"),
    Boundary("record: made and queued", "host_api.evaluating.recorded:Recorded.complete"),
    Boundary("log: one line", "host_api.logs:say"),
    Boundary("HTTP: the answer is made", "host_api.http.answering:HttpDoor.finish"),
    Boundary("HTTP: the answer is made", "host_api.http.answers:Told.whole"),
    Boundary("HTTP: the answer is written", "host_api.http.outbox:Outbox.put"),
    Boundary("HTTP: one exchange", LAST),
)
