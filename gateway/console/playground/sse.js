// Server-sent events, from text as it arrives in pieces.

export class Events {
  #rest = "";

  // The data of every event that is complete by now, as `{type, data}`.
  feed(text) {
    const blocks = (this.#rest + text).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop();
    return blocks.map(read).filter((event) => event.data !== "");
  }
}

function read(block) {
  const event = { type: "message", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") event.type = value;
    if (name === "data") event.data += event.data ? `\n${value}` : value;
  }
  return event;
}
