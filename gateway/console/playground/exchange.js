// Sends a request through the service and reads what it tells of it, line by line.

// Calls `tell(event)` for each event; ends when the answer does. Raises what went wrong.
export async function exchange(url, token, order, signal, tell) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(order),
    signal,
  });
  if (!answer.ok || answer.redirected) throw new Error(await why(answer));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) tell(JSON.parse(line));
  }
}

async function why(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return answer.redirected || answer.status === 403
      ? gettext("You are logged out. Reload the page to log in again.")
      : interpolate(gettext("The service answered %s."), [answer.status]);
  }
}
