"""A client that keeps what is sent and answers what it is told to, and a notebook as the daemon would see it."""

from typing import Any


class Recorder:
    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}
        self.cells: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}

    def notify(self, method: str, params: dict[str, Any]) -> None:
        self.sent.append((method, params))
        if method == "notebookDocument/didOpen":
            self.cells = list(params["notebookDocument"]["cells"])
            self.texts = {one["uri"]: one["text"] for one in params["cellTextDocuments"]}
        elif method == "notebookDocument/didChange":
            self._change(params["change"]["cells"])

    async def request(self, method: str, params: dict[str, Any]) -> Any:
        self.sent.append((method, params))
        return self.answers[method]

    @property
    def shown(self) -> list[str]:
        """The texts of the cells, in the order that the messages say."""
        return [self.texts[cell["document"]] for cell in self.cells]

    def _change(self, cells: dict[str, Any]) -> None:
        if structure := cells.get("structure"):
            array = structure["array"]
            self.cells[array["start"] : array["start"] + array["deleteCount"]] = array["cells"]
            self.texts |= {one["uri"]: one["text"] for one in structure["didOpen"]}
            for one in structure["didClose"]:
                del self.texts[one["uri"]]
        for content in cells.get("textContent", ()):
            self.texts[content["document"]["uri"]] = content["changes"][0]["text"]
        for data in cells.get("data", ()):
            at = next(n for n, cell in enumerate(self.cells) if cell["document"] == data["document"])
            self.cells[at] = data
