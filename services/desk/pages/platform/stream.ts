/** Server-sent events, asked for with the person's token, which the browser's own EventSource cannot send. */
import { authorization } from "./sign-in.ts";

/** What is broken off is begun again after so long, milliseconds. */
const AGAIN_MS = 2_000;

/** @returns what ends it. @param isOpen told whether events arrive at the moment */
export function listen(path: string, onEvent: () => void, isOpen: (open: boolean) => void): () => void {
  const end = new AbortController();
  let last = "";
  const follow = async () => {
    const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }), ...(await authorization()) };
    const response = await fetch(path, { headers, signal: end.signal });
    if (!response.ok || !response.body) return response.status === 404 || response.status === 403; // there is no stream here
    isOpen(true);
    let rest = "";
    for await (const piece of response.body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
      const events = (rest + piece).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        last = /^id: ?(.*)$/m.exec(event)?.[1] ?? last;
        if (/^data:/m.test(event)) onEvent();
      }
    }
    return false;
  };
  const run = async () => {
    while (!end.signal.aborted) {
      const isGone = await follow().catch(() => false);
      isOpen(false);
      if (isGone) return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  run();
  return () => end.abort();
}
